"""Directories of TIFF files and of EXIF blocks, which are TIFF files without pixels (TIFF 6.0, BigTIFF, EXIF 2.32).

Values are kept as bytes in the byte order of the file: nothing is interpreted, so nothing is lost. Directories inside
directories (EXIF, GPS, interoperability) are kept too.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import IO, Literal, NamedTuple, TypeAlias

from denoiser.data.images.formats.tiff_tags import ExifTag, Tag, Type

_SIZES: dict[int, int] = {
    **dict.fromkeys((Type.BYTE, Type.ASCII, Type.SBYTE, Type.UNDEFINED), 1),
    **dict.fromkeys((Type.SHORT, Type.SSHORT), 2),
    **dict.fromkeys((Type.LONG, Type.SLONG, Type.FLOAT, Type.IFD), 4),
    **dict.fromkeys((Type.RATIONAL, Type.SRATIONAL, Type.DOUBLE, Type.LONG8, Type.SLONG8, Type.IFD8), 8),
}
"""Bytes of one value."""
_LARGEST = 1 << 28
"""Bytes of the largest value that is kept."""
_SUBDIRECTORIES = (ExifTag.ExifIFD, ExifTag.GPSIFD, Tag.InteroperabilityIFD)
_DEEPEST = 2
"""Levels of directories inside the first one."""
_CLASSIC, _BIG = 42, 43
"""Version numbers of TIFF and BigTIFF."""

Order: TypeAlias = Literal["<", ">"]


class Entry(NamedTuple):
    """A tag's value: its TIFF type, how many values of that type, and their bytes; or a directory."""

    type: int
    length: int
    value: bytes | Directory


Directory: TypeAlias = dict[int, Entry]


class Layout(NamedTuple):
    """How a file writes numbers: `<` or `>`, and whether it is a BigTIFF."""

    order: Order
    big: bool = False

    @property
    def number(self) -> str:
        """The `struct` format of the number of entries."""
        return self.order + ("Q" if self.big else "H")

    @property
    def offset(self) -> str:
        """The `struct` format of positions in the file."""
        return self.order + ("Q" if self.big else "I")

    @property
    def entry(self) -> str:
        """The `struct` format of an entry: tag, type, count, and the value or its position."""
        return self.order + ("HHQ8s" if self.big else "HHI4s")


class StoredEntry(NamedTuple):
    """An entry as it stands in the file.

    Attributes:
        position: of its first byte.
        tag: its number.
        type: the TIFF type of its values.
        length: how many values there are.
        stored: the value's bytes where they fit, else the value's position.
    """

    position: int
    tag: int
    type: int
    length: int
    stored: bytes


def layout(file: IO[bytes]) -> tuple[Layout, int]:
    """The layout of a file, and the position of its first directory.

    Raises:
        struct.error: the file is shorter than a TIFF header.
    """
    file.seek(0)
    head = file.read(16)
    order: Order = "<" if head[:2] == b"II" else ">"
    big = bool(struct.unpack_from(order + "H", head, 2)[0] == _BIG)
    numbers = Layout(order, big)
    return numbers, int(struct.unpack_from(numbers.offset, head, 8 if big else 4)[0])


def stored_entries(file: IO[bytes], position: int, numbers: Layout) -> tuple[list[StoredEntry], int]:
    """The entries of the directory at `position`, without those that the end of the file cuts off.

    Returns:
        The entries, and the position of the link to the next directory, which can lie beyond the end of the file.
    """
    file.seek(position)
    head = file.read(struct.calcsize(numbers.number))
    start = position + struct.calcsize(numbers.number)
    if len(head) < struct.calcsize(numbers.number):
        return [], start
    size, count = struct.calcsize(numbers.entry), min(struct.unpack(numbers.number, head)[0], 0xFFFF)
    table = file.read(size * count)
    whole = struct.iter_unpack(numbers.entry, table[: len(table) - len(table) % size])
    return [StoredEntry(start + size * i, *values) for i, values in enumerate(whole)], start + size * count


def directory(file: IO[bytes], position: int, numbers: Layout, leave: Collection[int] = ()) -> Directory:
    """The entries of a directory, without damaged ones and those that exceed the size of the file.

    Args:
        file: a TIFF file or EXIF block.
        position: where the directory starts.
        numbers: the file's layout.
        leave: tags to leave out.
    """
    return _directory(_Reader(file, numbers, room=file.seek(0, io.SEEK_END)), position, leave, 0)


@dataclass
class _Reader:
    """A file being read, with what bounds the work in damaged files: directories seen, and bytes of values left."""

    file: IO[bytes]
    numbers: Layout
    seen: set[int] = field(default_factory=set)
    room: int = 0


def _directory(reader: _Reader, position: int, leave: Collection[int], depth: int) -> Directory:
    if position in reader.seen:
        return {}
    reader.seen.add(position)
    entries: Directory = {}
    for entry in stored_entries(reader.file, position, reader.numbers)[0]:
        skipped = entry.tag in leave or entry.tag in entries
        if not skipped and (complete := _entry(reader, entry, depth)) is not None:
            entries[entry.tag] = complete
    return entries


def _entry(reader: _Reader, entry: StoredEntry, depth: int) -> Entry | None:
    """An entry with its value; None where it is damaged."""
    order, stored = reader.numbers.order, entry.stored
    size = _SIZES.get(entry.type, 0) * entry.length
    if not 0 < size <= _LARGEST:
        return None
    inline = size <= len(stored)
    if entry.tag in _SUBDIRECTORIES:
        position = int.from_bytes(stored[:size], "little" if order == "<" else "big") if inline else 0
        inside = _directory(reader, position, (), depth + 1) if position and depth < _DEEPEST else {}
        return Entry(entry.type, 1, inside) if inside else None
    if inline:
        return Entry(entry.type, entry.length, stored[:size])
    reader.room -= size
    if reader.room < 0:
        return None
    reader.file.seek(struct.unpack(reader.numbers.offset, stored)[0])
    value = reader.file.read(size)
    return Entry(entry.type, entry.length, value) if len(value) == size else None


def serialised(entries: Directory, position: int, numbers: Layout) -> bytes:
    """The bytes of a directory that is to stand at `position` of a file, with the values it points to after it."""
    table, values = struct.pack(numbers.number, len(entries)), b""
    link = struct.calcsize(numbers.offset)
    after = position + len(table) + len(entries) * struct.calcsize(numbers.entry) + link
    for tag, (kind, length, value) in sorted(entries.items()):
        here = after + len(values)
        if isinstance(value, dict):
            kind, value = (Type.LONG8 if numbers.big else Type.LONG), serialised(value, here, numbers)
            stored = struct.pack(numbers.offset, here)
        elif len(value) <= link:
            value, stored = b"", value.ljust(link, b"\0")
        else:
            stored = struct.pack(numbers.offset, here)
        table += struct.pack(numbers.entry, tag, kind, length, stored)
        values += value + bytes(len(value) % 2)
    return table + bytes(link) + values


def block(entries: Directory, order: Order) -> bytes:
    """An EXIF block that holds a directory."""
    head = struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", _CLASSIC, 8)
    return head + serialised(entries, 8, Layout(order))


def unblock(exif: bytes) -> tuple[Directory, Order]:
    """The first directory of an EXIF block, without the thumbnail's, and its byte order."""
    file = io.BytesIO(exif)
    try:
        numbers, position = layout(file)
    except struct.error:
        return {}, "<"
    return directory(file, position, numbers), numbers.order


def add(file: IO[bytes], pages: Sequence[Directory], leave: Collection[int] = ()) -> None:
    """Add tags to the pages of a TIFF file: new directories at its end replace those of the first pages.

    Args:
        file: open for reading and writing.
        pages: the entries for each page, in the byte order of the file; they replace those of the same tag.
        leave: tags to remove.
    """
    numbers, position = layout(file)
    link = 8 if numbers.big else 4
    for entries in pages:
        merged = {**directory(file, position, numbers, leave), **entries}
        following = stored_entries(file, position, numbers)[1]
        end = file.seek(0, io.SEEK_END)
        end += file.write(bytes(end % 2))
        file.write(serialised(merged, end, numbers))
        file.seek(link)
        file.write(struct.pack(numbers.offset, end))
        link = stored_entries(file, end, numbers)[1]
        file.seek(following)
        stored = file.read(struct.calcsize(numbers.offset))
        (position,) = struct.unpack(numbers.offset, stored)
    file.seek(link)
    file.write(struct.pack(numbers.offset, position))
