"""Directories of TIFF files and of EXIF blocks, which are TIFF files without pixels (TIFF 6.0, BigTIFF, EXIF 2.32).

Values are carried as the bytes that they are, in the byte order that they have: nothing is interpreted, so nothing is
lost. Directories inside of directories (EXIF, GPS, interoperability) are carried with them.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import IO, Literal, NamedTuple, TypeAlias

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_LARGEST = 1 << 28
EXIF, GPS, _INTEROPERABILITY = 0x8769, 0x8825, 0xA005
_DIRECTORIES = (EXIF, GPS, _INTEROPERABILITY)
_DEEPEST = 2


Order: TypeAlias = Literal["<", ">"]


class Entry(NamedTuple):
    """A value: its TIFF type, how many of that, and their bytes; or a directory."""

    kind: int
    length: int
    value: bytes | Directory


Directory: TypeAlias = dict[int, Entry]


class Layout(NamedTuple):
    """How a file writes numbers: `<` or `>`, and whether it is a BigTIFF."""

    order: Order
    big: bool = False

    @property
    def number(self) -> str:
        """Of the number of entries."""
        return self.order + ("Q" if self.big else "H")

    @property
    def offset(self) -> str:
        """Of positions in the file."""
        return self.order + ("Q" if self.big else "I")

    @property
    def entry(self) -> str:
        """Of tag, type, count, and the value or its position."""
        return self.order + ("HHQ8s" if self.big else "HHI4s")


def layout(file: IO[bytes]) -> tuple[Layout, int]:
    """The layout of a file, and the place of its first directory.

    Raises:
        struct.error: the file is shorter than a TIFF header.
    """
    file.seek(0)
    head = file.read(16)
    order: Order = "<" if head[:2] == b"II" else ">"
    big = bool(struct.unpack_from(order + "H", head, 2)[0] == 43)
    found = Layout(order, big)
    return found, int(struct.unpack_from(found.offset, head, 8 if big else 4)[0])


@dataclass
class _Reading:
    """What bounds the reading of damaged files: places that were read, and bytes that there may still be."""

    file: IO[bytes]
    how: Layout
    seen: set[int] = field(default_factory=set)
    room: int = 0


def directory(file: IO[bytes], place: int, how: Layout, leave: Collection[int] = ()) -> Directory:
    """The entries of a directory; those that are damaged are left out, and those beyond the size of the file.

    Args:
        file: a TIFF file or EXIF block.
        place: where the directory starts.
        how: the file's layout.
        leave: tags that are not wanted.
    """
    return _directory(_Reading(file, how, room=file.seek(0, io.SEEK_END)), place, leave, 0)


def _directory(reading: _Reading, place: int, leave: Collection[int], depth: int) -> Directory:
    if place in reading.seen:
        return {}
    reading.seen.add(place)
    file, how = reading.file, reading.how
    file.seek(place)
    head = file.read(struct.calcsize(how.number))
    if len(head) < struct.calcsize(how.number):
        return {}
    table = file.read(struct.calcsize(how.entry) * min(struct.unpack(how.number, head)[0], 0xFFFF))
    whole = len(table) - len(table) % struct.calcsize(how.entry)
    entries: Directory = {}
    for tag, kind, count, value in struct.iter_unpack(how.entry, table[:whole]):
        entry = None if tag in leave or tag in entries else _entry(reading, (tag, kind, count, value), depth)
        if entry is not None:
            entries[tag] = entry
    return entries


def _entry(reading: _Reading, raw: tuple[int, int, int, bytes], depth: int) -> Entry | None:
    (tag, kind, count, stored), file, how = raw, reading.file, reading.how
    size = _SIZES.get(kind, 0) * count
    if not 0 < size <= _LARGEST:
        return None
    inline = size <= len(stored)
    if tag in _DIRECTORIES:
        place = int.from_bytes(stored[:size], "little" if how.order == "<" else "big") if inline else 0
        inside = _directory(reading, place, (), depth + 1) if place and depth < _DEEPEST else {}
        return Entry(kind, 1, inside) if inside else None
    if inline:
        return Entry(kind, count, stored[:size])
    reading.room -= size
    if reading.room < 0:
        return None
    file.seek(struct.unpack(how.offset, stored)[0])
    value = file.read(size)
    return Entry(kind, count, value) if len(value) == size else None


def serialised(entries: Directory, place: int, how: Layout) -> bytes:
    """The bytes of a directory that is to stand at `place` of a file, the values it points to behind it."""
    table, values = struct.pack(how.number, len(entries)), b""
    link = struct.calcsize(how.offset)
    behind = place + len(table) + len(entries) * struct.calcsize(how.entry) + link
    for tag, (kind, count, value) in sorted(entries.items()):
        here = behind + len(values)
        if isinstance(value, dict):
            kind, value, field = (16 if how.big else 4), serialised(value, here, how), struct.pack(how.offset, here)
        elif len(value) <= link:
            value, field = b"", value.ljust(link, b"\0")
        else:
            field = struct.pack(how.offset, here)
        table += struct.pack(how.entry, tag, kind, count, field)
        values += value + bytes(len(value) % 2)
    return table + bytes(link) + values


def block(entries: Directory, order: Order) -> bytes:
    """An EXIF block that holds a directory."""
    head = struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, 8)
    return head + serialised(entries, 8, Layout(order))


def unblock(exif: bytes) -> tuple[Directory, Order]:
    """The first directory of an EXIF block, without the thumbnail's, and its byte order."""
    file = io.BytesIO(exif)
    try:
        how, place = layout(file)
    except struct.error:
        return {}, "<"
    return directory(file, place, how), how.order


def add(file: IO[bytes], entries: Directory, leave: Collection[int] = ()) -> None:
    """Give a TIFF file with one page further tags: a new directory at its end takes the place of the first.

    Args:
        file: open for reading and writing.
        entries: in the byte order of the file; they replace those that are there.
        leave: tags that go.
    """
    how, place = layout(file)
    merged = {**directory(file, place, how, leave), **entries}
    end = file.seek(0, io.SEEK_END)
    end += file.write(bytes(end % 2))
    file.write(serialised(merged, end, how))
    file.seek(8 if how.big else 4)
    file.write(struct.pack(how.offset, end))
