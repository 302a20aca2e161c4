"""Non-local means (Buades, Coll and Morel, 2005): means over pixels whose patches look alike."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.restoration import denoise_nl_means

from denoiser.noise.levels import GREY_LEVELS


def denoise(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Denoise by non-local means in a search window of 13x13.

    Grey: h = 0.6 sigma, patches of 5x5, above sigma 35 of 7x7. Colour: h = 0.5 sigma, patches of 3x3, above sigma 20
    of 5x5.
    """
    colour = image.ndim == 3
    h, patch, larger_above = (0.5, 3, 20) if colour else (0.6, 5, 35)
    patch += 2 * (sigma * GREY_LEVELS > larger_above)
    options: dict[str, Any] = {"fast_mode": True, "channel_axis": -1 if colour else None}
    return denoise_nl_means(image, patch, 6, h * sigma, sigma=sigma, **options)  # type: ignore[no-any-return]
