"""Colour photos whose chroma is stored at a lower resolution than their luma, as three grey planes.

JPEG and lossy WebP average the chroma of neighbouring pixels (4:2:0), and their decoders interpolate between these
samples. The noise of such a photo is not independent from pixel to pixel and from channel to channel, unlike the noise
that colour networks learn to remove, so that they keep it. In each of the stored planes it nearly is independent.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from denoiser.inference.pixels import Pixels, strips, white_of
from denoiser.metrics.luma import LUMA

ROWS = 64
"""Number of rows that are compared at a time."""
_GAIN = (2 * (1 - LUMA[2]), 2 * (1 - LUMA[0]))
"""Divisors of B - Y and R - Y that bring Cb and Cr into the range of the luma."""
_NEUTRAL = 128 / 255
"""Chroma of grey as a fraction of white (JFIF)."""


def has_equal_channels(pixels: Pixels) -> bool:
    """Whether pixels `(H, W, 3)` have three equal channels; usually decided in the first rows."""
    if pixels.ndim == 2:
        return False
    bands = (pixels[top : top + ROWS] for top in range(0, len(pixels), ROWS))
    return all((rows[..., 0] == rows[..., i]).all() for rows in bands for i in (1, 2))


def split(pixels: Pixels, subsampling: tuple[int, int]) -> tuple[Pixels, Pixels, Pixels]:
    """Luma, and Cb and Cr as they were stored (BT.601, JFIF's full range), with half of white as neutral.

    Where two pixels share a sample, libjpeg and libwebp compute each from 3/4 of it and 1/4 of its neighbour. That is
    undone: means of the pixels would be smoothed samples, whose noise networks mistake for texture.

    Args:
        pixels: uint8 or uint16 `(H, W, 3)`.
        subsampling: rows and columns that share a chroma sample.

    Returns:
        Three planes of the same type: `(H, W)`, and twice `(ceil(H / rows), ceil(W / columns))`.
    """
    height, width = pixels.shape[:2]
    rows, columns = subsampling
    low = (-(-height // rows), -(-width // columns))
    luma, blue, red = (np.empty(shape, pixels.dtype) for shape in ((height, width), low, low))
    neutral = _NEUTRAL * int(white_of(pixels.dtype))
    for band in strips(height, width, rows):
        above = min(band.start, rows)  # a sample more on either side
        colours = pixels[band.start - above : band.stop + rows].astype(np.float32)
        grey = colours @ np.array(LUMA, np.float32)
        luma[band] = np.rint(grey[above : above + band.stop - band.start])
        target = slice(band.start // rows, -(-band.stop // rows))
        inside = slice(above // rows, above // rows + target.stop - target.start)
        for plane, channel, gain in ((blue, 2, _GAIN[0]), (red, 0, _GAIN[1])):
            samples = _samples(colours[..., channel] - grey, subsampling)[inside] / gain + neutral
            plane[target] = _rounded(samples, pixels.dtype)
    return luma, blue, red


def joined(luma: Pixels, blue: Pixels, red: Pixels, shape: tuple[int, int], band: slice) -> NDArray[np.float32]:
    """A band of rows of the picture from its planes, float32 `(3, h, W)`, 1.0 is white; chroma from `enlarged`."""
    white = np.float32(white_of(luma.dtype))
    y, cb, cr = (plane[band, : shape[1]] / white for plane in (luma, blue, red))
    b, r = y + (cb - _NEUTRAL) * _GAIN[0], y + (cr - _NEUTRAL) * _GAIN[1]
    g = (y - LUMA[0] * r - LUMA[2] * b) / LUMA[1]
    return np.stack([r, g, b]).astype(np.float32)


def enlarged(plane: Pixels, subsampling: tuple[int, int]) -> Pixels:
    """A chroma plane at the resolution of the luma or up to a sample more, by cubic interpolation."""
    size = (plane.shape[1] * subsampling[1], plane.shape[0] * subsampling[0])
    if plane.dtype == np.uint8:
        return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BICUBIC))
    large = Image.fromarray(plane.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    return _rounded(np.asarray(large), plane.dtype)


def _samples(values: NDArray[np.float32], subsampling: tuple[int, int]) -> NDArray[np.float32]:
    """The samples that the chroma of the pixels was interpolated from, along both sides."""
    for axis, count in enumerate(subsampling):
        pixels = np.moveaxis(values, axis, 0)
        values = np.moveaxis(_from_pairs(pixels) if count == 2 else _means(pixels, count), 0, axis)
    return values


def _from_pairs(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sample s of each pair of rows a = (3 s + s before) / 4 and b = (3 s + s after) / 4; borders are repeated."""
    if len(pixels) % 2:
        last = (3 * pixels[-1:] - pixels[-2:-1]) / 2 if len(pixels) > 1 else pixels
        pixels = np.concatenate([pixels, last])
    framed = np.concatenate([pixels[:1], pixels, pixels[-1:]])
    before, a, b, after = framed[:-2:2], framed[1:-1:2], framed[2::2], framed[3::2]
    stored: NDArray[np.float32] = (3 * (a + b) - before - after) / 4
    return stored


def _means(pixels: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Means over `count` rows each; at the border the last row is repeated."""
    padded = np.pad(pixels, [(0, -len(pixels) % count), (0, 0)], mode="edge")
    means: NDArray[np.float32] = padded.reshape(-1, count, padded.shape[1]).mean(axis=1, dtype=np.float32)
    return means


def _rounded(values: NDArray[np.float32], dtype: np.dtype[Any]) -> Pixels:
    return np.clip(np.rint(values), 0, int(white_of(dtype))).astype(dtype)
