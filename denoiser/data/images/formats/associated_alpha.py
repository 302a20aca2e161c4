"""Colours that are multiplied by their alpha channel (associated or premultiplied alpha), divided by it again.

TIFF files say which kind they hold (TIFF 6.0, ExtraSamples); PNG and WebP hold colours that are not multiplied (PNG,
third edition, 6.2; WebP Lossless Bitstream Specification, 3.1).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from denoiser.data.images.formats.photo import Details, Photo, Pixels, strips, white_of

ASSOCIATED, UNASSOCIATED = ALPHA = 1, 2
"""Values of ExtraSamples for an alpha channel that the colours are multiplied by, and for one that they are not."""


def is_associated(details: Details) -> bool:
    """Whether the colours of a picture are multiplied by its alpha channel."""
    kinds = details.encoding.get("extrasamples", ()) if details.format == "TIFF" else ()
    return next((kind for kind in kinds if kind in ALPHA), None) == ASSOCIATED


def unassociated(details: Details) -> Details:
    """The same for colours that are no longer multiplied by the alpha channel."""
    kinds = tuple(UNASSOCIATED if kind == ASSOCIATED else kind for kind in details.encoding["extrasamples"])
    return replace(details, encoding={**details.encoding, "extrasamples": kinds})


def straight(photo: Photo) -> Photo:
    """The photo with colours that are not multiplied by its alpha channel; black where that is 0."""
    if photo.alpha is None or not is_associated(photo.details):
        return photo
    pixels = divided(photo.pixels, photo.alpha, photo.white)
    return replace(photo, pixels=pixels, details=unassociated(photo.details))


def divided(colours: Pixels, alpha: Pixels, white: float) -> Pixels:
    """Colours by their alpha channel, at most white; integers are rounded, halves to even.

    Args:
        colours: `(H, W)` or `(H, W, C)`, multiplied by the alpha channel.
        alpha: `(H, W)` of the same type; opaque is the white of the type, for floats 1.
        white: the value of white in the colours.
    """
    opaque, result = white_of(alpha.dtype), np.empty_like(colours)
    for rows in strips(*colours.shape[:2]):
        share = alpha[rows].astype(np.float64) / opaque
        visible = share > 0
        part = colours[rows].T.astype(np.float64) / np.where(visible, share, 1).T
        np.multiply(part, visible.T, out=part)
        if colours.dtype.kind == "u":
            np.rint(part, out=part)
        result[rows] = part.clip(None, white, out=part).T
    return result
