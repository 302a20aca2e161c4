"""What stands behind the picture of a JPEG file: further pictures, and the video of a motion photo."""

from __future__ import annotations

import mmap
import re
from typing import IO, NamedTuple

from denoiser.data.images.formats.jpeg_segments import ALONE, SCAN

_START, _END = b"\xff\xd8\xff", 0xD9
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""A marker among the bits of a scan."""
_GAP = re.compile(rb"\0*")
_PADDING = re.compile(rb"[\0\xff]*\Z")
_LARGEST = 1 << 28
"""Bytes of the largest video that is kept."""


class Trailer(NamedTuple):
    """What stands behind a picture.

    Attributes:
        first: the first picture itself.
        pictures: number of further JPEG pictures.
        video: the rest of the file, if that has a video; it is found by its distance from the end.
        unknown: bytes of the rest if it has none, without mere padding.
    """

    first: bytes
    pictures: int
    video: bytes
    unknown: int

    def notes(self, listed: int) -> tuple[str, ...]:
        """What is left out, for the user; `listed` is the number of pictures that the file's own list has."""
        count = max(listed, 1 + self.pictures)
        pictures = (f"only the first of {count} pictures in the file is kept",) if count > 1 else ()
        unknown = (f"{self.unknown} bytes of an unknown kind behind the picture are left out",) if self.unknown else ()
        return (*pictures, *unknown)


def trailer(file: IO[bytes]) -> Trailer:
    """What stands behind the first picture of a file."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        pictures, position = 0, _end(data, 0)
        first = data[:position]
        while data[(after := _skipped(data, position)) : after + 3] == _START:
            pictures, position = pictures + 1, _end(data, after)
        size = len(data) - position
        if data.find(b"ftyp", position) >= 0 and size <= _LARGEST:
            return Trailer(first, pictures, data[position:], 0)
        return Trailer(first, pictures, b"", 0 if _PADDING.match(data, position) else size)


def _skipped(data: mmap.mmap, position: int) -> int:
    gap = _GAP.match(data, position)
    return gap.end() if gap else position


def _end(data: mmap.mmap, start: int) -> int:
    """The position behind the picture that starts there; the end of the file where the picture is damaged."""
    position = start + 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
        elif marker in ALONE:
            position += 2
        else:
            position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if marker == SCAN:
            following = _MARKER.search(data, position)
            position = following.start() if following else len(data)
        if data[position : position + 2] == b"\xff" + bytes([_END]):
            return position + 2
    return len(data)
