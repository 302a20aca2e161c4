"""Luma, and chroma that neighbouring pixels share (4:2:0, 4:2:2): from samples to pixels as decoders do it, and back.

libjpeg and libwebp compute the pixels a, b of each pair along a side from its sample and those of its neighbours:

    a = (3 s + s before) / 4        b = (3 s + s after) / 4        borders are repeated

Encoders store means of pixels, so that a picture loses sharpness each time it is opened and saved. The samples here are
those whose pixels come nearest to the given ones, in least squares: of a picture that a decoder has made they are the
stored ones.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
from numpy.typing import NDArray

from denoiser.inference.pixels import Pixels, white_of
from denoiser.metrics.luma import LUMA

GAIN = (2 * (1 - LUMA[2]), 2 * (1 - LUMA[0]))
"""Divisors of B - Y and R - Y that bring Cb and Cr into the range of the luma."""
NEUTRAL = 128 / 255
"""Chroma of grey as a fraction of white (JFIF)."""
REACH = 16
"""Number of samples beyond which another sample has no effect: each one away, it is a third."""


def planes(
    pixels: Pixels, subsampling: tuple[int, int], band: slice
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Luma, and the samples of Cb and Cr (BT.601, JFIF's full range), of a band of rows; rounded, but not clamped.

    Args:
        pixels: uint8 or uint16 `(H, W, 3)`.
        subsampling: rows and columns that share a chroma sample.
        band: the rows; it starts at a multiple of the first of them.

    Returns:
        `(h, W)`, and twice `(ceil(h / rows), ceil(W / columns))`, in the unit of the pixels.
    """
    rows, reach = subsampling[0], REACH * subsampling[0]
    above = min(band.start, reach)
    colours = pixels[band.start - above : band.stop + reach].astype(np.float32)
    luma = np.rint(colours @ np.array(LUMA, np.float32))  # of a decoded picture the stored one
    inside = slice(above // rows, -(-(above + band.stop - band.start) // rows))
    neutral = np.float32(NEUTRAL * white_of(pixels.dtype))
    blue, red = (
        np.rint(samples(np.rint((colours[..., channel] - luma) / np.float32(gain)), subsampling)[inside] + neutral)
        for channel, gain in zip((2, 0), GAIN, strict=True)
    )
    return luma[above : above + band.stop - band.start], blue, red


def samples(pixels: NDArray[np.float32], subsampling: tuple[int, int]) -> NDArray[np.float32]:
    """The samples that come nearest to the chroma of pixels.

    Args:
        pixels: one chroma channel `(H, W)`.
        subsampling: rows and columns that share a sample; sides of more than two are not interpolated by decoders.

    Returns:
        `(ceil(H / rows), ceil(W / columns))`.
    """
    for axis, count in enumerate(subsampling):
        rows = np.moveaxis(pixels, axis, 0)
        pixels = np.moveaxis(_from_pairs(rows) if count == 2 else means(rows, (count, 1)), 0, axis)
    return pixels


def means(pixels: NDArray[np.float32], subsampling: tuple[int, int]) -> NDArray[np.float32]:
    """The means that encoders store; arguments and result as in `samples`."""
    return _reduced(pixels, subsampling, np.add) / np.float32(subsampling[0] * subsampling[1])


def largest(pixels: NDArray[np.float32], subsampling: tuple[int, int]) -> NDArray[np.float32]:
    """The largest value of the pixels of each sample; arguments and result as in `samples`."""
    return _reduced(pixels, subsampling, np.maximum)


def enlarged(stored: NDArray[np.float32], subsampling: tuple[int, int]) -> NDArray[np.float32]:
    """The chroma of the pixels that a decoder makes of samples, without rounding.

    Args:
        stored: samples `(h, w)`.
        subsampling: rows and columns that share a sample.

    Returns:
        `(h * rows, w * columns)`.
    """
    for axis, count in enumerate(subsampling):
        rows = np.moveaxis(stored, axis, 0)
        stored = np.moveaxis(_pairs(rows) if count == 2 else rows.repeat(count, axis=0), 0, axis)
    return stored


def _pairs(stored: NDArray[np.float32]) -> NDArray[np.float32]:
    framed = np.concatenate([stored[:1], stored, stored[-1:]])
    pixels = np.empty((2 * len(stored), *stored.shape[1:]), stored.dtype)
    pixels[::2], pixels[1::2] = (3 * stored + framed[:-2]) / 4, (3 * stored + framed[2:]) / 4
    return pixels


def _from_pairs(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """The solution of the normal equations of `_pairs`, whose matrix has three diagonals; the last b may be missing."""
    from scipy.linalg import solveh_banded

    if len(pixels) <= 2:
        return np.float32(0.5) * (pixels[:1] + pixels[-1:])
    a, b = pixels[::2], pixels[1::2]
    count, missing = len(a), len(a) - len(b)
    if missing:
        b = np.concatenate([b, np.zeros_like(a[:1])])
    right = (3 * (a + b) + np.concatenate([a[:1], b[:-1]]) + np.concatenate([a[1:], b[-1:]])) / 4
    bands = np.full((2, count), 6 / 16, np.float32)
    bands[1] = 20 / 16
    bands[1, 0] += 6 / 16  # the border, repeated
    bands[1, -1] += -10 / 16 if missing else 6 / 16
    solved: NDArray[np.float32] = solveh_banded(bands, right.reshape(count, -1), overwrite_b=True)
    return solved.reshape(right.shape)


def _reduced(pixels: NDArray[np.float32], counts: tuple[int, int], operation: np.ufunc) -> NDArray[np.float32]:
    """An operation on all of `counts` rows and columns each; at the border the last ones are repeated."""
    rows, columns = counts
    padded = np.pad(pixels, [(0, -len(pixels) % rows), (0, -pixels.shape[1] % columns)], mode="edge")
    result: NDArray[np.float32] = reduce(operation, (padded[i::rows, j::columns] for i, j in np.ndindex(counts)))
    return result
