"""8-bit previews of photos of any depth and size, computed a band of rows at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from denoiser.data.images.formats.photo import Photo, Pixels, strips, white_of
from denoiser.runs.strip_layout import GAP, worst_block

SIDE = 1600
"""Largest side of a preview in pixels."""
BLOCK = 192
"""Side of the block that is shown with every pixel."""
LARGEST_GAIN = 5
"""Largest amplification of a difference, as a power of two."""


def factor(photo: Photo) -> int:
    """How many pixels of each side become one pixel of the preview."""
    longer: int = max(photo.pixels.shape[:2])
    return max(1, math.ceil(longer / SIDE))


def preview(photo: Photo) -> Image.Image:
    """The photo reduced by means over `factor` x `factor` pixels; black to white become 0 to 255, clamped."""
    by = factor(photo)
    bands = [_means(band, by) for band in _bands(photo.pixels, by)]
    return _image(np.concatenate(bands), photo.white)


def block(photo: Photo, top: int, left: int, side: int) -> Image.Image:
    """A square of the photo; 8-bit pixels are unchanged."""
    return _image(photo.pixels[top : top + side, left : left + side].astype(np.float32), photo.white)


def gain(before: Photo, after: Photo, top: int, left: int, side: int) -> int:
    """The factor for `difference`: the largest of 1, 2, 4 ... 32 at which 99 % of the values of a block stay in range.

    Args:
        before: the picture.
        after: the denoised picture, of the same size.
        top: first row of the block.
        left: its first column.
        side: its side in pixels.
    """
    square = slice(top, top + side), slice(left, left + side)
    change = np.abs(_change(before.pixels[square], after.pixels[square], before))
    fits = math.floor(math.log2(0.5 / max(float(np.quantile(change, 0.99)), 1e-6)))
    return int(2 ** min(max(fits, 0), LARGEST_GAIN))


def difference(before: Photo, after: Photo, gain: int) -> Image.Image:
    """A preview of `after` minus `before`, times `gain`, on mid-grey: lighter is where the picture became brighter."""
    by = factor(before)
    bands = zip(_bands(before.pixels, by), _bands(after.pixels, by), strict=True)
    return _image(np.concatenate([_means(_change(*band, before) * gain + 0.5, by) for band in bands]), 1.0)


def difference_block(before: Photo, after: Photo, gain: int, top: int, left: int, side: int) -> Image.Image:
    """A square of the difference, with every pixel."""
    square = slice(top, top + side), slice(left, left + side)
    return _image(_change(before.pixels[square], after.pixels[square], before) * gain + 0.5, 1.0)


def _change(old: Pixels, new: Pixels, photo: Photo) -> NDArray[Any]:
    """New minus old pixels, white as 1."""
    return (np.asarray(new, np.float32) - np.asarray(old, np.float32)) / photo.white


def beside(before: Image.Image, after: Image.Image) -> Image.Image:
    """Two previews of one size side by side."""
    both = Image.new(before.mode, (2 * before.width + GAP, before.height), "white")
    both.paste(before, (0, 0))
    both.paste(after, (before.width + GAP, 0))
    return both


def most_changed(before: Photo, after: Photo) -> tuple[int, int, int]:
    """Top, left and side of the block in which two photos of one size differ most, by the squared difference."""
    by, (height, width) = factor(before), before.pixels.shape[:2]
    rows = []
    for old, new in zip(_bands(before.pixels, by), _bands(after.pixels, by), strict=True):
        change = _change(old, new, before)
        rows.append(_means((change * change).mean(2), by))
    top, left, side = (by * value for value in worst_block(np.concatenate(rows), max(1, BLOCK // by)))
    side = min(side, height, width)
    return min(top, height - side), min(left, width - side), side


def _bands(pixels: Pixels, by: int) -> Iterator[NDArray[Any]]:
    """Rows as floats `(h, W, C)`; the number of rows in all except the last band is a multiple of `by`."""
    for rows in strips(pixels.shape[0], pixels.shape[1], by):
        yield np.atleast_3d(pixels[rows]).astype(np.float32)


def _means(band: NDArray[Any], by: int) -> NDArray[Any]:
    """Means over squares of `by` pixels; squares that cross the border repeat its pixels."""
    if by == 1:
        return band
    missing = [(0, -side % by) for side in band.shape[:2]] + [(0, 0)] * (band.ndim - 2)
    padded = np.pad(band, missing, mode="edge")
    height, width = padded.shape[0] // by, padded.shape[1] // by
    means: NDArray[Any] = padded.reshape(height, by, width, by, *band.shape[2:]).mean((1, 3))
    return means


def _image(values: NDArray[Any], white: float) -> Image.Image:
    scaled = np.rint(np.clip(values / white, 0, 1) * white_of(np.uint8)).astype(np.uint8)
    return Image.fromarray(scaled[..., 0] if scaled.ndim == 3 and scaled.shape[2] == 1 else scaled)
