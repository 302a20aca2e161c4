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
_SEQUENTIAL = (0xC0, 0xC1, 0xC9)
_PROGRESSIVE = (0xC2, 0xCA)
_BY_BLOCKS = (*_SEQUENTIAL, *_PROGRESSIVE)
_EXTENDED = {0xC0: 0xC1}
"""The frames that can have samples of 12 bits, of those that cannot."""
_HUFFMAN = {0xC9: 0xC1}
"""The frames with Huffman codes, of those with arithmetic codes."""
_QUANTISATION = 0xDB
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_ADOBE, _COMMENT = 0xEE, 0xFE
_OF_SCANS = (0xC4, 0xCC, 0xDD, SCAN)
"""Huffman tables, arithmetic conditioning, restarts and the header of a scan."""
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


class Component(NamedTuple):
    """A plane of a picture.

    Attributes:
        number: its number in the file.
        down: rows of blocks in a group.
        across: columns of blocks in a group.
        quantisation: the steps of its 64 coefficients in zigzag order; empty if the file has none before its scans.
    """

    number: int
    down: int
    across: int
    quantisation: tuple[int, ...]


class Frame(NamedTuple):
    """What the scans of a picture consist of.

    Attributes:
        progressive: whether scans refine others.
        interleaved: whether all scans hold all components.
        height: in pixels.
        width: in pixels.
        components: the planes.
    """

    progressive: bool
    interleaved: bool
    height: int
    width: int
    components: tuple[Component, ...]

    @property
    def down(self) -> int:
        """Rows of blocks in a group, of the finest component."""
        return max(part.down for part in self.components)

    @property
    def across(self) -> int:
        """Columns of blocks in a group, of the finest component."""
        return max(part.across for part in self.components)

    def blocks(self, part: Component) -> tuple[int, int]:
        """Rows and columns of a component's blocks in whole groups, as scans of several components have them."""
        rows, columns = -(-self.height // (BLOCK * self.down)), -(-self.width // (BLOCK * self.across))
        return rows * part.down, columns * part.across

    def seen_blocks(self, part: Component) -> tuple[int, int]:
        """Rows and columns of a component's blocks in scans of it alone."""
        rows, columns = -(-self.height * part.down // self.down), -(-self.width * part.across // self.across)
        return -(-rows // BLOCK), -(-columns // BLOCK)

    def whole_size(self, part: Component) -> tuple[int, int]:
        """The height and width of which a decoder shows all blocks of a component that are in the scans.

        Scans of several components hold whole groups of blocks. Those of one hold the blocks that are seen, which are
        other numbers of groups in each component.
        """
        if self.interleaved:
            rows, columns = self.blocks(part)
        else:
            rows, columns = self.seen_blocks(part)
        height, width = rows * BLOCK * self.down // part.down, columns * BLOCK * self.across // part.across
        return height if height <= LARGEST else self.height, width if width <= LARGEST else self.width


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


def frame(data: bytes) -> Frame | None:
    """The frame of a grey or colour picture of 8 bits that is coded by blocks of 8 x 8; None of another one."""
    found = _frame(data)
    precision, height, width, count = struct.unpack_from(">BHHB", data, found.start + 4)
    if found.marker not in _BY_BLOCKS or precision != 8 or count not in (1, 3):
        return None
    tables, parts = _tables(data), []
    for position in range(found.start + 10, found.start + 10 + 3 * count, 3):
        number, factors, table = data[position : position + 3]
        down, across = (factors & 15, factors >> 4) if count > 1 else (1, 1)
        parts.append(Component(number, down, across, tables.get(table, ())))
    *_, scan = segments(data)
    interleaved = found.marker in _SEQUENTIAL and data[scan.start + 4] == count
    return Frame(found.marker in _PROGRESSIVE, interleaved, height, width, tuple(parts))


def has_later_tables(data: bytes) -> bool:
    """Whether there are, or seem to be, quantisation tables behind the first scan."""
    *_, scan = segments(data)
    return data.find(bytes([0xFF, _QUANTISATION]), scan.end) >= 0


def deep(data: bytes, scale: int, height: int, width: int) -> bytes:
    """The same file of another size with samples of 12 bits and steps of quantisation that are `scale` times larger."""
    steps = {number: [scale * step for step in table] for number, table in _tables(data).items()}
    tables = b"".join(struct.pack(">HHB64H", 0xFFDB, 131, 16 + number, *table) for number, table in steps.items())
    changed, found = bytearray(data), _frame(data)
    changed[found.start + 1] = _EXTENDED.get(found.marker, found.marker)
    struct.pack_into(">BHH", changed, found.start + 4, 12, height, width)
    kept = [changed[each.start : each.end] for each in segments(changed) if each.marker != _QUANTISATION]
    *_, scan = segments(data)
    return b"".join([data[:2], tables, *kept, data[scan.end :]])


def with_scans(data: bytes, scans: bytes) -> bytes:
    """The file with other scans, which have their own Huffman tables and no restarts, of its frame."""
    changed, found = bytearray(data), _frame(data)
    changed[found.start + 1] = 0xC2 if found.marker in _PROGRESSIVE else _HUFFMAN.get(found.marker, found.marker)
    kept = [changed[each.start : each.end] for each in segments(changed) if each.marker not in _OF_SCANS]
    return b"".join([data[:2], *kept, scans])


def _tables(data: bytes) -> dict[int, tuple[int, ...]]:
    """The quantisation tables before the scans, in zigzag order."""
    tables = {}
    for segment in segments(data):
        position = segment.start + 4
        while segment.marker == _QUANTISATION and position < segment.end:
            kind = "H" if data[position] >> 4 else "B"
            tables[data[position] & 15] = struct.unpack_from(f">64{kind}", data, position + 1)
            position += struct.calcsize(f">B64{kind}")
    return tables


def with_metadata(picture: bytes, other: bytes) -> bytes:
    """The frame and the scans of one file behind the metadata of another."""
    kept = [segment for segment in segments(picture) if segment.marker not in _METADATA]
    taken = [segment for segment in segments(other) if segment.marker in _METADATA]
    parts = [other[each.start : each.end] for each in taken] + [picture[each.start : each.end] for each in kept]
    return b"".join([picture[:2], *parts, picture[kept[-1].end :]])


def _frame(data: bytes | bytearray) -> Segment:
    return next(segment for segment in segments(data) if segment.marker in _FRAMES)
