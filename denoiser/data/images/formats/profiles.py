"""Colour profiles that fit the pixels beside them (ICC.1:2022): grey ones beside grey, RGB ones beside RGB.

Readers ignore a profile of another kind, or refuse the file.
"""

from __future__ import annotations

import struct
from dataclasses import replace

import imagecodecs
import numpy as np

from denoiser.data.images.formats.photo import Photo, Pixels, strips

_HEADER, _SPACE, _SIGNATURE, _ID = 128, slice(16, 20), slice(36, 40), slice(84, 100)
"""Bytes of the header, and in it: the colour space, the signature and a hash of the profile."""
_GREY, _RGB = b"GRAY", b"RGB "
_CURVES = (b"rTRC", b"gTRC", b"bTRC")
_TAKEN = (b"desc", b"cprt", b"wtpt", b"chad")
_BY_PROFILE = "grey converted to sRGB by its colour profile, as {} holds RGB"
_LEFT_OUT = "a colour profile that does not fit the pixels is left out"


def fitting(profile: bytes | None, channels: int) -> bytes | None:
    """A profile for pixels of 1 or 3 channels: this one, or for grey pixels a grey one with its tone curve; else None.

    What is no profile at all is returned as it is.
    """
    space = _space(profile)
    if profile is None or space is None or space == (_GREY if channels == 1 else _RGB):
        return profile
    return _grey(profile) if channels == 1 and space == _RGB else None


def fitted(photo: Photo, holds_grey: bool, format: str) -> tuple[Photo, tuple[str, ...]]:
    """A photo whose profile fits its pixels in a file, and notes.

    Args:
        photo: the picture; integers where `holds_grey` is false.
        holds_grey: whether the format stores pixels of one channel. Grey of a profile is converted to sRGB otherwise.
        format: its name.
    """
    profile, channels = photo.details.icc, photo.channels if holds_grey else 3
    fits = fitting(profile, channels)
    if fits == profile:
        return photo, ()
    details = replace(photo.details, icc=fits)
    if profile is not None and _space(profile) == _GREY and photo.channels < channels:
        try:
            converted = replace(photo, pixels=_to_srgb(photo.pixels, profile), details=details)
            return converted, (_BY_PROFILE.format(format),)
        except imagecodecs.CmsError:
            pass
    return replace(photo, details=details), () if fits else (_LEFT_OUT,)


def _space(profile: bytes | None) -> bytes | None:
    """The colour space of a profile's pixels; None for what is no profile."""
    return None if profile is None or profile[_SIGNATURE] != b"acsp" else profile[_SPACE]


def _to_srgb(grey: Pixels, profile: bytes) -> Pixels:
    colours, target = np.empty((*grey.shape, 3), grey.dtype), imagecodecs.cms_profile("srgb")
    for rows in strips(*grey.shape):
        colours[rows] = imagecodecs.cms_transform(grey[rows], profile, target, colorspace="gray", outcolorspace="rgb")
    return colours


def _grey(profile: bytes) -> bytes | None:
    """The grey profile of what an RGB profile makes of three equal values; None where they have different curves."""
    tags = _tags(profile)
    curves = {tags.get(name) for name in _CURVES}
    if len(curves) != 1 or None in curves or b"wtpt" not in tags:
        return None
    kept = {name: tags[name] for name in _TAKEN if name in tags} | {b"kTRC": tags[_CURVES[0]]}
    table, data, start = struct.pack(">I", len(kept)), b"", _HEADER + 4 + 12 * len(kept)
    for name, value in kept.items():
        table += struct.pack(">4sII", name, start + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    head = bytearray(profile[:_HEADER])
    head[:4], head[_SPACE], head[_ID] = struct.pack(">I", start + len(data)), _GREY, bytes(16)
    return bytes(head) + table + data


def _tags(profile: bytes) -> dict[bytes, bytes]:
    """The contents of a profile's tags; none of those that its end cuts off."""
    entries = profile[_HEADER + 4 :][: 12 * int.from_bytes(profile[_HEADER : _HEADER + 4], "big")]
    places = struct.iter_unpack(">4sII", entries[: len(entries) // 12 * 12])
    return {name: profile[at : at + size] for name, at, size in places if at + size <= len(profile)}
