"""Bands beyond colour, such as near infrared: each is denoised as a grey photo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from denoiser.data.images.formats.photo import Details, Photo


def denoised(photo: Photo, denoise: Callable[[Photo], Photo]) -> Photo:
    """The photo with its further bands denoised one by one.

    Args:
        photo: whose colours are done.
        denoise: denoises a grey photo.
    """
    if photo.bands is None:
        return photo
    bands = np.empty_like(photo.bands)
    for index in range(bands.shape[2]):
        grey = np.ascontiguousarray(photo.bands[..., index])
        white = photo.white if grey.dtype.kind != "f" else max(1.0, float(grey.max()))
        band = Photo(grey, white, Details(photo.details.format), photo.alpha)
        bands[..., index] = denoise(band).pixels
    note = f"bands beyond colour denoised one by one as grey pictures: {bands.shape[2]}"
    return replace(photo, bands=bands, notes=(*photo.notes, note))
