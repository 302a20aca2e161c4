"""Any picture file in, at its full depth and upright, or a reason why not. Torch is not imported here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import IO

import numpy as np

from denoiser.data.images.formats import bmp_gif, jpeg, orientation, png, pnm, tiff, webp
from denoiser.data.images.formats.photo import Details, Header, Photo, Refused, strips
from denoiser.errors import DenoiserError

MAX_PIXELS = 400_000_000
"""More than any camera takes; a file that says that it holds more is likely to be made to fill the memory."""

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
RAW_SUFFIXES = (".arw", ".cr2", ".dng", ".nef", ".nrw", ".pef", ".sr2", ".srw", ".3fr", ".iiq", ".dcr", ".kdc")
"""Of TIFF files that are raw files of a camera."""
_SUFFIXES = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "BMP": (".bmp", ".dib"),
    "GIF": (".gif",),
    "PPM": (".ppm", ".pgm", ".pnm"),
}
SUFFIXES = frozenset(suffix for group in _SUFFIXES.values() for suffix in group)
"""Of the files that are read."""
_EXPORT = "export it as a PNG or a 16-bit TIFF first"


def header(path: Path, max_pixels: int = MAX_PIXELS) -> Header:
    """What is known of a picture without its pixels.

    Args:
        path: the file.
        max_pixels: the most that a picture may have.

    Raises:
        DenoiserError: it cannot be read as a picture, as far as can be seen without its pixels; names the file.
    """
    with _opened(path) as file:
        found, details = _head(_codec(file, path), file, max_pixels)
        turned = orientation.orientation(details.exif, details.xmp) >= 5
        return replace(found, height=found.width, width=found.height) if turned else found


def read(path: Path, max_pixels: int = MAX_PIXELS) -> Photo:
    """Decode a picture, turn it upright, and take along all that the file holds besides.

    Args:
        path: the file; what it holds counts, not its suffix.
        max_pixels: the most that it may have.

    Raises:
        DenoiserError: it cannot be read as a whole; names the file.
    """
    with _opened(path) as file:
        codec = _codec(file, path)
        found, details = _head(codec, file, max_pixels)
        photo = _with_white(_upright(codec.read(file, details)))
    if path.suffix.lower() in _SUFFIXES[found.format]:
        return photo
    return replace(photo, notes=(f"a {found.format} file whose name ends in '{path.suffix}'", *photo.notes))


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The file; whatever goes wrong with it names it."""
    try:
        with path.open("rb") as file:
            yield file
    except Refused as error:
        raise DenoiserError(f"{error} ({path})", error.fix) from error
    except MemoryError as error:
        raise DenoiserError(f"the picture does not fit into memory ({path})", "free memory") from error
    except PermissionError as error:
        raise DenoiserError(f"no permission to read the picture ({path})", f"chmod u+r '{path}'") from error
    except Exception as error:  # decoders raise whatever a damaged file leads them to
        raise DenoiserError(f"{_reason(error)} ({path})", "replace or remove that file") from error


def _reason(error: Exception) -> str:
    if "truncated" in str(error).lower():
        return "the file is cut off"
    return f"unreadable picture: {getattr(error, 'strerror', None) or str(error) or type(error).__name__}"


def _codec(file: IO[bytes], path: Path) -> ModuleType:
    start = file.read(16)
    if not start:
        raise Refused("the file is empty")
    for place, magic, name in _NOT_READ:
        if start[place:].startswith(magic):
            raise Refused(f"{name}, which is not read", _EXPORT)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return webp
    codec = next((codec for magic, codec in _FORMATS if start.startswith(magic)), None)
    if codec is None:
        raise Refused("not a picture")
    if codec is tiff and path.suffix.lower() in RAW_SUFFIXES:
        raise Refused(f"a camera's raw file ({path.suffix[1:].upper()}), which is not read", _EXPORT)
    return codec


def _head(codec: ModuleType, file: IO[bytes], max_pixels: int) -> tuple[Header, Details]:
    found: Header
    details: Details
    found, details = codec.header(file)
    pixels = found.width * found.height
    if pixels > max_pixels:
        size = f"{found.width} x {found.height} = {pixels} pixels"
        raise Refused(f"{size}, and the limit is {max_pixels}", f"--max-pixels {pixels}")
    return found, details


def _upright(photo: Photo) -> Photo:
    details = photo.details
    stored = orientation.orientation(details.exif, details.xmp)
    sideways = stored >= 5
    upright = replace(
        details,
        exif=orientation.upright(details.exif, stored),
        xmp=orientation.upright_xmp(details.xmp),
        dpi=details.dpi[::-1] if sideways and details.dpi else details.dpi,
        shared=details.shared[::-1] if sideways else details.shared,
    )
    alpha = None if photo.alpha is None else orientation.turn(photo.alpha, stored)
    return replace(photo, pixels=orientation.turn(photo.pixels, stored), alpha=alpha, details=upright)


def _with_white(photo: Photo) -> Photo:
    """Of floats: all of them must be numbers, and where they exceed 1 the largest is white."""
    if photo.pixels.dtype.kind != "f":
        return photo
    bad, largest = 0, 1.0
    for rows in strips(*photo.pixels.shape[:2]):
        finite = np.isfinite(photo.pixels[rows])
        bad += finite.size - int(np.count_nonzero(finite))
        largest = max(largest, float(photo.pixels[rows].max())) if not bad else largest
    if bad:
        raise Refused(f"{bad} values are NaN or infinite", "replace them by numbers")
    if largest == 1:
        return replace(photo, white=1.0)
    return replace(photo, white=largest, notes=(*photo.notes, f"floats up to {largest:g}, which is taken for white"))
