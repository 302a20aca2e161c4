"""Photos whose hidden pixels, those of alpha 0, are replaced before they are measured and denoised, and put back."""

from __future__ import annotations

from dataclasses import replace

from denoiser.data.images.formats.photo import Photo
from denoiser.inference import transparency


def filled(photo: Photo) -> Photo:
    """The photo with colours of its visible pixels at hidden ones; itself if none or all are hidden."""
    pixels = None if photo.alpha is None else transparency.filled(photo.pixels, photo.alpha)
    return photo if pixels is None else replace(photo, pixels=pixels)


def restored(denoised: Photo, before: Photo) -> Photo:
    """The denoised photo with the hidden pixels of the photo before; its own array is changed."""
    if before.alpha is not None:
        transparency.restore(denoised.pixels, before.pixels, before.alpha)
    return denoised
