"""The scale of a picture of floats: what most of its values are like, be they 0 to 1 or 0 to 4095.

It is measured once for a picture, so that tiles agree. One hot pixel, or a sun that covers less than half, changes it
little. Importing this module does not import torch.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from denoiser.inference.pixels import Pixels

SAMPLE = 1 << 18
"""Approximate number of pixels, evenly spaced, whose values are sorted."""
BRIGHT, BY_MEDIAN = 0.99, 4.0
"""The scale of the bulk: this quantile of all values, but at most so many times their median."""
NOMINAL = 1.5
"""Largest median of a picture whose white is 1: noise can bring a bright one above 1."""


def scale(pixels: Pixels, alpha: Pixels | None = None) -> float:
    """The brightness up to which the bulk of a picture goes, by size: of values below 0, too; 0 if all are 0.

    Args:
        pixels: `(H, W)` or `(H, W, C)` of any type, finite.
        alpha: `(H, W)`; what is hidden, by an alpha of 0 or less, does not count.
    """
    quantile, median = _statistics(pixels, alpha)
    return min(quantile, BY_MEDIAN * median)


def white(pixels: Pixels, alpha: Pixels | None = None) -> float:
    """The value that a network should see as white in a picture of floats: 1, unless most values are far beyond that.

    >>> picture = np.random.default_rng(0).random((100, 100), np.float32)
    >>> white(picture), round(white(picture * 4095), -2)
    (1.0, 4100.0)
    """
    quantile, median = _statistics(pixels, alpha)
    return 1.0 if median <= NOMINAL else min(quantile, BY_MEDIAN * median)


def bulk(pixels: Pixels, alpha: Pixels | None = None) -> float:
    """A value that all except some outliers of a picture are below; they are far above it, and few."""
    return _statistics(pixels, alpha)[0] * BY_MEDIAN


def _statistics(pixels: Pixels, alpha: Pixels | None) -> tuple[float, float]:
    """The quantile `BRIGHT` and the median of the sizes of the values of some pixels, without those that are 0."""
    step = max(1, math.isqrt(math.prod(pixels.shape[:2]) // SAMPLE))
    some = pixels[::step, ::step]
    sizes: NDArray[np.floating] = np.abs(some if alpha is None else some[alpha[::step, ::step] > 0], dtype=np.float64)
    sizes = sizes[sizes > 0]
    if not sizes.size:
        return 0.0, 0.0
    quantile, median = np.quantile(sizes, (BRIGHT, 0.5))
    return float(quantile), float(median)
