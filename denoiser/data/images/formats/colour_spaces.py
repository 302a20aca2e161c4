"""Conversion of other colour spaces and ranges to RGB and full ranges, a million pixels at a time."""

from __future__ import annotations

import imagecodecs
import numpy as np
from PIL import ImageCms

from denoiser.data.images.formats.photo import Pixels, strips, white_of

BY_PROFILE = "CMYK converted to sRGB by its colour profile"
BY_FORMULA = "CMYK without a usable colour profile converted to RGB by Pillow's formula"
FROM_LAB = "L*a*b* converted to sRGB"


def from_cmyk(inks: Pixels, profile: bytes | None) -> tuple[Pixels, str]:
    """RGB from CMYK.

    Args:
        inks: `(H, W, 4)` uint8 or uint16, 0 for no ink.
        profile: ICC profile of the inks. Without one, or with one that is not for CMYK, Pillow's formula is used:
            (1 - ink) (1 - black).

    Returns:
        `(H, W, 3)` of the same type, and the note for the user.
    """
    if profile is not None:
        try:
            return _to_srgb(inks, profile, "cmyk"), BY_PROFILE
        except imagecodecs.CmsError:
            pass
    white = int(white_of(inks.dtype))
    colours = np.empty((*inks.shape[:2], 3), inks.dtype)
    for rows in strips(*inks.shape[:2]):
        light = white - inks[rows, :, 3:].astype(np.uint32)
        covered = inks[rows, :, :3] * light
        colours[rows] = light - (covered + white // 2) // white
    return colours, BY_FORMULA


def from_lab(values: Pixels) -> Pixels:
    """SRGB `(H, W, 3)` uint8 from CIE L*a*b* as TIFF holds it: uint8, a and b signed."""
    flip = np.array([0, 0x80, 0x80], np.uint8)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    return _to_srgb(values ^ flip, profile, "lab")


def _to_srgb(values: Pixels, profile: bytes, space: str) -> Pixels:
    colours = np.empty((*values.shape[:2], 3), values.dtype)
    target = imagecodecs.cms_profile("srgb")
    for rows in strips(*values.shape[:2]):
        part = np.ascontiguousarray(values[rows])
        colours[rows] = imagecodecs.cms_transform(part, profile, target, colorspace=space, outcolorspace="rgb")
    return colours


def stretched(levels: Pixels, white: int) -> Pixels:
    """Levels 0..`white` stretched to the full range of uint8 if they fit, else of uint16; exactly invertible."""
    full = np.uint8 if white <= white_of(np.uint8) else np.uint16
    top = int(white_of(full))
    if white == top:
        return levels.astype(full, copy=False)
    table = (np.arange(white + 1, dtype=np.uint32) * top + white // 2) // white
    return table.astype(full)[np.minimum(levels, white)]


def looked_up(indices: Pixels, palette: Pixels) -> Pixels:
    """Colours `(H, W, 3)` from indices `(H, W)` into a palette `(N, 3)`."""
    return np.asarray(palette[np.minimum(indices, len(palette) - 1)])
