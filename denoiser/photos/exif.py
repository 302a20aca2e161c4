"""EXIF blocks and XMP packets: which way up the picture is, and the same bytes once that has been applied."""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

import numpy as np

from denoiser.photos.photo import Pixels

_ORIENTATION = 0x0112
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


def upright(exif: bytes | None, turned: bool) -> bytes | None:
    """The block with orientation 1, every other byte as it was, the maker's notes included.

    Args:
        exif: from its TIFF header on.
        turned: whether the pixels were turned: then the link to the thumbnail goes too, as that is not turned.
    """
    place = _place(exif)
    if exif is None or place is None:
        return exif
    block = bytearray(exif)
    struct.pack_into(place.format, block, place.orientation, 1)
    if turned:
        block[place.link : place.link + 4] = bytes(4)
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
    order = {b"II*\0": "<", b"MM\0*": ">"}.get((block or b"")[:4])
    if block is None or order is None:
        return None
    try:
        (first,) = struct.unpack_from(order + "I", block, 4)
        (count,) = struct.unpack_from(order + "H", block, first)
        link = first + 2 + 12 * count
        for entry in range(first + 2, link, 12):
            tag, kind = struct.unpack_from(order + "HH", block, entry)
            if tag == _ORIENTATION and kind in _INTEGERS and link + 4 <= len(block):
                return _Place(entry + 8, order + _INTEGERS[kind], link)
    except struct.error:
        return None
    return None
