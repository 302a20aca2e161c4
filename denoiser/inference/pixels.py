"""Arrays of pixels: their type, the value of white in them, and strips of their rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Pixels = NDArray[Any]
"""`(H, W)` grey or `(H, W, C)`."""
STRIP = 1 << 20
"""Approximate number of pixels that are copied or converted to floats at a time."""


def strips(height: int, width: int, multiple: int = 1) -> Iterator[slice]:
    """Slices of rows, from top to bottom, of about `STRIP` pixels each, for work whose copies must stay small.

    The number of rows in all except the last is a multiple of `multiple`.
    """
    rows = max(1, STRIP // max(1, width) // multiple) * multiple
    return (slice(top, min(top + rows, height)) for top in range(0, height, rows))


def white_of(dtype: DTypeLike) -> float:
    """The value of white: 255 in uint8, 65535 in uint16, 1.0 in floats."""
    kind = np.dtype(dtype)
    return 1.0 if kind.kind == "f" else float(np.iinfo(kind).max)
