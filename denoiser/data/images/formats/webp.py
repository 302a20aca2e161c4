"""WebP files: a RIFF container (Google, WebP Container Specification) around VP8 or VP8L pictures."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import IO

import imagecodecs

from denoiser.data.images.formats import bands, not_kept
from denoiser.data.images.formats.photo import NOT_SUBSAMPLED, Details, Header, Photo, Refused, refuse_animation

_PICTURES = (b"VP8 ", b"VP8L", b"ALPH", b"ANMF")
_READ = (*_PICTURES, b"VP8X", b"ANIM", b"ICCP", b"EXIF", b"XMP ")
_START = 10
"""Bytes of a chunk of pixels that hold its size."""
_HAS_ALPHA = 0x10
_FINE = {"quality": 95, "method": 2}  # a higher method takes three times the memory and makes the file no smaller


def header(file: IO[bytes]) -> tuple[Header, Details]:
    """The size and metadata, as they are stored; `encoding` gets `lossless`."""
    chunks = list(_chunks(file))
    names = {name: data for name, data in reversed(chunks)}
    frames = sum(name == b"ANMF" for name, _ in chunks)
    refuse_animation(frames)
    height, width, alpha = _measured(names)
    details = Details(
        "WEBP",
        exif=bands.without_prefix(names.get(b"EXIF")),
        icc=names.get(b"ICCP"),
        xmp=names.get(b"XMP "),
        subsampling=NOT_SUBSAMPLED if b"VP8L" in names else (2, 2),
        encoding={"lossless": b"VP8L" in names},
    )
    return Header(height, width, 3, 8, "WEBP", alpha), details


def read(file: IO[bytes], details: Details) -> Photo:
    """The pixels, as they are stored."""
    unknown = not_kept.chunks(name for name, _ in _chunks(file) if name not in _READ)
    notes = (*unknown, *not_kept.behind(file, _end(file)))
    file.seek(0)
    data = file.read()
    return bands.split(imagecodecs.webp_decode(data, hasalpha=header(file)[0].alpha), details, notes)


def write(file: IO[bytes], photo: Photo) -> None:
    """A WebP file: lossless if the source was, else of quality 95; colours of transparent pixels are kept."""
    details = photo.details
    lossless = bool(details.format == "WEBP" and details.encoding.get("lossless"))
    metadata = {"exif": details.exif, "icc_profile": details.icc, "xmp": details.xmp}
    quality = {"lossless": True} if lossless else _FINE
    file.write(bands.encoded(bands.joined(photo), "WEBP", exact=True, **quality, **metadata))


def _chunks(file: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents of the chunks; of those with pixels only the start.

    Raises:
        Refused: the file ends before its last chunk does.
    """
    end = file.seek(0, io.SEEK_END)
    file.seek(4)
    position, last = 12, 8 + int.from_bytes(file.read(4), "little")
    if last > end:
        raise Refused("the file is cut off")
    while position + 8 <= last:
        file.seek(position)
        name, length = struct.unpack("<4sI", file.read(8))
        if position + 8 + length > end:
            raise Refused("the file is cut off")
        yield name, file.read(min(length, _START) if name in _PICTURES else length)
        position += 8 + length + length % 2


def _end(file: IO[bytes]) -> int:
    """Where the container ends, by its own length, which is even or padded."""
    file.seek(4)
    length = int.from_bytes(file.read(4), "little")
    return 8 + length + length % 2


def _measured(names: dict[bytes, bytes]) -> tuple[int, int, bool]:
    """Height, width, and whether there is an alpha channel."""
    if b"VP8X" in names:
        head = names[b"VP8X"]
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (4, 7))
        return height, width, bool(head[0] & _HAS_ALPHA)
    if b"VP8L" in names:
        (packed,) = struct.unpack_from("<I", names[b"VP8L"], 1)
        return (packed >> 14 & 0x3FFF) + 1, (packed & 0x3FFF) + 1, bool(packed >> 28 & 1)
    width, height = struct.unpack_from("<HH", names[b"VP8 "], 6)
    return height & 0x3FFF, width & 0x3FFF, False
