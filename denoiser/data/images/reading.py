"""Any picture file to a photo at its full depth and upright, or the reason why not, without torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import IO

import numpy as np

from denoiser.data.images.formats import bmp_gif, jpeg, orientation, png, pnm, tiff, webp
from denoiser.data.images.formats.photo import COPY_AGAIN, Details, Header, Photo, Refused, strips
from denoiser.data.images.formats.suffixes import RAW, SUFFIXES
from denoiser.errors import DenoiserError

MAX_PIXELS = 400_000_000
"""Limit of a picture's size: more than any camera takes. A file with a larger one is likely made to fill the memory."""

_FORMATS: tuple[tuple[bytes, ModuleType], ...] = (
    (b"\x89PNG\r\n\x1a\n", png),
    (b"\xff\xd8\xff", jpeg),
    (b"II*\0", tiff),
    (b"MM\0*", tiff),
    (b"II+\0", tiff),
    (b"MM\0+", tiff),
    (b"BM", bmp_gif),
    (b"GIF8", bmp_gif),
    (b"P5", pnm),
    (b"P6", pnm),
)
_NOT_READ = (
    (4, b"ftyphei", "a HEIC picture"),
    (4, b"ftyphev", "a HEIC picture"),
    (4, b"ftypmif1", "a HEIC or AVIF picture"),
    (4, b"ftypavi", "an AVIF picture"),
    (4, b"ftypcrx", "a camera's raw file (CR3)"),
    (8, b"CR\x02\0", "a camera's raw file (CR2)"),
    (0, b"FUJIFILM", "a camera's raw file (RAF)"),
    (0, b"IIRO", "a camera's raw file (ORF)"),
    (0, b"IIU\0", "a camera's raw file (RW2)"),
    (4, b"jP  ", "a JPEG 2000 picture"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (4, b"JXL ", "a JPEG XL picture"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"v/1\x01", "an OpenEXR picture"),
    (0, b"%PDF", "a PDF document"),
    *((0, b"P" + letter, "a PBM, PAM or text PPM picture") for letter in (b"1", b"2", b"3", b"4", b"7")),
)
_EXPORT = "export it as a PNG or a 16-bit TIFF first"


def header(path: Path, max_pixels: int = MAX_PIXELS) -> Header:
    """Read a picture's header, without decoding its pixels.

    Args:
        path: the file.
        max_pixels: larger pictures are refused.

    Raises:
        DenoiserError: it cannot be read as a picture, as far as its header shows; names the file.
    """
    with _opened(path) as file:
        stored, details = _header(_codec(file, path), file, max_pixels)
    if orientation.is_sideways(orientation.orientation(details.exif, details.xmp)):
        return replace(stored, height=stored.width, width=stored.height, subsampling=details.subsampling[::-1])
    return replace(stored, subsampling=details.subsampling)


def read(path: Path, max_pixels: int = MAX_PIXELS) -> Photo:
    """Decode a picture, turn it upright, and keep all its metadata.

    Args:
        path: the file; its content decides the format, not its suffix.
        max_pixels: larger pictures are refused.

    Raises:
        DenoiserError: it cannot be read completely; names the file.
    """
    with _opened(path) as file:
        codec = _codec(file, path)
        stored, details = _header(codec, file, max_pixels)
        photo = _with_white(_upright(codec.read(file, details)))
    if path.suffix.lower() in SUFFIXES[stored.format]:
        return photo
    return replace(photo, notes=(f"a {stored.format} file whose name ends in '{path.suffix}'", *photo.notes))


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The file; every error names it."""
    try:
        with path.open("rb") as file:
            yield file
    except Refused as error:
        raise DenoiserError(f"{error} ({path})", error.fix) from error
    except MemoryError as error:
        raise DenoiserError(f"the picture does not fit into memory ({path})", "free memory") from error
    except PermissionError as error:
        raise DenoiserError(f"no permission to read the picture ({path})", f"chmod u+r '{path}'") from error
    except Exception as error:  # damaged files make decoders raise anything
        raise DenoiserError(f"{_reason(error)} ({path})", COPY_AGAIN) from error


def _reason(error: Exception) -> str:
    if "truncated" in str(error).lower():
        return "the file is cut off"
    return f"unreadable picture: {getattr(error, 'strerror', None) or str(error) or type(error).__name__}"


def _codec(file: IO[bytes], path: Path) -> ModuleType:
    start = file.read(16)
    if not start:
        raise Refused("the file is empty")
    for position, magic, name in _NOT_READ:
        if start[position:].startswith(magic):
            raise Refused(f"{name}, which cannot be read", _EXPORT)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return webp
    codec = next((codec for magic, codec in _FORMATS if start.startswith(magic)), None)
    if codec is None:
        raise Refused("not a picture")
    if codec is tiff and path.suffix.lower() in RAW:
        raise Refused(f"a camera's raw file ({path.suffix[1:].upper()}), which cannot be read", _EXPORT)
    return codec


def _header(codec: ModuleType, file: IO[bytes], max_pixels: int) -> tuple[Header, Details]:
    """The header and metadata as they are stored."""
    header: Header
    details: Details
    header, details = codec.header(file)
    pixels = header.width * header.height
    if pixels > max_pixels:
        size = f"{header.width} x {header.height} = {pixels} pixels"
        raise Refused(f"{size}, and the limit is {max_pixels}", f"--max-pixels {pixels}")
    return header, details


def _upright(photo: Photo) -> Photo:
    details = photo.details
    stored = orientation.orientation(details.exif, details.xmp)
    sideways = orientation.is_sideways(stored)
    upright = replace(
        details,
        exif=orientation.upright(details.exif, stored),
        xmp=orientation.upright_xmp(details.xmp),
        dpi=details.dpi[::-1] if sideways and details.dpi else details.dpi,
        subsampling=details.subsampling[::-1] if sideways else details.subsampling,
        encoding=jpeg.sideways(details.encoding) if sideways else details.encoding,
    )
    others = (photo.alpha, photo.bands)
    alpha, bands = (None if planes is None else orientation.turn(planes, stored) for planes in others)
    return replace(photo, pixels=orientation.turn(photo.pixels, stored), alpha=alpha, bands=bands, details=upright)


def _with_white(photo: Photo) -> Photo:
    """The photo with its white: for floats 1, or the largest visible value if it is above 1; all must be finite."""
    if photo.pixels.dtype.kind != "f":
        return photo
    not_finite, largest = 0, 1.0
    for rows in strips(*photo.pixels.shape[:2]):
        for values in (photo.pixels, *(() if photo.bands is None else (photo.bands,))):
            finite = np.isfinite(values[rows])
            not_finite += finite.size - int(np.count_nonzero(finite))
        seen = photo.pixels[rows] if photo.alpha is None else photo.pixels[rows][photo.alpha[rows] > 0]
        largest = float(seen.max(initial=largest)) if not not_finite else largest
    if not_finite:
        raise Refused(f"{not_finite} values are NaN or infinite", "replace them by finite numbers")
    if largest == 1:
        return replace(photo, white=1.0)
    note = f"floats up to {largest:g}: the largest is taken as white"
    return replace(photo, white=largest, notes=(*photo.notes, note))
