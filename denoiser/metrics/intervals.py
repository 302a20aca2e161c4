"""Means over images with 95 % intervals, and differences of two methods on the same images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
RESAMPLES = 10_000
SEED = 0
AT_ONCE = 2**20  # numbers drawn at once, whatever the number of images


class Interval(NamedTuple):
    """A mean and the ends of its interval, in the unit of the values; NaN where too few values tell nothing."""

    mean: float
    low: float
    high: float


def interval(values: Sequence[float] | NDArray[np.float64]) -> Interval:
    """The mean over images and its 95 % interval: the percentile bootstrap (Efron, 1979) with 10,000 resamples.

    It says how far the mean would move with other images of the same kind; the seed is fixed, so that the same values
    give the same interval. Of few images (below about 20) the interval is somewhat too narrow.

    Args:
        values: a score for each image, in any order. Infinite ones (the PSNR of identical images) are left out; it is
            the caller who counts and shows them.

    Returns:
        NaN for both ends of a single value, and for all three of none or where a value is NaN.
    """
    array = np.asarray(values, np.float64)
    finite = np.sort(array[~np.isinf(array)])  # sorted, since images have no order
    if not len(finite) or np.isnan(finite).any():
        return Interval(math.nan, math.nan, math.nan)
    mean = math.fsum(finite) / len(finite)
    if len(finite) == 1:
        return Interval(mean, math.nan, math.nan)
    low, high = np.quantile(_resampled_means(finite), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(mean, float(low), float(high))


def paired(a: Sequence[float] | NDArray[np.float64], b: Sequence[float] | NDArray[np.float64]) -> Interval:
    """The mean of a - b over images and its 95 % interval, both resampled together, as `interval` does.

    What makes an image easy or hard for both cancels out, so that this is far narrower than the two intervals apart.

    Args:
        a: a score for each image.
        b: another method's, of the same images in the same order. An image for which either is infinite is left out.

    Raises:
        ValueError: the two are not of one length.
    """
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if first.shape != second.shape:
        raise ValueError(f"expected scores of the same images, got {len(first)} and {len(second)}")
    both = ~(np.isinf(first) | np.isinf(second))
    return interval(first[both] - second[both])


def _resampled_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of `RESAMPLES` draws with replacement, each of as many values as there are."""
    generator = np.random.default_rng(SEED)
    rows = max(1, AT_ONCE // len(values))
    sizes = [min(rows, RESAMPLES - start) for start in range(0, RESAMPLES, rows)]
    draws = (generator.integers(len(values), size=(size, len(values)), dtype=np.uint32) for size in sizes)
    return np.concatenate([values[draw].mean(1) for draw in draws])
