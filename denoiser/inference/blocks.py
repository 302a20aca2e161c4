"""Some blocks of a picture that stand for all of it, where something is measured."""

from __future__ import annotations

from itertools import product

import numpy as np
from torch import Tensor

from denoiser.inference import arrays
from denoiser.inference.pixels import Pixels

BLOCK, BLOCKS_PER_SIDE = 256, 3
"""Side in pixels and number per side of the evenly spaced blocks that stand for a larger photo."""


def blocks(pixels: Pixels, white: float) -> list[Tensor]:
    """Evenly spaced blocks `(C, h, w)` of a photo, 1.0 = white; a small photo is one block."""
    planes = arrays.view(pixels)
    where = product(_slices(planes.shape[1]), _slices(planes.shape[2]))
    return [planes[:, rows, columns].float() / white for rows, columns in where]


def _slices(side: int) -> list[slice]:
    if side <= BLOCK * BLOCKS_PER_SIDE:
        return [slice(0, side)]
    return [slice(start, start + BLOCK) for start in np.linspace(0, side - BLOCK, BLOCKS_PER_SIDE).astype(int)]
