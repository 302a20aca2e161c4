"""Any picture file to a photo at its full depth and upright, or the reason why not, without torch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import IO, Literal, Protocol

from denoiser.data.images import white
from denoiser.data.images.formats import bmp_gif, damage, foreign, jpeg, npy, orientation, png, pnm, tiff, webp
from denoiser.data.images.formats.photo import Details, Header, Photo, Refused
from denoiser.data.images.formats.suffixes import SUFFIXES
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
    (b"P2", pnm),
    (b"P3", pnm),
    (b"P5", pnm),
    (b"P6", pnm),
    (b"\x93NUMPY", npy),
)
_SPLIT = "replace it by a file for each page; tiffsplit FILE (libtiff) makes them of a TIFF"


class OpenedPages(Protocol):
    """The pictures in an open file.

    Attributes:
        further: how many pages of the file are no pictures, but smaller versions and masks of them.
    """

    further: int

    def __len__(self) -> int:
        """How many there are."""

    def header(self, index: int) -> tuple[Header, Details]:
        """The size and metadata of one, as they are stored."""

    def read(self, index: int, details: Details) -> Photo:
        """The pixels of one, as they are stored."""


class _OnlyPage:
    """The picture in a file of a format that holds one."""

    def __init__(self, codec: ModuleType, file: IO[bytes]) -> None:
        self.codec, self.file, self.further = codec, file, 0

    def __len__(self) -> int:
        return 1

    def header(self, index: int) -> tuple[Header, Details]:
        stored: tuple[Header, Details] = self.codec.header(self.file)
        return stored

    def read(self, index: int, details: Details) -> Photo:
        photo: Photo = self.codec.read(self.file, details)
        return photo


def header(path: Path, max_pixels: int = MAX_PIXELS) -> Header:
    """Read a picture's header, without decoding its pixels.

    Args:
        path: the file.
        max_pixels: larger pictures are refused.

    Raises:
        DenoiserError: it cannot be read as one picture, as far as its header shows; names the file.
    """
    with opened(path) as file:
        return page_header(_single(pages(file, path)), 0, max_pixels)


def read(path: Path, max_pixels: int = MAX_PIXELS) -> Photo:
    """Decode a picture, turn it upright, and keep all its metadata.

    Args:
        path: the file; its content decides the format, not its suffix.
        max_pixels: larger pictures are refused.

    Raises:
        DenoiserError: it cannot be read completely, or holds several pictures, see `stacks`; names the file.
    """
    with opened(path) as file:
        photo = page(_single(pages(file, path)), 0, max_pixels)
        return with_suffix_note(white.with_white(photo, white.levels(photo)), path)


def page_header(pages: OpenedPages, index: int, max_pixels: int) -> Header:
    """The header of one of the pictures in a file, upright."""
    stored, details = _header(pages, index, max_pixels)
    if orientation.is_sideways(orientation.orientation(details.exif, details.xmp)):
        return replace(stored, height=stored.width, width=stored.height, subsampling=details.subsampling[::-1])
    return replace(stored, subsampling=details.subsampling)


def page(pages: OpenedPages, index: int, max_pixels: int) -> Photo:
    """One of the pictures in a file, upright; the white of floats is not known yet."""
    return _upright(pages.read(index, _header(pages, index, max_pixels)[1]))


def with_suffix_note(photo: Photo, path: Path) -> Photo:
    """The photo of a file, with a note where the suffix is that of another format."""
    if path.suffix.lower() in SUFFIXES[photo.details.format]:
        return photo
    return replace(photo, notes=(f"a {photo.details.format} file whose name ends in '{path.suffix}'", *photo.notes))


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file; every error names it."""
    try:
        with path.open("rb") as file:
            yield file
    except DenoiserError:
        raise
    except Exception as error:  # damaged files make decoders raise anything
        raise damage.error_of(path, error) from error


def pages(file: IO[bytes], path: Path, axes: str | None = None) -> OpenedPages:
    """The pictures in an open file of any format.

    Args:
        file: it stays open as long as pictures are read.
        path: its name.
        axes: of an array in a `.npy` file, see `npy.axes_of`.

    Raises:
        Refused: it is no picture, or none that can be read.
    """
    start, suffix = file.read(foreign.START), path.suffix.lower()
    if not start:
        raise Refused("the file is empty")
    codec = _codec(start)
    if codec is None or codec is tiff:  # every other beginning is of one format alone
        foreign.refuse(start, suffix, codec is tiff)
    if codec is None:
        raise foreign.unknown(suffix)
    if codec is npy:
        return npy.ArrayPictures(file, axes)
    return tiff.TiffPictures(file) if codec is tiff else _OnlyPage(codec, file)


def kind(path: str | os.PathLike[str]) -> foreign.Kind | Literal[True] | None:
    """What a file is by its content alone.

    Returns:
        True for a picture that can be read, a kind of `foreign.KINDS`, or None for other files and unreadable ones.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(foreign.START)
    except OSError:
        return None
    likely = _is_likely(start)
    if likely and _codec(start) is not tiff:
        return True
    return foreign.kind_of(start) or (True if likely else None)


def is_array(path: str | os.PathLike[str]) -> bool:
    """Whether a file is an array of numpy, by its content."""
    try:
        with open(path, "rb") as file:
            return _codec(file.read(foreign.START)) is npy
    except OSError:
        return False


def _is_likely(start: bytes) -> bool:
    """Whether a file is a picture by more than two letters, which texts can begin with too."""
    codec = _codec(start)
    if codec is pnm:
        return start[2:3].isspace() and start[3:4] in b"#0123456789"
    return codec is not None and (start[:2] != b"BM" or start[6:10] == bytes(4))


def _codec(start: bytes) -> ModuleType | None:
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return webp
    return next((codec for magic, codec in _FORMATS if start.startswith(magic)), None)


def _single(pages: OpenedPages) -> OpenedPages:
    if len(pages) > 1:
        raise Refused(f"{len(pages)} pages in one file, of which training and evaluation read none", _SPLIT)
    return pages


def _header(pages: OpenedPages, index: int, max_pixels: int) -> tuple[Header, Details]:
    """The header and metadata as they are stored."""
    header, details = pages.header(index)
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
        encoding=jpeg.turned(details.encoding, stored) if details.format == "JPEG" else details.encoding,
    )
    others = (photo.alpha, photo.bands)
    alpha, bands = (None if planes is None else orientation.turn(planes, stored) for planes in others)
    return replace(photo, pixels=orientation.turn(photo.pixels, stored), alpha=alpha, bands=bands, details=upright)
