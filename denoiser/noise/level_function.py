"""How strong the noise of a picture is at each brightness: its noise level function (Liu et al. 2006).

Noise of photons grows with brightness, so that one level does not say what noise can be where. In windows of 8 x 8
pixels the finest diagonal wavelet coefficients hold little but noise (Donoho and Johnstone 1994), and least of the
picture in the windows where they are smallest. Noise that is correlated from pixel to pixel has most of its variance in
coarser coefficients; the flattest windows show how much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, searchsorted, tensor

SIDE, PER_SIDE = 8, 64
"""Side of a window in pixels, and the largest number of windows along a side of the picture, evenly spaced."""
BINS, LEAST = 16, 32
"""Largest number of brightnesses, and smallest number of windows for each."""
SMOOTH, AT_SMOOTH = 0.25, 0.589
"""Quantile of the windows of a brightness by the median size of their coefficients, and that size in white noise of
deviation 1."""
FLAT, MOST = 0.1, 10.0
"""Quantile of the windows by their variance for that of their coefficients, and its largest value that noise can have.
"""


@dataclass(frozen=True)
class NoiseLevelFunction:
    """The variance of noise by brightness, as the mean over the channels.

    Attributes:
        brightness: the size of the largest channel `(n,)`, increasing.
        variance: at these `(n,)`; linear in between, constant beyond.
    """

    brightness: tuple[float, ...]
    variance: tuple[float, ...]

    def at(self, brightness: Tensor) -> Tensor:
        """The variance at a brightness, both of one shape."""
        known, variance = (tensor(each).to(brightness) for each in (self.brightness, self.variance))
        if len(known) == 1:
            return variance.expand_as(brightness)
        right = searchsorted(known, brightness.contiguous()).clamp(1, len(known) - 1)
        step = (known[right] - known[right - 1]).clamp(min=1e-30)
        return variance[right - 1].lerp(variance[right], ((brightness - known[right - 1]) / step).clamp(0, 1))


def measure(pixels: NDArray[np.floating], white: float = 1.0, correlated: bool = True) -> NoiseLevelFunction:
    """Measure the noise of a picture; time and memory do not grow with it.

    Args:
        pixels: `(H, W)` or `(H, W, C)` of any type, with sides of at least `SIDE`.
        white: the value that is 1 in the result.
        correlated: whether the noise can be correlated; else the flattest windows are not looked at.
    """
    windows = _windows(pixels) / white
    sizes = np.abs(np.diff(np.diff(windows, axis=1), axis=2)) / 2
    each = (np.median(sizes, axis=(1, 2)) / AT_SMOOTH) ** 2  # of the windows and channels
    brightness = np.abs(windows.mean(axis=(1, 2))).max(axis=1)
    bins = np.array_split(brightness.argsort(), max(1, min(BINS, len(windows) // LEAST)))
    variance = np.array([np.quantile(each[part], SMOOTH, axis=0).mean() for part in bins])
    if not (seen := variance > 0).any():  # fewer photons than pixels
        variance, seen = np.full(len(bins), np.square(sizes).mean()), np.ones(len(bins), bool)
    factor = _correlation(windows, bins, variance) if correlated and variance.any() else 1.0
    centres = np.array([np.median(brightness[part]) for part in bins])
    return NoiseLevelFunction(tuple(centres[seen].tolist()), tuple((variance[seen] * factor).tolist()))


def _windows(pixels: NDArray[np.floating]) -> NDArray[np.float64]:
    """Windows `(n, SIDE, SIDE, C)`."""
    picture = np.atleast_3d(pixels)
    rows, columns = (side // SIDE for side in picture.shape[:2])
    cut = picture[: rows * SIDE, : columns * SIDE].reshape(rows, SIDE, columns, SIDE, -1)
    some = cut[:: -(-rows // PER_SIDE), :, :: -(-columns // PER_SIDE)].astype(np.float64)
    return some.swapaxes(1, 2).reshape(-1, SIDE, SIDE, picture.shape[2])


def _correlation(windows: NDArray[np.float64], bins: list[NDArray[np.intp]], variance: NDArray[np.float64]) -> float:
    """The variance of noise by that of its finest coefficients, from the flattest windows."""
    at, means = np.arange(SIDE) - (SIDE - 1) / 2, windows.mean(axis=(1, 2))
    slopes = np.einsum("nyxc,y->nc", windows, at), np.einsum("nyxc,x->nc", windows, at)
    of_slopes = (np.square(slopes[0]) + np.square(slopes[1])) / np.square(at).sum() / SIDE
    left = np.square(windows).sum(axis=(1, 2)) - SIDE**2 * np.square(means) - of_slopes
    ratios = [left[part].mean(axis=1) / (SIDE**2 - 3) / of for part, of in zip(bins, variance, strict=True) if of > 0]
    return float(np.clip(np.quantile(np.concatenate(ratios), FLAT), 1, MOST))
