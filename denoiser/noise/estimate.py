"""Estimation of the noise level of a picture of any size and bit depth."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from denoiser.noise.levels import GREY_LEVELS

BLOCK, BLOCKS_PER_SIDE = 256, 4
"""Side in pixels and number per side of the evenly spaced blocks that stand for a picture above 1024x1024 pixels."""
SMALLEST = 5
"""Smallest side in pixels that has a wavelet coefficient; smaller pictures are extended by mirroring."""


def noise_level(pixels: NDArray[Any], white: float) -> float:
    """Estimate the noise level of a picture: see `estimate_sigma`; for large pictures the median over some blocks.

    The median ignores blocks of clipped sky and shadow, which have no noise left, and blocks of pure texture. Memory
    and time do not grow with the picture.

    Args:
        pixels: `(H, W)` or `(H, W, 3)` of any type; black is 0.
        white: the value of white.

    Returns:
        Sigma in grey levels, where `white` is 255: the mean over channels.
    """
    height, width = pixels.shape[:2]
    if height * width <= (BLOCK * BLOCKS_PER_SIDE) ** 2:
        return _pixel_sigma(pixels, white)
    blocks = [pixels[rows, columns] for rows in _block_slices(height) for columns in _block_slices(width)]
    return float(np.median([_pixel_sigma(block, white) for block in blocks]))


def _block_slices(side: int) -> list[slice]:
    """Evenly spaced slices of `BLOCK` pixels; fewer where they would overlap."""
    count = min(BLOCKS_PER_SIDE, -(-side // BLOCK))
    return [slice(start, start + BLOCK) for start in np.linspace(0, max(0, side - BLOCK), count).astype(int)]


def _pixel_sigma(pixels: NDArray[Any], white: float) -> float:
    picture = np.atleast_3d(pixels) / np.float32(white)
    short = [(0, max(0, SMALLEST - side)) for side in picture.shape[:2]]
    picture = np.pad(picture, [*short, (0, 0)], mode="symmetric")
    return estimate_sigma(torch.from_numpy(picture).permute(2, 0, 1))


def estimate_sigma(noisy: Tensor) -> float:
    """Estimate the noise level from the finest wavelet coefficients (Donoho and Johnstone, 1994).

    The estimate is too high where there is fine texture, and too low where the noise was clipped.

    Args:
        noisy: float `(C, H, W)`, nominally in [0, 1], at least 5x5 pixels.

    Returns:
        The mean over the channels in grey levels of 255; a constant channel counts as 0.
    """
    from skimage.restoration import estimate_sigma as channel_sigma

    channels = noisy.detach().cpu().double().numpy()
    # A constant channel has no coefficient to take the median of: NumPy warns and returns NaN.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        sigmas = np.nan_to_num([channel_sigma(channel) for channel in channels])  # type: ignore[no-untyped-call]
    return float(sigmas.mean()) * GREY_LEVELS
