"""The segments of a JPEG file (ITU-T T.81, annex B): the size in the frame's header, and metadata before the scans."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

BLOCK = 8
"""Rows and columns of a block."""
LARGEST = 65500
"""Largest side that libjpeg reads and writes."""
ALONE = (0x01, *range(0xD0, 0xD9))
"""Markers without a segment."""
SCAN = 0xDA
_SEQUENTIAL = (0xC0, 0xC1)
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_ADOBE, _COMMENT = 0xEE, 0xFE
_METADATA = ({*range(0xE0, 0xF0)} - {_ADOBE}) | {_COMMENT}
"""Segments that say nothing of how the scans are decoded."""


class Segment(NamedTuple):
    """A marker and what belongs to it.

    Attributes:
        marker: its second byte.
        start: position of its first byte.
        end: position behind it.
    """

    marker: int
    start: int
    end: int


def segments(data: bytes | bytearray) -> Iterator[Segment]:
    """The segments of a picture, up to the header of its first scan.

    Raises:
        ValueError: there is no scan.
    """
    marker, position = 0, 2
    while marker != SCAN:
        position = data.index(b"\xff", position)
        while data[position + 1 : position + 2] == b"\xff":
            position += 1
        start, marker = position, int.from_bytes(data[position + 1 : position + 2])
        position += 2 if marker in (0, *ALONE) else 2 + int.from_bytes(data[position + 2 : position + 4])
        yield Segment(marker, start, position)


def size(data: bytes) -> tuple[int, int]:
    """Height and width of a picture, as they are stored."""
    height, width = struct.unpack_from(">HH", data, _frame(data).start + 5)
    return height, width


def resized(data: bytes | memoryview, height: int, width: int) -> bytes:
    """The same file with another size in the header of its frame; the scans must fit it."""
    changed = bytearray(data)
    struct.pack_into(">HH", changed, _frame(changed).start + 5, height, width)
    return bytes(changed)


def whole_size(data: bytes) -> tuple[int, int]:
    """Height and width with the pixels of the last blocks that are beyond the picture, but in the scans.

    Scans of several components hold whole groups of blocks, those of a single one hold whole blocks.
    """
    *_, scan = segments(data)
    frame = _frame(data)
    count = data[frame.start + 9]
    groups = frame.marker in _SEQUENTIAL and data[scan.start + 4] == count > 1
    factors = [data[frame.start + 11 + 3 * component] for component in range(count)] if groups else [0x11]
    down, across = (max(factor & 15 for factor in factors), max(factor >> 4 for factor in factors))
    height, width = size(data)
    return whole(height, BLOCK * down), whole(width, BLOCK * across)


def whole(side: int, unit: int) -> int:
    """The side in whole units, or itself where that is too large for libjpeg."""
    larger = -(-side // unit) * unit
    return larger if larger <= LARGEST else side


def with_metadata(picture: bytes, other: bytes) -> bytes:
    """The frame and the scans of one file behind the metadata of another."""
    kept = [segment for segment in segments(picture) if segment.marker not in _METADATA]
    taken = [segment for segment in segments(other) if segment.marker in _METADATA]
    parts = [other[each.start : each.end] for each in taken] + [picture[each.start : each.end] for each in kept]
    return b"".join([picture[:2], *parts, picture[kept[-1].end :]])


def _frame(data: bytes | bytearray) -> Segment:
    return next(segment for segment in segments(data) if segment.marker in _FRAMES)
