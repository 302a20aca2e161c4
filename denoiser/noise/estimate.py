"""The noise level of a picture of any size and depth, from a bounded part of it."""

from __future__ import annotations

import numpy as np
import torch

from denoiser.data.images.photo import Pixels
from denoiser.evaluation import baselines

BLOCK, ACROSS = 256, 4
"""Larger pictures are looked at in 4x4 blocks of 256x256 pixels, evenly spread: together as many as 1024x1024."""
SMALLEST = 5
"""Side in pixels below which wavelets find no coefficient; such a picture is mirrored."""


def noise_level(pixels: Pixels, white: float) -> float:
    """The noise level of a picture, see `baselines.estimate_sigma`; of large ones the median over spread blocks.

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


def _of(pixels: Pixels, white: float) -> float:
    picture = np.atleast_3d(pixels) / np.float32(white)
    short = [(0, max(0, SMALLEST - side)) for side in picture.shape[:2]]
    picture = np.pad(picture, [*short, (0, 0)], mode="symmetric")
    return baselines.estimate_sigma(torch.from_numpy(picture).permute(2, 0, 1))
