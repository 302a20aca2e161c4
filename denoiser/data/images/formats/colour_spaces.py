"""Other ways to write colours and levels, turned into RGB and whole ranges, a million pixels at a time."""

from __future__ import annotations

import imagecodecs
import numpy as np
from PIL import ImageCms

from denoiser.data.images.formats.photo import Pixels, strips

BY_PROFILE = "CMYK turned into sRGB through its colour profile"
BY_FORMULA = "CMYK without a usable colour profile turned into RGB by Pillow's formula"
FROM_LAB = "L*a*b* turned into sRGB"


def from_cmyk(inks: Pixels, profile: bytes | None) -> tuple[Pixels, str]:
    """RGB from amounts of ink.

    Args:
        inks: `(H, W, 4)` uint8 or uint16, 0 for no ink.
        profile: ICC profile of the inks; without one, or with one that is not for inks, Pillow's formula is taken,
            (1 - ink) (1 - black).

    Returns:
        `(H, W, 3)` of the same type, and the note for the user.
    """
    if profile is not None:
        try:
            return _through(inks, profile, "cmyk"), BY_PROFILE
        except imagecodecs.CmsError:
            pass
    white = int(np.iinfo(inks.dtype).max)
    colours = np.empty((*inks.shape[:2], 3), inks.dtype)
    for rows in strips(*inks.shape[:2]):
        light = white - inks[rows, :, 3:].astype(np.uint32)
        covered = inks[rows, :, :3] * light
        colours[rows] = light - (covered + white // 2) // white
    return colours, BY_FORMULA


def from_lab(values: Pixels) -> Pixels:
    """Turn CIE L*a*b*, as TIFF holds it, into sRGB: `(H, W, 3)` uint8, a and b signed."""
    flip = np.array([0, 0x80, 0x80], np.uint8)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    return _through(values ^ flip, profile, "lab")


def _through(values: Pixels, profile: bytes, space: str) -> Pixels:
    colours = np.empty((*values.shape[:2], 3), values.dtype)
    target = imagecodecs.cms_profile("srgb")
    for rows in strips(*values.shape[:2]):
        part = np.ascontiguousarray(values[rows])
        colours[rows] = imagecodecs.cms_transform(part, profile, target, colorspace=space, outcolorspace="rgb")
    return colours


def stretched(levels: Pixels, white: int) -> Pixels:
    """Levels 0..`white` brought to all of uint8 if they fit in, else of uint16; the way back is exact."""
    whole, top = (np.uint8, 255) if white <= 255 else (np.uint16, 65535)
    if white == top:
        return levels.astype(whole, copy=False)
    table = (np.arange(white + 1, dtype=np.uint32) * top + white // 2) // white
    return table.astype(whole)[np.minimum(levels, white)]


def looked_up(indices: Pixels, palette: Pixels) -> Pixels:
    """Colours `(H, W, 3)` from indices `(H, W)` into a palette `(N, 3)`."""
    return np.asarray(palette[np.minimum(indices, len(palette) - 1)])
