"""Means over images with 95 % confidence intervals, and paired differences of two methods."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
"""Confidence level of the intervals."""
RESAMPLES = 10_000
"""Number of bootstrap resamples."""
SEED = 0
"""Seed of the resamples: the same values have the same interval."""
DRAWS_PER_PASS = 2**20
"""Number of indices drawn at once, which limits memory."""


class Interval(NamedTuple):
    """A mean and the ends of its interval, in the unit of the values; NaN where there are too few values."""

    mean: float
    low: float
    high: float


def interval(values: Sequence[float] | NDArray[np.float64]) -> Interval:
    """The mean over images and its 95 % interval: the percentile bootstrap (Efron, 1979) with 10,000 resamples.

    The interval shows how much the mean would vary with other images of the same kind. For few images, below about 20,
    it is too narrow.

    Args:
        values: a score for each image, in any order. Infinite scores (the PSNR of identical images) are left out; the
            caller counts and reports them.

    Returns:
        The mean and both ends; the ends are NaN for a single value, all three where there is no value or one is NaN.
    """
    array = np.asarray(values, np.float64)
    finite = np.sort(array[~np.isinf(array)])  # sorted, so that the order of the images does not matter
    if not len(finite) or np.isnan(finite).any():
        return Interval(math.nan, math.nan, math.nan)
    mean = math.fsum(finite) / len(finite)
    if len(finite) == 1:
        return Interval(mean, math.nan, math.nan)
    low, high = np.quantile(_resampled_means(finite), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(mean, float(low), float(high))


def paired(a: Sequence[float] | NDArray[np.float64], b: Sequence[float] | NDArray[np.float64]) -> Interval:
    """The mean of `a - b` over images and its 95 % interval, see `interval`.

    Images that are easy or hard for both methods cancel out, so that this interval is far narrower than those of the
    two means.

    Args:
        a: a score for each image.
        b: the scores of another method on the same images in the same order. An image with an infinite score is left
            out.

    Raises:
        ValueError: `a` and `b` have different lengths.
    """
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if first.shape != second.shape:
        raise ValueError(f"expected scores of the same images, got {len(first)} and {len(second)}")
    both = ~(np.isinf(first) | np.isinf(second))
    return interval(first[both] - second[both])


def _resampled_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The means of `RESAMPLES` samples, each drawn with replacement and as large as `values`."""
    generator = np.random.default_rng(SEED)
    rows = max(1, DRAWS_PER_PASS // len(values))
    sizes = [min(rows, RESAMPLES - start) for start in range(0, RESAMPLES, rows)]
    draws = (generator.integers(len(values), size=(size, len(values)), dtype=np.uint32) for size in sizes)
    return np.concatenate([values[draw].mean(1) for draw in draws])
