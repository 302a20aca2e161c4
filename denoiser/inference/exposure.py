"""The scale of a picture of floats: what most of its values are like, be they 0 to 1 or 0 to 4095.

It is measured once for a picture, so that tiles agree. One hot pixel, or a sun that covers less than half, changes it
little. Importing this module does not import torch.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from denoiser.inference.pixels import Pixels, strips

SAMPLE = 1 << 18
"""Approximate number of pixels, evenly spaced, whose values are sorted."""
FEW = 1 << 14
"""The same where few are enough."""
BRIGHT, BY_MEDIAN = 0.99, 4.0
"""The scale of the bulk: this quantile of all values, but at most so many times their median."""
KNOWN = 30.0
"""Brightness in standard deviations of the noise up to which a network makes bright parts on black no worse.

Measured with `grey` on discs on a dark picture (96x96, 1 picture, seed 0), as the error on the discs in standard
deviations of the noise: discs 10 / 30 / 60 / 300 times as bright as the noise with a radius of 9 pixels 0.5 / 0.7 / 1.0
/ 1.8, with a radius of 5 pixels 0.8 / 1.0 / 1.1 / 2.2.
"""
NORMAL = 0.6745
"""Median size of a standard normal variable."""
BRIGHT_KNOWN = 50.0
"""The same for the median of a bright area that is seen alone, as if it went on beyond its rim."""
LOW, BELOW_NOISE, BELOW_SCALE = 0.03, 4.0, 0.05
"""A picture has values below 0 where this quantile is below it by so many deviations of the noise and so much of the
scale. A sun or hot pixels are fewer."""
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
    if median <= NOMINAL:
        return 1.0
    return quantile if quantile <= BY_MEDIAN * median else min(quantile, max(BY_MEDIAN * median, known(pixels)))


def known(pixels: Pixels) -> float:
    """The brightness up to which a network removes the noise of a picture wherever it is: see `KNOWN`.

    Bright cells on a dark ground are below it, and a sun is far above.

    Args:
        pixels: see `scale`.
    """
    from denoiser.noise.estimate import noise_level

    return KNOWN * noise_level(pixels, white=255.0)  # then grey levels are the unit of the pixels


def noise(pixels: Pixels) -> float:
    """The deviation of the noise where a picture has any, from its finest coefficients; 0 where all of them are 0."""
    one, two, three, four = _squares(pixels, FEW)
    coefficients = np.abs(one - two - three + four) / 2
    coefficients = coefficients[coefficients > 0]
    return float(np.median(coefficients)) / NORMAL if coefficients.size else 0.0


def black(pixels: Pixels, deviation: float) -> float:
    """The value that a network should see as 0: 0, unless a part of the picture is farther below it than noise.

    Of a picture from -1000 to 3000 it is -1000; outliers below that do not count.

    Args:
        pixels: see `scale`.
        deviation: that of the noise.
    """
    if float(pixels.min()) >= 0:
        return 0.0
    every = _every(pixels, FEW)
    values = pixels[every, every].astype(np.float64)
    low, median = np.quantile(values, (LOW, 0.5))
    if low >= -max(BELOW_NOISE * deviation, BELOW_SCALE * scale(pixels)):
        return 0.0
    return float(values.min(where=values >= 2 * low - median, initial=low))


def bright_area(pixels: Pixels, limit: float) -> tuple[float, float]:
    """The share of the pixels beyond a limit, and the brightness of those up to which a network removes their noise.

    That is 0 where their noise is too weak for their brightness, see `BRIGHT_KNOWN`. It is measured as in the finest
    wavelet coefficients, in squares of 2 x 2 pixels that all are beyond the limit.
    """
    squares = _squares(pixels, SAMPLE)
    sizes = np.abs(squares).max(axis=3)
    beyond = (sizes > limit).all(axis=0)
    if not beyond.any():
        return 0.0, 0.0
    one, two, three, four = squares[:, beyond]
    deviation = float(np.median(np.abs(one - two - three + four))) / 2 / NORMAL
    quantile, median = np.quantile(sizes[:, beyond], (BRIGHT, 0.5))
    known, usual = BRIGHT_KNOWN * deviation, np.median(np.abs(squares[:, beyond]))
    even = quantile <= BY_MEDIAN * median  # and not the halo of a sun
    return float(beyond.mean()), max(known, float(quantile)) if even and usual <= known else 0.0


def bulk(pixels: Pixels, alpha: Pixels | None = None) -> float:
    """A value that all except some outliers of a picture are below; they are far above it, and few."""
    return _statistics(pixels, alpha)[0] * BY_MEDIAN


def usual(pixels: Pixels, alpha: Pixels | None = None) -> float:
    """The largest value without outliers, such as hot pixels or the sun; 1 where none is above it.

    Args:
        pixels: see `scale`.
        alpha: see `scale`.
    """
    limit, largest = max(1.0, bulk(pixels, alpha)), 1.0
    for rows in strips(*pixels.shape[:2]):
        seen = pixels[rows] if alpha is None else pixels[rows][alpha[rows] > 0]
        largest = max(largest, float(seen.max(initial=1.0, where=seen <= limit)))
    return largest


def _statistics(pixels: Pixels, alpha: Pixels | None) -> tuple[float, float]:
    """The quantile `BRIGHT` and the median of the sizes of the values of some pixels, without those that are 0."""
    every = _every(pixels, SAMPLE)
    some = pixels[every, every]
    sizes: NDArray[np.floating] = np.abs(some if alpha is None else some[alpha[every, every] > 0], dtype=np.float64)
    sizes = sizes[sizes > 0]
    if not sizes.size:
        return 0.0, 0.0
    quantile, median = np.quantile(sizes, (BRIGHT, 0.5))
    return float(quantile), float(median)


def _every(pixels: Pixels, sample: int) -> slice:
    """Some rows or columns of a picture, evenly spaced, which have about `sample` pixels."""
    return slice(None, None, max(1, math.isqrt(math.prod(pixels.shape[:2]) // sample)))


def _squares(pixels: Pixels, sample: int) -> NDArray[np.float32]:
    """Squares of 2 x 2 pixels, evenly spaced: their pixels `(4, h, w, C)`, about `sample` of each."""
    step = 2 * max(1, math.isqrt(math.prod(pixels.shape[:2]) // (4 * sample)))
    height, width = (side // 2 * 2 for side in pixels.shape[:2])
    corners = [pixels[y:height:step, x:width:step].astype(np.float32) for y in (0, 1) for x in (0, 1)]
    return np.stack([np.atleast_3d(corner) for corner in corners])
