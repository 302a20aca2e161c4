"""Median filter (Tukey, 1977)."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter


def median(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """The median of 3 x 3 pixels of a picture `(H, W)` or `(H, W, 3)`; sigma in its unit."""
    return median_filter(image, (3, 3, 1)[: image.ndim])
