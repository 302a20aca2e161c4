"""Binary PGM and PPM files (Netpbm), of any number of levels."""

from __future__ import annotations

import re
from typing import IO

import numpy as np

from denoiser.data.images.formats import colour_spaces
from denoiser.data.images.formats.photo import Details, Header, Photo, Refused

_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_HEAD = re.compile(rb"P([56])" + 3 * (_GAP + rb"(\d{1,9})") + rb"\s")
_LONGEST = 4096
_CHANNELS = {5: 1, 6: 3}


def header(file: IO[bytes]) -> tuple[Header, Details]:
    """What the file holds. Nothing of its encoding is to be kept."""
    channels, width, height, white, _ = _head(file)
    return Header(height, width, channels, 8 if white < 256 else 16, "PPM"), Details("PPM")


def read(file: IO[bytes], details: Details) -> Photo:
    """The pixels; levels that are neither 256 nor 65536 are brought to the next of these ranges."""
    channels, width, height, white, start = _head(file)
    file.seek(start)
    kind, count = np.dtype(">u1" if white < 256 else ">u2"), width * height * channels
    data = file.read(count * kind.itemsize)
    if len(data) < count * kind.itemsize:
        raise Refused("the file is cut off")
    levels = np.frombuffer(data, kind).reshape((height, width, 3)[: 2 + channels // 3])
    pixels = colour_spaces.stretched(levels.astype(kind.newbyteorder("=")), white)
    return Photo(pixels, float(np.iinfo(pixels.dtype).max), details)


def write(file: IO[bytes], photo: Photo) -> None:
    """A PGM file of a grey picture, a PPM file of colour."""
    height, width = photo.pixels.shape[:2]
    file.write(f"P{5 if photo.channels == 1 else 6}\n{width} {height}\n{int(photo.white)}\n".encode())
    file.write(photo.pixels.astype(photo.pixels.dtype.newbyteorder(">"), order="C", copy=False).data)


def _head(file: IO[bytes]) -> tuple[int, int, int, int, int]:
    """Channels, width, height, white, and where the pixels start."""
    file.seek(0)
    found = _HEAD.match(file.read(_LONGEST))
    if found is None:
        raise Refused("a PGM or PPM file whose header is damaged")
    kind, width, height, white = (int(number) for number in found.groups())
    if not (width and height and 0 < white < 65536):
        raise Refused("a PGM or PPM file whose header is damaged")
    return _CHANNELS[kind], width, height, white, found.end()
