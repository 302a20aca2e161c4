"""PGM and PPM files (Netpbm), binary or text, of any number of levels; written in binary form."""

from __future__ import annotations

import re
from typing import IO

import numpy as np

from denoiser.data.images.formats import colour_spaces
from denoiser.data.images.formats.photo import Details, Header, Photo, Pixels, Refused, white_of

_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_HEAD = re.compile(rb"P([2356])" + 3 * (_GAP + rb"(\d{1,9})") + rb"\s")
_LONGEST = 4096
"""Bytes in which the header, comments included, must end."""
_CHANNELS = {2: 1, 3: 3, 5: 1, 6: 3}
"""Channels by the number in the file's first two bytes; 2 and 3 are text."""
_COMMENT, _NO_NUMBERS = re.compile(rb"#[^\r\n]*"), re.compile(rb"[^\d\s]")


def header(file: IO[bytes]) -> tuple[Header, Details]:
    """The size; there is no metadata."""
    _, channels, width, height, white = _head(file)
    return Header(height, width, channels, 8 if white < 256 else 16, "PPM"), Details("PPM")


def read(file: IO[bytes], details: Details) -> Photo:
    """The pixels; ranges other than 8 and 16 bits are stretched to the next larger of the two."""
    is_text, channels, width, height, white = _head(file)
    count = width * height * channels
    levels = _text(file, count, white) if is_text else _binary(file, count, white)
    if len(levels) < count:
        raise Refused("the file is cut off")
    pixels = colour_spaces.stretched(levels.reshape((height, width, 3)[: 2 + channels // 3]), white)
    return Photo(pixels, white_of(pixels.dtype), details)


def _binary(file: IO[bytes], count: int, white: int) -> Pixels:
    """At most `count` levels."""
    dtype = np.dtype(">u1" if white < 256 else ">u2")
    data = file.read(count * dtype.itemsize)
    levels: Pixels = np.frombuffer(data[: len(data) // dtype.itemsize * dtype.itemsize], dtype)
    return levels.astype(dtype.newbyteorder("="))


def _text(file: IO[bytes], count: int, white: int) -> Pixels:
    """At most `count` levels that are written in decimal numbers.

    Raises:
        Refused: there is something else between them, or one is larger than white.
    """
    text = _COMMENT.sub(b"", file.read())
    if _NO_NUMBERS.search(text):
        raise Refused("a text PGM or PPM file with something else than numbers")
    levels: Pixels = np.fromstring(text, np.uint64, sep=" ")[:count] if text.strip() else np.empty(0, np.uint64)
    if (levels > white).any():
        raise Refused(f"a PGM or PPM file with a level of {levels.max()}, above the {white} that its header says")
    return levels.astype(np.uint8 if white < 256 else np.uint16)


def write(file: IO[bytes], photo: Photo) -> None:
    """A PGM file for a grey picture, a PPM file for a colour picture."""
    height, width = photo.pixels.shape[:2]
    file.write(f"P{5 if photo.channels == 1 else 6}\n{width} {height}\n{int(photo.white)}\n".encode())
    file.write(photo.pixels.astype(photo.pixels.dtype.newbyteorder(">"), order="C", copy=False).data)


def _head(file: IO[bytes]) -> tuple[bool, int, int, int, int]:
    """Whether the file is text, channels, width, height and the value of white; leaves the file at the pixels."""
    file.seek(0)
    head = _HEAD.match(file.read(_LONGEST))
    version, width, height, white = (int(number) for number in head.groups()) if head else (0, 0, 0, 0)
    if head is None or not (width and height and 0 < white < 65536):
        raise Refused("a PGM or PPM file whose header is damaged")
    file.seek(head.end())
    return version < 5, _CHANNELS[version], width, height, white
