"""Photos to files of any format, whole or not at all, at their depth and with their metadata, without torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from denoiser.data.images.formats import (
    associated_alpha,
    bmp_gif,
    claims,
    jpeg,
    npy,
    page_claims,
    png,
    pnm,
    profiles,
    tiff_metadata,
    tiff_writer,
    webp,
)
from denoiser.data.images.formats.photo import NOT_SUBSAMPLED, Header, Photo, Pixels, Refused, strips, white_of
from denoiser.data.images.formats.suffixes import WRITTEN, format_of, instead, not_written
from denoiser.errors import DenoiserError
from denoiser.machine.files import longest_name, replacing


class _Format(NamedTuple):
    """What a format can hold, and what writes it: `pages` several pictures, `equal` in size and type or not."""

    name: str
    write: Callable[[IO[bytes], Photo], None]
    bits: int = 8
    alpha: bool = False
    associated: bool = False
    bands: bool = False
    grey: bool = True
    profile: bool = True
    side: int = 2**31 - 1
    equal: bool = False
    pages: Callable[[IO[bytes], Iterable[Photo], Sequence[Header]], None] | None = None


_FORMATS = {
    "PNG": _Format("PNG", png.write, 16, alpha=True),
    "JPEG": _Format("JPEG", jpeg.write, side=65500),
    "TIFF": _Format(
        "TIFF", tiff_writer.write, 64, alpha=True, associated=True, bands=True, pages=tiff_writer.write_pages
    ),
    "WEBP": _Format("WebP", webp.write, alpha=True, side=16383, grey=False),
    "BMP": _Format("BMP", bmp_gif.write, profile=False),
    "PPM": _Format("PPM", pnm.write, 16, profile=False),
    "NPY": _Format(".npy", npy.write, 64, True, profile=False, equal=True, pages=npy.write_pages),
}


def check_suffix(path: Path) -> None:
    """Refuse a file whose suffix is not one of a format that is written.

    Raises:
        DenoiserError: the format is not written.
    """
    if path.suffix.lower() not in WRITTEN:
        raise DenoiserError(f"{not_written(path.suffix.lower())} ({path})", instead("png"))


def check(path: Path, header: Header, bits: int | None = None) -> None:
    """Refuse a file that cannot hold a picture, before any work is done for it.

    Args:
        path: the file to write; its suffix decides the format.
        header: the picture's.
        bits: the depth to write, 8 or 16; None for the picture's own.

    Raises:
        DenoiserError: the format is not written, or cannot hold the depth, the alpha channel or the size; or the name
            is longer than the file system allows.
    """
    check_suffix(path)
    length, longest = len(os.fsencode(path.name)), longest_name(path.parent)
    if length > longest:
        raise DenoiserError(f"the name has {length} bytes, and {longest} are possible ({path})", "a shorter name as -o")
    suffix, depth = path.suffix.lower(), bits or header.bits
    format = _FORMATS[format_of(suffix)]
    if depth > format.bits:
        deep = f"at most {format.bits} bits, not {depth}" if bits or not header.stored else f"no {header.stored}"
        error = f"{format.name} holds {deep} ({path})"
        raise DenoiserError(error, f"--bits {format.bits}, or {instead('png' if depth <= 16 else 'tiff')}")
    if header.alpha and not format.alpha:
        raise DenoiserError(f"{format.name} holds no alpha channel ({path})", instead("png"))
    if max(header.height, header.width) > format.side:
        error = f"{format.name} holds at most {format.side} pixels a side, not {header.width} x {header.height}"
        raise DenoiserError(f"{error} ({path})", instead("png"))
    if suffix == ".pgm" and header.channels != 1:
        raise DenoiserError(f"a .pgm holds grey, not colour ({path})", instead("ppm"))


def write(path: Path, photo: Photo, bits: int | None = None) -> tuple[str, ...]:
    """Write a picture, whole or not at all, in the format of the suffix.

    Colours that are multiplied by their alpha channel stay so where the format has a field for that, which is TIFF.

    Args:
        path: the file to create or replace; its folder is created if it is missing.
        photo: the picture.
        bits: 8 or 16; None for the depth of the pixels.

    Returns:
        Notes for the user on what the format cannot hold and is left out.

    Raises:
        DenoiserError: see `check`; or the file cannot be written (exit code 3).
    """
    check(path, photo.header, bits)
    format = _FORMATS[format_of(path.suffix.lower())]
    with replacing(path) as file, _naming(path):
        written, notes = _for_format(photo, bits, format)
        format.write(file, written)
    return notes


def write_pages(
    path: Path, photos: Iterable[Photo], headers: Sequence[Header], bits: int | None = None
) -> tuple[str, ...]:
    """Write several pictures into one file, one after the other, whole or not at all; memory holds one of them.

    Args:
        path: the file to create or replace, of a format with `pages`, see `check_pages`.
        photos: the pictures; they may be computed meanwhile.
        headers: of each of them.
        bits: see `write`.

    Returns:
        As `write`, for all pictures together.

    Raises:
        DenoiserError: see `write`.
    """
    format, notes = _FORMATS[format_of(path.suffix.lower())], dict[str, None]()
    if format.pages is None:
        raise ValueError(f"{format.name} holds one page ({path})")

    def fitting(photo: Photo) -> Photo:
        written, remarks = _for_format(photo, bits, format)
        notes.update(dict.fromkeys(remarks))
        return written

    with replacing(path) as file, _naming(path):
        format.pages(file, map(fitting, photos), headers)
    return tuple(notes)


def check_pages(path: Path, headers: Sequence[Header]) -> None:
    """Refuse a file that cannot hold several pictures, or not these.

    Raises:
        DenoiserError: its format holds one, or pictures of one size and type only.
    """
    format = _FORMATS[format_of(path.suffix.lower())]
    if len(headers) > 1 and format.pages is None:
        what = f"{format.name} holds one page, not {len(headers)} ({path})"
        raise DenoiserError(what, f"--pages first, or {instead('tiff')}")
    if format.equal and len({replace(header, format="", subsampling=NOT_SUBSAMPLED) for header in headers}) > 1:
        what = f"{format.name} holds pages of one size and type, and these differ ({path})"
        raise DenoiserError(what, f"--pages first, or {instead('tiff')}")


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """What a format refuses names the file."""
    try:
        yield
    except Refused as error:
        raise DenoiserError(f"{error} ({path})", error.fix) from error


def _for_format(photo: Photo, bits: int | None, format: _Format) -> tuple[Photo, tuple[str, ...]]:
    """The picture as the format holds it, and notes; what is computed comes before the depth is lowered."""
    notes: tuple[str, ...] = ()
    if photo.bands is not None and not format.bands:
        notes += (f"{format.name} holds no bands beyond colour: {photo.bands.shape[2]} left out",)
        photo = replace(photo, bands=None)
    if not format.associated:
        deeper = bits is not None and bits > photo.header.bits
        photo = associated_alpha.straight(at_depth(photo, bits) if deeper else photo)
    photo, remarks = _with_profile(photo, format)
    photo, missing = _with_claims(photo, format)
    return at_depth(photo, bits), (*notes, *remarks, *missing)


def _with_claims(photo: Photo, format: _Format) -> tuple[Photo, tuple[str, ...]]:
    """The picture with XMP of what is in the file, and notes on what a JPEG had besides and this format cannot hold."""
    details, here = photo.details, format.name == "JPEG"
    video, extra = (bool(details.format == "JPEG" and details.encoding.get(key)) for key in ("video", "extra"))
    xmp = claims.cleaned(details.xmp, video and here, here and jpeg.has_long_xmp(details))
    lost = [word for word, has in (("video", video), ("IPTC or long XMP", extra)) if has and not here]
    notes = (f"{format.name} cannot hold the JPEG's {' and '.join(lost)}: left out",) if lost else ()
    return replace(photo, details=replace(details, xmp=xmp)), notes


def _with_profile(photo: Photo, format: _Format) -> tuple[Photo, tuple[str, ...]]:
    """The picture with a colour profile for the pixels in the file, and notes; formats without one hold no metadata."""
    if not format.profile:
        details = photo.details
        held = {"metadata": tiff_metadata.says_more(details.exif) or details.xmp, "colour profile": details.icc}
        lost = [name for name, value in held.items() if value]
        return photo, (f"{format.name} holds no {' and no '.join(lost)}: left out",) if lost else ()
    if not format.grey and photo.channels == 1 and photo.pixels.dtype.kind == "f" and photo.details.icc is not None:
        photo = at_depth(photo, 16)
    return profiles.fitted(photo, format.grey, format.name)


def at_depth(photo: Photo, bits: int | None) -> Photo:
    """The picture in 8 or 16 bits, rounded; floats are clamped to 0..white. None leaves it unchanged."""
    if bits is None or photo.pixels.dtype == f"uint{bits}":
        return photo
    depth = np.dtype(f"uint{bits}")
    alpha = None if photo.alpha is None else _rescaled(photo.alpha, white_of(photo.alpha.dtype), depth)
    bands = None if photo.bands is None else _rescaled(photo.bands, photo.white, depth)
    pixels = _rescaled(photo.pixels, photo.white, depth)
    details = page_claims.of_other_type(photo.details)
    return replace(photo, pixels=pixels, white=white_of(depth), alpha=alpha, bands=bands, details=details)


def _rescaled(values: Pixels, white: float, depth: np.dtype[np.generic]) -> Pixels:
    scaled = np.empty(values.shape, depth)
    for rows in strips(*values.shape[:2]):
        part = values[rows].astype(np.float32 if values.dtype.kind == "u" else values.dtype, copy=True)
        np.multiply(part.clip(0, white, out=part), white_of(depth) / white, out=part)
        scaled[rows] = np.rint(part, out=part)
    return scaled
