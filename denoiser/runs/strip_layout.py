"""How a strip of panels is laid out: the gap between them, and the block to look at closely."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

GAP = 2
"""White pixels between the panels of a strip."""
SIDE = 64
"""Largest side, in pixels, of the block to look at closely."""


def worst_block(error: NDArray[np.floating[Any]], largest: int = SIDE) -> list[int]:
    """Where an error is largest: top, left and side of a square of at most `largest` and half the shorter side.

    Args:
        error: squared, `(H, W)`; NaN counts as 0.
        largest: side in pixels.
    """
    side = max(1, min(largest, *(length // 2 for length in error.shape)))
    sums = np.pad(np.nan_to_num(error.astype(np.float64)), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    blocks = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    top, left = np.unravel_index(blocks.argmax(), blocks.shape)
    return [int(top), int(left), side]
