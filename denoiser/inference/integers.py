"""Integers whose type says nothing of black and white, as floats that hold them: white is the largest usual value.

`denoiser denoise` treats such files alike, see `data/images/white.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from denoiser.inference.pixels import Pixels

HELD: dict[np.dtype[Any], np.dtype[Any]] = {
    np.dtype("i1"): np.dtype("f4"),
    np.dtype("i4"): np.dtype("f8"),
    np.dtype("u4"): np.dtype("f8"),
}
"""The type in which pixels of each type are denoised."""
OF_TORCH = (torch.int8, torch.int32, torch.uint32)
"""The same types of torch."""


def counted(dtype: Any) -> bool:
    """Whether a type of numpy or torch is one of these."""
    return dtype in OF_TORCH if isinstance(dtype, torch.dtype) else np.dtype(dtype).newbyteorder("=") in HELD


def rounded(floats: Pixels, dtype: np.dtype[Any]) -> Pixels:
    """Floats as integers: clamped to the range of the type, halves to even.

    >>> rounded(np.array([-1.0, 2.5, 1e10]), np.dtype(np.uint32))
    array([         0,          2, 4294967295], dtype=uint32)
    """
    limits = np.iinfo(dtype)
    return np.rint(floats).clip(limits.min, limits.max).astype(dtype)
