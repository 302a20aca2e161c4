"""Soft thresholds of wavelet coefficients, one for each band: BayesShrink (Chang, Yu and Vetterli, 2000)."""

import math
import warnings

import numpy as np
from numpy.typing import NDArray
from skimage.restoration import denoise_wavelet


def denoise(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Shrink the coefficients of symlets with 8 vanishing moments; colour as luma and two chromas.

    4 levels, fewer where a side is below 240 pixels.
    """
    levels = min(max(int(math.log2(min(image.shape[:2]) / 15)), 1), 4)
    options = {"channel_axis": -1, "convert2ycbcr": True} if image.ndim == 3 else {}
    with warnings.catch_warnings():
        # In pictures smaller than the filter every coefficient depends on the border, which is no mistake.
        warnings.filterwarnings("ignore", message="Level value of")
        return denoise_wavelet(image, sigma, "sym8", "soft", levels, rescale_sigma=True, **options)  # type: ignore[no-any-return]
