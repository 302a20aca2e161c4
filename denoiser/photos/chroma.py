"""Colour pictures whose chroma is stored at a lower resolution than their luma, as three grey pictures of their own.

JPEG and lossy WebP average the chroma of neighbouring pixels (4:2:0), and their decoders interpolate between these
samples. The noise of such a picture is no longer independent from pixel to pixel and from channel to channel, which is
what networks for colour pictures learn, and they keep it. In each of the stored planes it nearly is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from denoiser.data.images.formats.photo import Pixels, strips
from denoiser.metrics.luma import LUMA

ROWS = 64
"""That are compared together."""
_GAIN = (2 * (1 - LUMA[2]), 2 * (1 - LUMA[0]))
"""What B - Y and R - Y are divided by to be Cb and Cr in the range of the luma."""


def is_grey(pixels: Pixels) -> bool:
    """Whether all three channels `(H, W, 3)` are equal; of most pictures the first rows tell."""
    some = (pixels[top : top + ROWS] for top in range(0, len(pixels), ROWS))
    return all((rows[..., 0] == rows[..., i]).all() for rows in some for i in (1, 2))


def split(pixels: Pixels, factor: tuple[int, int]) -> tuple[Pixels, Pixels, Pixels]:
    """Luma, and Cb and Cr as they were stored (BT.601, JFIF's full range), about half of white.

    Where two pixels share a sample, libjpeg and libwebp make each of 3/4 of it and 1/4 of its neighbour. That is
    undone: means of the pixels would be smoothed samples, whose noise networks take for the picture.

    Args:
        pixels: uint8 or uint16 `(H, W, 3)`.
        factor: rows and columns that share a chroma sample.

    Returns:
        Of the same type `(H, W)`, and twice `(ceil(H / rows), ceil(W / columns))`.
    """
    height, width = pixels.shape[:2]
    rows, columns = factor
    low = (-(-height // rows), -(-width // columns))
    luma, blue, red = (np.empty(shape, pixels.dtype) for shape in ((height, width), low, low))
    middle = 128 / 255 * np.iinfo(pixels.dtype).max
    for band in strips(height, width, rows):
        above = min(band.start, rows)  # a sample more on either side
        colours = pixels[band.start - above : band.stop + rows].astype(np.float32)
        grey = colours @ np.array(LUMA, np.float32)
        luma[band] = np.rint(grey[above : above + band.stop - band.start])
        share = slice(band.start // rows, -(-band.stop // rows))
        own = slice(above // rows, above // rows + share.stop - share.start)
        for plane, channel, gain in ((blue, 2, _GAIN[0]), (red, 0, _GAIN[1])):
            samples = _samples(colours[..., channel] - grey, factor)[own] / gain + middle
            plane[share] = _rounded(samples, pixels.dtype)
    return luma, blue, red


def joined(luma: Pixels, blue: Pixels, red: Pixels, shape: tuple[int, int], band: slice) -> NDArray[np.float32]:
    """Rows of the picture from its planes, float32 `(3, h, W)`, 1.0 is white; chroma as of `enlarged`."""
    white = np.float32(np.iinfo(luma.dtype).max)
    y, cb, cr = (plane[band, : shape[1]] / white for plane in (luma, blue, red))
    b, r = y + (cb - 128 / 255) * _GAIN[0], y + (cr - 128 / 255) * _GAIN[1]
    g = (y - LUMA[0] * r - LUMA[2] * b) / LUMA[1]
    return np.stack([r, g, b]).astype(np.float32)


def enlarged(plane: Pixels, factor: tuple[int, int]) -> Pixels:
    """A chroma plane at the resolution of the luma, at most a sample more, by cubic interpolation."""
    size = (plane.shape[1] * factor[1], plane.shape[0] * factor[0])
    if plane.dtype == np.uint8:
        return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BICUBIC))
    large = Image.fromarray(plane.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    return _rounded(np.asarray(large), plane.dtype)


def _samples(values: NDArray[np.float32], factor: tuple[int, int]) -> NDArray[np.float32]:
    """What the pixels' chroma was interpolated from, along both sides."""
    for axis, shared in enumerate(factor):
        pixels = np.moveaxis(values, axis, 0)
        values = np.moveaxis(_of_pairs(pixels) if shared == 2 else _means(pixels, shared), 0, axis)
    return values


def _of_pairs(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of rows a = (3 s + s before) / 4 and b = (3 s + s behind) / 4 each s; the border's s are repeated."""
    if len(pixels) % 2:
        last = (3 * pixels[-1:] - pixels[-2:-1]) / 2 if len(pixels) > 1 else pixels
        pixels = np.concatenate([pixels, last])
    framed = np.concatenate([pixels[:1], pixels, pixels[-1:]])
    before, a, b, behind = framed[:-2:2], framed[1:-1:2], framed[2::2], framed[3::2]
    stored: NDArray[np.float32] = (3 * (a + b) - before - behind) / 4
    return stored


def _means(pixels: NDArray[np.float32], shared: int) -> NDArray[np.float32]:
    """Of so many rows each; where the border cuts them the last one counts again."""
    padded = np.pad(pixels, [(0, -len(pixels) % shared), (0, 0)], mode="edge")
    means: NDArray[np.float32] = padded.reshape(-1, shared, padded.shape[1]).mean(axis=1, dtype=np.float32)
    return means


def _rounded(values: NDArray[np.float32], kind: np.dtype[Any]) -> Pixels:
    return np.clip(np.rint(values), 0, np.iinfo(kind).max).astype(kind)
