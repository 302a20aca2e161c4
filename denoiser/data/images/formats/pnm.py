"""Binary PGM and PPM files (Netpbm), of any number of levels."""

from __future__ import annotations

import re
from typing import IO

import numpy as np

from denoiser.data.images.formats import colour_spaces
from denoiser.data.images.formats.photo import Details, Header, Photo, Refused, white_of

_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_HEAD = re.compile(rb"P([56])" + 3 * (_GAP + rb"(\d{1,9})") + rb"\s")
_LONGEST = 4096
"""Bytes in which the header, comments included, must end."""
_CHANNELS = {5: 1, 6: 3}
"""Channels by the number in the file's first two bytes."""


def header(file: IO[bytes]) -> tuple[Header, Details]:
    """The size; there is no metadata."""
    channels, width, height, white, _ = _head(file)
    return Header(height, width, channels, 8 if white < 256 else 16, "PPM"), Details("PPM")


def read(file: IO[bytes], details: Details) -> Photo:
    """The pixels; ranges other than 8 and 16 bits are stretched to the next larger of the two."""
    channels, width, height, white, start = _head(file)
    file.seek(start)
    dtype, count = np.dtype(">u1" if white < 256 else ">u2"), width * height * channels
    data = file.read(count * dtype.itemsize)
    if len(data) < count * dtype.itemsize:
        raise Refused("the file is cut off")
    levels = np.frombuffer(data, dtype).reshape((height, width, 3)[: 2 + channels // 3])
    pixels = colour_spaces.stretched(levels.astype(dtype.newbyteorder("=")), white)
    return Photo(pixels, white_of(pixels.dtype), details)


def write(file: IO[bytes], photo: Photo) -> None:
    """A PGM file for a grey picture, a PPM file for a colour picture."""
    height, width = photo.pixels.shape[:2]
    file.write(f"P{5 if photo.channels == 1 else 6}\n{width} {height}\n{int(photo.white)}\n".encode())
    file.write(photo.pixels.astype(photo.pixels.dtype.newbyteorder(">"), order="C", copy=False).data)


def _head(file: IO[bytes]) -> tuple[int, int, int, int, int]:
    """Channels, width, height, the value of white, and the position of the pixels."""
    file.seek(0)
    head = _HEAD.match(file.read(_LONGEST))
    version, width, height, white = (int(number) for number in head.groups()) if head else (0, 0, 0, 0)
    if head is None or not (width and height and 0 < white < 65536):
        raise Refused("a PGM or PPM file whose header is damaged")
    return _CHANNELS[version], width, height, white, head.end()
