"""Any picture out, whole or not at all, at its depth, with all that came with it. Torch is not imported here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from denoiser.data.images.formats import bmp_gif, jpeg, png, pnm, tiff, webp
from denoiser.data.images.formats.photo import Header, Photo, Pixels, Refused, strips
from denoiser.errors import DenoiserError
from denoiser.machine.files import replacing


class _Format(NamedTuple):
    """What a format holds, and what writes it."""

    name: str
    write: Callable[[IO[bytes], Photo], None]
    bits: int = 8
    alpha: bool = False
    side: int = 2**31 - 1


_PNG = _Format("PNG", png.write, 16, alpha=True)
_JPEG = _Format("JPEG", jpeg.write, side=65500)
_TIFF = _Format("TIFF", tiff.write, 64, alpha=True)
_BMP = _Format("BMP", bmp_gif.write)
_PNM = _Format("PPM", pnm.write, 16)
_FORMATS = {
    ".png": _PNG,
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".jpe": _JPEG,
    ".jfif": _JPEG,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".webp": _Format("WebP", webp.write, alpha=True, side=16383),
    ".bmp": _BMP,
    ".dib": _BMP,
    ".ppm": _PNM,
    ".pgm": _PNM,
    ".pnm": _PNM,
}
_ENDING = {"tiff": "tif", "jpeg": "jpg"}


def check_suffix(path: Path) -> None:
    """Refuse a file whose suffix is of no format that is written.

    Raises:
        DenoiserError: it is none.
    """
    if path.suffix.lower() not in _FORMATS:
        raise DenoiserError(f"no format for '{path.suffix}' ({path})", _instead("png"))


def check(path: Path, header: Header, bits: int | None = None) -> None:
    """Refuse a file that cannot hold a picture, before any work is done for it.

    Args:
        path: the file to write; its suffix says the format.
        header: of the picture.
        bits: 8 or 16 to be written with; None for the picture's own.

    Raises:
        DenoiserError: the format is not written, or would lower the depth unasked, or holds no alpha or no such size.
    """
    check_suffix(path)
    form = _FORMATS[suffix := path.suffix.lower()]
    if (bits or header.bits) > form.bits:
        holds = f"{form.name} holds at most {form.bits} bits, not {bits or header.bits}"
        raise DenoiserError(f"{holds} ({path})", f"--bits {form.bits}, or {_instead(_deeper(bits or header.bits))}")
    if header.alpha and not form.alpha:
        raise DenoiserError(f"{form.name} holds no alpha channel ({path})", _instead("png"))
    if max(header.height, header.width) > form.side:
        holds = f"{form.name} holds at most {form.side} pixels a side, not {header.width} x {header.height}"
        raise DenoiserError(f"{holds} ({path})", _instead("png"))
    if suffix == ".pgm" and header.channels != 1:
        raise DenoiserError(f"a .pgm holds grey, not colour ({path})", _instead("ppm"))


def write(path: Path, photo: Photo, bits: int | None = None) -> None:
    """Write a picture, whole or not at all, in the format of the suffix.

    Args:
        path: the file to make or replace; its folder is made if it is missing.
        photo: the picture.
        bits: 8 or 16; None for the depth that the pixels have.

    Raises:
        DenoiserError: see `check`; or the folder or disk does not take the file (exit code 3).
    """
    check(path, photo.header, bits)
    with replacing(path) as file:
        try:
            _FORMATS[path.suffix.lower()].write(file, at_depth(photo, bits))
        except Refused as error:
            raise DenoiserError(f"{error} ({path})", error.fix) from error


def at_depth(photo: Photo, bits: int | None) -> Photo:
    """The picture in 8 or 16 bits, rounded; floats are clamped to 0..white. None leaves it as it is."""
    if bits is None or photo.pixels.dtype == f"uint{bits}":
        return photo
    top = 2**bits - 1
    alpha_white = 1.0 if photo.pixels.dtype.kind == "f" else photo.white
    alpha = None if photo.alpha is None else _rescaled(photo.alpha, alpha_white, top)
    return replace(photo, pixels=_rescaled(photo.pixels, photo.white, top), white=float(top), alpha=alpha)


def _rescaled(values: Pixels, white: float, top: int) -> Pixels:
    scaled = np.empty(values.shape, np.uint8 if top == 255 else np.uint16)
    for rows in strips(*values.shape[:2]):
        part = values[rows].astype(np.float32 if values.dtype.kind == "u" else values.dtype, copy=True)
        np.multiply(part.clip(0, white, out=part), top / white, out=part)
        scaled[rows] = np.rint(part, out=part)
    return scaled


def _instead(name: str) -> str:
    """How to ask for another format, be the result a file that was named or one in a folder."""
    return f"a name ending in .{_ENDING.get(name, name)} as -o, or --format {name} for a folder"


def _deeper(bits: int) -> str:
    return "png" if bits <= 16 else "tiff"
