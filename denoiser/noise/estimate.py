"""The noise level of a picture of any size and depth, from a bounded part of it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from denoiser.noise.levels import GREY_LEVELS

BLOCK, ACROSS = 256, 4
"""Larger pictures are looked at in 4x4 blocks of 256x256 pixels, evenly spread: together as many as 1024x1024."""
SMALLEST = 5
"""Side in pixels below which wavelets find no coefficient; such a picture is mirrored."""


def noise_level(pixels: NDArray[Any], white: float) -> float:
    """The noise level of a picture, see `estimate_sigma`; of large ones the median over spread blocks.

    The median passes over the blocks of sky and shadow that clipping left without noise, and over those of nothing
    but texture. Memory and time do not grow with the picture.

    Args:
        pixels: `(H, W)` or `(H, W, 3)` of any type, 0 is black.
        white: the value of white.

    Returns:
        Sigma in grey levels of 255 (`white` is 255), the mean over channels.
    """
    height, width = pixels.shape[:2]
    if height * width <= (BLOCK * ACROSS) ** 2:
        return _of(pixels, white)
    blocks = [pixels[rows, columns] for rows in _spread(height) for columns in _spread(width)]
    return float(np.median([_of(block, white) for block in blocks]))


def _spread(side: int) -> list[slice]:
    """Equally far apart from the first to the last; fewer where they would lie over one another."""
    count = min(ACROSS, -(-side // BLOCK))
    return [slice(start, start + BLOCK) for start in np.linspace(0, max(0, side - BLOCK), count).astype(int)]


def _of(pixels: NDArray[Any], white: float) -> float:
    picture = np.atleast_3d(pixels) / np.float32(white)
    short = [(0, max(0, SMALLEST - side)) for side in picture.shape[:2]]
    picture = np.pad(picture, [*short, (0, 0)], mode="symmetric")
    return estimate_sigma(torch.from_numpy(picture).permute(2, 0, 1))


def estimate_sigma(noisy: Tensor) -> float:
    """The noise level of a picture from its finest wavelet coefficients (Donoho and Johnstone, 1994).

    Fine texture is taken for noise, and noise that was clipped is estimated too low.

    Args:
        noisy: float (C, H, W), nominally in [0, 1], of at least 5x5 pixels.

    Returns:
        The mean over the channels, in grey levels of 255; a flat channel counts 0.
    """
    from skimage.restoration import estimate_sigma as of_channel

    channels = noisy.detach().cpu().double().numpy()
    # Pictures have borders and grounds without any noise, which leave no coefficient to take the median of.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = np.nan_to_num([of_channel(channel) for channel in channels])  # type: ignore[no-untyped-call]
    return float(found.mean()) * GREY_LEVELS
