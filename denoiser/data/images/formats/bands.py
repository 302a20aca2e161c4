"""Between a picture and the arrays of decoders and encoders, which hold colours and alpha together."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
from PIL import Image

from denoiser.data.images.formats.photo import Details, Photo, Pixels, strips

# Of damaged tags and of palettes, which do no harm to the pixels. For good, as a change for the time of a call would
# be one for all threads.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

COUNT = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}
"""Bands of those of Pillow's modes that hold 8 bits each and need no conversion."""
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def apart(pixels: Pixels, details: Details, notes: tuple[str, ...] = ()) -> Photo:
    """A picture from decoded bands: grey, grey and alpha, RGB, RGB and alpha; the white of floats is 1."""
    white = 1.0 if pixels.dtype.kind == "f" else float(np.iinfo(pixels.dtype).max)
    if pixels.ndim == 2 or pixels.shape[2] == 3:
        return Photo(pixels, white, details, None, notes)
    colours = pixels[..., 0] if pixels.shape[2] == 2 else pixels[..., :3]
    alpha = np.ascontiguousarray(pixels[..., -1])
    return Photo(np.ascontiguousarray(colours), white, details, alpha, notes)


def together(photo: Photo) -> Pixels:
    """Colours and alpha in one array, `(H, W)` or `(H, W, bands)`."""
    return photo.pixels if photo.alpha is None else np.dstack([photo.pixels, photo.alpha])


def decoded(picture: Image.Image) -> Pixels:
    """What Pillow decodes, uint8 `(H, W)` or `(H, W, bands)`: its own copy of the pixels and this one, never a third.

    Raises:
        OSError: the file is cut off.
    """
    picture.load()
    width, height, bands = picture.width, picture.height, COUNT[picture.mode]
    pixels = np.empty((height, width) if bands == 1 else (height, width, bands), np.uint8)
    for rows in strips(height, width):
        pixels[rows] = np.asarray(picture.crop((0, rows.start, width, rows.stop)))
    return pixels


def encoded(pixels: Pixels, kind: str, **options: Any) -> memoryview:
    """A file's bytes from uint8 pixels by Pillow; options that are None are left out."""
    file = io.BytesIO()
    _picture(pixels).save(file, kind, **{key: value for key, value in options.items() if value is not None})
    return file.getbuffer()


def _picture(pixels: Pixels) -> Image.Image:
    """Pillow's own copy, strip by strip, as it would take another one on the way."""
    height, width = pixels.shape[:2]
    picture = Image.new(_MODES[1 if pixels.ndim == 2 else pixels.shape[2]], (width, height))
    for rows in strips(height, width):
        picture.paste(Image.fromarray(pixels[rows]), (0, rows.start))
    return picture
