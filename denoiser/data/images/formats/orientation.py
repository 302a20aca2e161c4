"""EXIF blocks and XMP packets: which way up the picture is, and the same bytes once that has been applied."""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

import numpy as np

from denoiser.data.images.formats.photo import Pixels

_ORIENTATION, _EXIF = 0x0112, 0x8769
_WIDTH, _HEIGHT = 0xA002, 0xA003
_INTEGERS = {3: "H", 4: "I"}
_XMP = re.compile(rb"""(tiff:Orientation(?:\s*=\s*["']|\s*>\s*))([1-8])""")


class _Place(NamedTuple):
    """Where the first directory of a block holds its orientation, how, and the link to the thumbnail's directory."""

    orientation: int
    format: str
    link: int


def orientation(exif: bytes | None, xmp: bytes | None) -> int:
    """1 to 8, as EXIF 2.32 numbers them; by the EXIF block, else by the XMP packet, else 1."""
    place = _place(exif)
    if exif is not None and place is not None:
        (value,) = struct.unpack_from(place.format, exif, place.orientation)
    else:
        found = _XMP.search(xmp or b"")
        value = int(found[2]) if found else 1
    return int(value) if value in range(1, 9) else 1


def upright(exif: bytes | None, stored: int) -> bytes | None:
    """The block with orientation 1, every other byte as it was, the maker's notes included.

    Args:
        exif: from its TIFF header on.
        stored: the orientation that the pixels had. Where they were turned, the link to the thumbnail goes, as that is
            not turned; where rows became columns, the width and height that the block tells change places.
    """
    place = _place(exif)
    if exif is None or place is None:
        return exif
    block = bytearray(exif)
    struct.pack_into(place.format, block, place.orientation, 1)
    if stored != 1:
        block[place.link : place.link + 4] = bytes(4)
    sides = _sides(exif) if stored >= 5 else None
    if sides:
        for place_of, value in zip(sides, (exif[start : start + 10] for start in reversed(sides)), strict=True):
            block[place_of : place_of + 10] = value
    return bytes(block)


def upright_xmp(xmp: bytes | None) -> bytes | None:
    """The packet with orientation 1, every other byte as it was."""
    return xmp if xmp is None else _XMP.sub(rb"\g<1>1", xmp)


def turn(pixels: Pixels, orientation: int) -> Pixels:
    """Rows and columns `(H, W, ...)` as they are to be seen, given how they are stored."""
    if orientation >= 5:  # stored by columns
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _place(block: bytes | None) -> _Place | None:
    """None for blocks that tell no orientation, or are damaged."""
    order = _order(block)
    if block is None or order is None:
        return None
    try:
        entries, link = _entries(block, order, *struct.unpack_from(order + "I", block, 4))
        (kind,) = struct.unpack_from(order + "H", block, entries[_ORIENTATION])
        return _Place(entries[_ORIENTATION] + 6, order + _INTEGERS[kind], link) if link + 4 <= len(block) else None
    except (struct.error, KeyError):
        return None


def _sides(block: bytes) -> tuple[int, int] | None:
    """Where type, count and value of the picture's width and height stand; None where the block has not both."""
    order = _order(block) or "<"
    try:
        entries, _ = _entries(block, order, *struct.unpack_from(order + "I", block, 4))
        inside, _ = _entries(block, order, *struct.unpack_from(order + "I", block, entries[_EXIF] + 6))
        return inside[_WIDTH], inside[_HEIGHT]
    except (struct.error, KeyError):
        return None


def _order(block: bytes | None) -> str | None:
    return {b"II*\0": "<", b"MM\0*": ">"}.get((block or b"")[:4])


def _entries(block: bytes, order: str, first: int) -> tuple[dict[int, int], int]:
    """Where type, count and value of each tag of a directory stand, and the link to the next directory."""
    (count,) = struct.unpack_from(order + "H", block, first)
    places = range(first + 2, first + 2 + 12 * count, 12)
    tags = [struct.unpack_from(order + "H10x", block, place)[0] for place in places]
    return {tag: place + 2 for tag, place in zip(reversed(tags), reversed(places), strict=True)}, places.stop
