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
        change = (new - old) / before.white
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
