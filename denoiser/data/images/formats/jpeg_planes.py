"""A denoised picture as the planes that a JPEG stores, made of the planes of its source.

source's planes   Y, Cb, Cr as a decoder has them before it converts them to RGB, so that nothing is clipped yet
change            pixels - decoder's pixels, converted to Y, Cb, Cr
Y                 source's Y + change
Cb, Cr            means of (source's + change), as encoders make them; but a shared sample moves no further from the
                  source's than `FACTOR` times its pixels and their neighbours do

Means of a decoder's pixels are not the stored samples: each cycle of means loses sharpness. Where no pixel changes, the
stored samples are kept; where noise is removed, means are nearer to the clean picture.

The last blocks end beyond the picture. What the source has there is kept, or else these blocks would be others.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin

from denoiser.data.images.formats import bands, jpeg_segments, orientation
from denoiser.data.images.formats.photo import Pixels, strips
from denoiser.inference import subsampled
from denoiser.metrics.luma import LUMA

FACTOR = 1.25
"""Real pairs of quality 75 prefer means, photographs with synthetic noise the source's samples: experiments/photos."""
_GREY = np.float32(128)


def shown(source: bytes, stored: int) -> Pixels:
    """The picture that a decoder makes of a JPEG, upright; arguments as in `decoded`.

    Decoders repeat the last chroma at the border, so that it is not that of the planes with what is beyond.
    """
    return orientation.turn(bands.decoded(JpegImagePlugin.JpegImageFile(io.BytesIO(source))), stored)


def decoded(source: bytes, stored: int, in_rgb: bool) -> Pixels:
    """The planes of a JPEG, upright, with what its last blocks have beyond the picture on the right and below.

    Args:
        source: a JPEG picture in grey, YCbCr or RGB.
        stored: its orientation, 1 to 8.
        in_rgb: whether its planes are RGB.

    Returns:
        uint8 `(h, w)` or `(h, w, 3)`, at least as large as the picture.
    """
    whole, seen = jpeg_segments.whole_size(source), jpeg_segments.size(source)
    opened = JpegImagePlugin.JpegImageFile(io.BytesIO(jpeg_segments.resized(source, *whole)))
    if not in_rgb:
        opened.draft("YCbCr", None)
    planes = orientation.turn(bands.decoded(opened), stored)
    if orientation.is_sideways(stored):
        whole, seen = whole[::-1], seen[::-1]
    beyond = (
        total - side if first else 0 for total, side, first in zip(whole, seen, orientation.flips(stored), strict=True)
    )
    top, left = beyond
    return planes[top:, left:]


def picture(planes: Pixels, before: Pixels, pixels: Pixels, subsampling: tuple[int, int], in_rgb: bool) -> Image.Image:
    """Pixels as Pillow's picture of the size and kind of the planes; all pixels of a chroma sample have its value.

    Args:
        planes: the source's, see `decoded`.
        before: the source's pixels, see `shown`.
        pixels: uint8 `(H, W)` or `(H, W, 3)`, RGB.
        subsampling: rows and columns that share a chroma sample in the file to be written, each 1 or 2.
        in_rgb: whether planes are RGB.
    """
    mode = "L" if planes.ndim == 2 else "RGB" if in_rgb else "YCbCr"
    whole = Image.new(mode, planes.shape[1::-1])
    for start, rows in _bands(planes, before, pixels, subsampling, in_rgb):
        whole.paste(Image.fromarray(np.rint(rows).clip(0, 255).astype(np.uint8), mode), (0, start))
    return whole


def _bands(
    planes: Pixels, before: Pixels, pixels: Pixels, subsampling: tuple[int, int], in_rgb: bool
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Bands of rows of the changed planes, and where they start."""
    reach = subsampled.REACH * subsampling[0]
    height, width = planes.shape[:2]
    for band in strips(height, width, 2 * jpeg_segments.BLOCK):
        above = min(band.start, reach)
        lines = slice(band.start - above, band.stop + reach)
        now = planes[lines].astype(np.float32)
        change = pixels[lines].astype(np.float32) - before[lines]
        if now.ndim == 3 and not in_rgb:
            change = _in_planes(change)
        change = _extended(change, now.shape)
        if subsampling != (1, 1):
            for i in (1, 2):
                now[..., i] = _samples(now[..., i], change[..., i], subsampling)
            change[..., 1:] = 0
        yield band.start, (now + change)[above : above + band.stop - band.start]


def _samples(
    now: NDArray[np.float32], change: NDArray[np.float32], subsampling: tuple[int, int]
) -> NDArray[np.float32]:
    """Chroma `(h, w)` of which all pixels that share a sample have the same."""
    from scipy.ndimage import maximum_filter

    stored = np.rint(subsampled.samples(now - _GREY, subsampling)) + _GREY
    limit = FACTOR * maximum_filter(subsampled.largest(np.abs(change), subsampling), 3, mode="nearest")
    stored += (subsampled.means(now + change, subsampling) - stored).clip(-limit, limit)
    large: NDArray[np.float32] = np.rint(stored).repeat(subsampling[0], axis=0).repeat(subsampling[1], axis=1)
    return large[: now.shape[0], : now.shape[1]]


def _extended(change: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The change in a larger shape: beyond the pixels that of the last ones."""
    beyond = [(0, total - seen) for total, seen in zip(shape, change.shape, strict=True)]
    extended: NDArray[np.float32] = np.pad(change, beyond, mode="edge")
    return extended


def _in_planes(change: NDArray[np.float32]) -> NDArray[np.float32]:
    luma = change @ np.array(LUMA, np.float32)
    blue, red = ((change[..., i] - luma) / np.float32(gain) for i, gain in zip((2, 0), subsampled.GAIN, strict=True))
    return np.stack([luma, blue, red], axis=-1)
