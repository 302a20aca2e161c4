"""Conversion between a photo and the arrays of decoders and encoders, which hold colours and alpha together."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
from PIL import Image

from denoiser.data.images.formats.photo import STRIP, Details, Photo, Pixels, strips, white_of

# Warnings of damaged tags and of palettes, which do no harm to the pixels. They are ignored for good: a filter for the
# time of a call would apply to all threads.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

COUNT = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4, "YCbCr": 3}
"""Bands of Pillow's modes that hold 8 bits each and need no conversion."""
EXIF_PREFIX = b"Exif\0\0"
"""What JPEG files, and some writers of other formats, put before the EXIF block."""
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def split(pixels: Pixels, details: Details, notes: tuple[str, ...] = ()) -> Photo:
    """A photo from decoded bands: grey, grey and alpha, RGB, or RGB and alpha; the white of floats is 1."""
    white = white_of(pixels.dtype)
    if pixels.ndim == 2 or pixels.shape[2] == 3:
        return Photo(pixels, white, details, None, notes)
    colours = pixels[..., 0] if pixels.shape[2] == 2 else pixels[..., :3]
    alpha = np.ascontiguousarray(pixels[..., -1])
    return Photo(np.ascontiguousarray(colours), white, details, alpha, notes)


def joined(photo: Photo) -> Pixels:
    """Colours and alpha in one array, `(H, W)` or `(H, W, bands)`."""
    return photo.pixels if photo.alpha is None else np.dstack([photo.pixels, photo.alpha])


def without_prefix(exif: bytes | None) -> bytes | None:
    """An EXIF block from its TIFF header on."""
    return None if exif is None else exif.removeprefix(EXIF_PREFIX)


def decoded(picture: Image.Image) -> Pixels:
    """The pixels that Pillow decodes, uint8 `(H, W)` or `(H, W, bands)`; memory holds Pillow's copy and this one only.

    Raises:
        OSError: the file is cut off.
    """
    picture.load()
    width, height, bands = picture.width, picture.height, COUNT[picture.mode]
    if height * width <= STRIP:
        return np.array(picture)
    pixels = np.empty((height, width) if bands == 1 else (height, width, bands), np.uint8)
    for rows in strips(height, width):
        pixels[rows] = np.asarray(picture.crop((0, rows.start, width, rows.stop)))
    return pixels


def encoded(pixels: Pixels, format: str, **options: Any) -> memoryview:
    """A file's bytes from uint8 pixels by Pillow; options that are None are left out."""
    return saved(picture(pixels), format, **options)


def saved(picture: Image.Image, format: str, **options: Any) -> memoryview:
    """A file's bytes from Pillow's picture; options that are None are left out."""
    file = io.BytesIO()
    picture.save(file, format, **{key: value for key, value in options.items() if value is not None})
    return file.getbuffer()


def picture(pixels: Pixels) -> Image.Image:
    """Pillow's copy, filled strip by strip: `Image.fromarray` of the whole would take another copy."""
    height, width = pixels.shape[:2]
    whole = Image.new(_MODES[1 if pixels.ndim == 2 else pixels.shape[2]], (width, height))
    for rows in strips(height, width):
        whole.paste(Image.fromarray(pixels[rows]), (0, rows.start))
    return whole
