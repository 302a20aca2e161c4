"""Which way up a picture is, by its EXIF block or XMP packet, and the same metadata once the pixels are upright."""

from __future__ import annotations

import io
import re
import struct
from typing import Any, NamedTuple

import numpy as np

from denoiser.data.images.formats.photo import Pixels
from denoiser.data.images.formats.tiff_directories import Layout, StoredEntry, layout, stored_entries
from denoiser.data.images.formats.tiff_tags import ExifTag, Tag, Type

UPRIGHT = 1
_HEADERS = (b"II*\0", b"MM\0*")
_INTEGERS = {Type.SHORT: "H", Type.LONG: "I"}
_TAG, _VALUE, _END = 2, 8, 12
"""Bytes from the start of an entry to the end of its tag, to its value and to the next entry."""
_XMP = re.compile(rb"""(tiff:Orientation(?:\s*=\s*["']|\s*>\s*))([1-8])""")


class _Directory(NamedTuple):
    """The first directory of an EXIF block that holds an orientation.

    Attributes:
        entries: by tag.
        link: position of the link to the thumbnail's directory.
        layout: the block's byte order.
        format: the `struct` format of the orientation.
    """

    entries: dict[int, StoredEntry]
    link: int
    layout: Layout
    format: str

    @property
    def value(self) -> int:
        """Position of the orientation's value."""
        return self.entries[ExifTag.Orientation].position + _VALUE


def orientation(exif: bytes | None, xmp: bytes | None) -> int:
    """1 to 8, as EXIF 2.32 numbers them; from the EXIF block, else from the XMP packet, else 1."""
    first = _first_directory(exif)
    if exif is not None and first is not None:
        return valid(struct.unpack_from(first.format, exif, first.value)[0])
    in_xmp = _XMP.search(xmp or b"")
    return int(in_xmp[2]) if in_xmp else UPRIGHT


def valid(value: Any) -> int:
    """An orientation as a file holds it; 1 where it is none."""
    return int(value) if value in range(1, 9) else UPRIGHT


def is_sideways(stored: int) -> bool:
    """Whether the rows of the stored pixels are columns of the upright picture."""
    return stored >= 5


def flips(stored: int) -> tuple[bool, bool]:
    """Whether rows, and whether columns of the upright picture are in reverse order once its sides are exchanged."""
    return stored in (3, 4, 7, 8), stored in (2, 3, 6, 7)


def upright(exif: bytes | None, stored: int) -> bytes | None:
    """The block with orientation 1, every other byte unchanged, the maker's notes included.

    Args:
        exif: from its TIFF header on.
        stored: the orientation that the pixels had. Where they were turned, the link to the thumbnail is cleared, as
            the thumbnail is not turned; where rows became columns, the block's width and height are swapped.
    """
    first = _first_directory(exif)
    if exif is None or first is None:
        return exif
    block = bytearray(exif)
    struct.pack_into(first.format, block, first.value, UPRIGHT)
    if stored != UPRIGHT:
        block[first.link : first.link + 4] = bytes(4)
    if is_sideways(stored):
        _swap_sides(block, exif, first)
    return bytes(block)


def turned_back(exif: bytes | None, xmp: bytes | None, stored: int) -> tuple[bytes | None, bytes | None]:
    """The block and the packet for pixels that stay as they are stored, from those of the upright picture."""
    first = _first_directory(exif)
    if exif is not None and first is not None:
        block = bytearray(exif)
        struct.pack_into(first.format, block, first.value, stored)
        if is_sideways(stored):
            _swap_sides(block, exif, first)
        exif = bytes(block)
    return exif, xmp if xmp is None else _XMP.sub(rb"\g<1>%d" % stored, xmp)


def upright_xmp(xmp: bytes | None) -> bytes | None:
    """The packet with orientation 1, every other byte unchanged."""
    return xmp if xmp is None else _XMP.sub(rb"\g<1>1", xmp)


def turn(pixels: Pixels, stored: int) -> Pixels:
    """Upright pixels `(H, W, ...)` from pixels as they are stored, in orientation 1 to 8."""
    if is_sideways(stored):
        pixels = pixels.swapaxes(0, 1)
    rows, columns = flips(stored)
    if rows:
        pixels = pixels[::-1]
    if columns:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def turn_back(pixels: Pixels, stored: int) -> Pixels:
    """The inverse of `turn`: pixels as they are stored from upright ones."""
    return turn(pixels, {6: 8, 8: 6}.get(stored, stored))


def _first_directory(exif: bytes | None) -> _Directory | None:
    """None for blocks without an orientation, and for damaged ones."""
    if exif is None or exif[:4] not in _HEADERS:
        return None
    try:
        numbers, position = layout(io.BytesIO(exif))
    except struct.error:
        return None
    entries, link = _entries(exif, position, numbers)
    entry = entries.get(ExifTag.Orientation)
    if entry is None or entry.type not in _INTEGERS or link + 4 > len(exif):
        return None
    return _Directory(entries, link, numbers, numbers.order + _INTEGERS[Type(entry.type)])


def _swap_sides(block: bytearray, exif: bytes, first: _Directory) -> None:
    """Exchange type, count and value of the picture's width and height, where the block holds both."""
    if ExifTag.ExifIFD not in first.entries:
        return
    (position,) = struct.unpack_from(first.layout.offset, first.entries[ExifTag.ExifIFD].stored)
    inside, _ = _entries(exif, position, first.layout)
    sides = [inside[tag].position for tag in (Tag.PixelXDimension, Tag.PixelYDimension) if tag in inside]
    if len(sides) == 2:
        for target, source in zip(sides, reversed(sides), strict=True):
            block[target + _TAG : target + _END] = exif[source + _TAG : source + _END]


def _entries(exif: bytes, position: int, numbers: Layout) -> tuple[dict[int, StoredEntry], int]:
    """A directory's entries by tag, the first of each, and the position after them; none where the block is cut off."""
    entries, end = stored_entries(io.BytesIO(exif), position, numbers)
    return ({entry.tag: entry for entry in reversed(entries)} if end <= len(exif) else {}), end
