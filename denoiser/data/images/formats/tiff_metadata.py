"""Which of a TIFF file's tags are kept with the picture, and how they become an EXIF block and tags again."""

from __future__ import annotations

import struct
from typing import IO

from denoiser.data.images.formats import tiff_directories
from denoiser.data.images.formats.photo import Details
from denoiser.data.images.formats.tiff_directories import Directory, Entry, Order
from denoiser.data.images.formats.tiff_tags import ExifTag, PixelTag, Tag, Type

RESOLUTION = (ExifTag.XResolution, ExifTag.YResolution, ExifTag.ResolutionUnit)
_INCH, _CENTIMETRE = 2, 3
_PER_INCH = {_INCH: 1.0, _CENTIMETRE: 2.54}
_PIXEL_TAGS, _EXIF_TAGS = frozenset(PixelTag), frozenset(ExifTag)
_POSITIONS = (Type.IFD, Type.LONG8, Type.SLONG8, Type.IFD8)
"""Types of values that can be positions in the file that was read, which mean nothing in another file."""


def details(file: IO[bytes], position: int) -> Details:
    """The metadata in the directory at `position`; `encoding` gets `order`, the byte order, and `tags`."""
    layout, _ = tiff_directories.layout(file)
    entries = tiff_directories.directory(file, position, layout, leave=_PIXEL_TAGS)
    icc, xmp = (_bytes(entries.pop(tag, None)) for tag in (Tag.ICCProfile, Tag.XMP))
    common = {tag: entry for tag, entry in entries.items() if tag in _EXIF_TAGS}
    rest = {tag: entry for tag, entry in entries.items() if tag not in _EXIF_TAGS and entry.type not in _POSITIONS}
    exif = tiff_directories.block(common, layout.order) if common else None
    return Details("TIFF", exif, icc, xmp, _dpi(entries, layout.order), {"order": layout.order, "tags": rest})


def tags(details: Details) -> tuple[Directory, Order]:
    """The entries that a TIFF file gets besides those of its pixels, and their byte order."""
    encoding = details.encoding if details.format == "TIFF" else {}
    common, order = ({}, encoding.get("order", "<")) if details.exif is None else tiff_directories.unblock(details.exif)
    entries: Directory = {
        **encoding.get("tags", {}),
        **{tag: entry for tag, entry in common.items() if tag not in _PIXEL_TAGS},
    }
    if details.icc is not None:
        entries[Tag.ICCProfile] = Entry(Type.UNDEFINED, len(details.icc), details.icc)
    if details.xmp is not None:
        entries[Tag.XMP] = Entry(Type.BYTE, len(details.xmp), details.xmp)
    if details.dpi is not None and details.format != "TIFF":
        for tag, value in zip((ExifTag.XResolution, ExifTag.YResolution), details.dpi, strict=True):
            entries[tag] = Entry(Type.RATIONAL, 1, struct.pack(order + "II", round(value * 1000), 1000))
        entries[ExifTag.ResolutionUnit] = Entry(Type.SHORT, 1, struct.pack(order + "H", _INCH))
    return entries, order


def says_more(exif: bytes | None) -> bool:
    """Whether an EXIF block holds more than the resolution and the orientation."""
    return exif is not None and bool(tiff_directories.unblock(exif)[0].keys() - {*RESOLUTION, ExifTag.Orientation})


def _bytes(entry: Entry | None) -> bytes | None:
    return entry.value if entry is not None and isinstance(entry.value, bytes) else None


def _dpi(entries: Directory, order: str) -> tuple[float, float] | None:
    """Dots per inch, horizontal and vertical; None where a number is missing, damaged or 0."""
    across, down, unit = (_bytes(entries.get(tag)) or b"" for tag in RESOLUTION)
    scale = _PER_INCH.get(struct.unpack(order + "H", unit)[0]) if len(unit) == 2 else 1.0
    if scale is None or len(across) != 8 or len(down) != 8:
        return None
    (a, b), (c, d) = (struct.unpack(order + "II", value) for value in (across, down))
    return (a / b * scale, c / d * scale) if a and b and c and d else None
