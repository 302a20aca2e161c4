"""Which of a TIFF file's tags go on with the picture, and how they become an EXIF block and tags again."""

from __future__ import annotations

import struct
from typing import IO

from denoiser.data.images.formats import tiff_tags
from denoiser.data.images.formats.photo import Details
from denoiser.data.images.formats.tiff_tags import Directory, Entry

_XMP, _ICC = 700, 34675
_ACROSS, _DOWN, _UNIT = 282, 283, 296
DENSITY = (_ACROSS, _DOWN, _UNIT)
_INCH = 2
_INCHES = {_INCH: 1.0, 3: 2.54}
_BYTE, _SHORT, _RATIONAL, _UNDEFINED = 1, 3, 5, 7
_OF_PIXELS = frozenset(
    {
        *(254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 284, 288, 289, 290, 291),
        *(292, 293, 297, 301, 317, 320, 321, 322, 323, 324, 325, 326, 327, 328, 330, 332, 333, 334, 336, 337, 338, 339),
        *(340, 341, 342, 343, 344, 345, 346, 347, 351, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532),
        *(559, 32995, 32996, 32997, 32998),
        37724,  # Photoshop's layers, which are the picture as it was
    }
)
"""Of how the pixels were stored, and not of the picture."""
_OF_EXIF = frozenset(
    {
        *(270, 271, 272, 274, _ACROSS, _DOWN, _UNIT, 305, 306, 315, 316, 33432, tiff_tags.EXIF, tiff_tags.GPS),
        *(18246, 18249),  # a rating
        *range(40091, 40096),  # title, comment, author, keywords and subject as Windows keeps them
    }
)
"""What an EXIF block may hold in other files too (EXIF 2.32, table 4)."""
_PLACES = (13, 16, 17, 18)


def details(file: IO[bytes], place: int) -> Details:
    """All that the directory at `place` tells besides pixels. Of the encoding: `order` and `tags`."""
    how, _ = tiff_tags.layout(file)
    entries = tiff_tags.directory(file, place, how, leave=_OF_PIXELS)
    icc, xmp = (_bytes(entries.pop(tag, None)) for tag in (_ICC, _XMP))
    common = {tag: entry for tag, entry in entries.items() if tag in _OF_EXIF}
    rest = {tag: entry for tag, entry in entries.items() if tag not in _OF_EXIF and entry.kind not in _PLACES}
    exif = tiff_tags.block(common, how.order) if common else None
    return Details("TIFF", exif, icc, xmp, _dpi(entries, how.order), {"order": how.order, "tags": rest})


def tags(details: Details) -> tuple[Directory, tiff_tags.Order]:
    """The entries that a TIFF file gets besides those of its pixels, and the byte order that they are in."""
    own = details.encoding if details.format == "TIFF" else {}
    common, order = ({}, own.get("order", "<")) if details.exif is None else tiff_tags.unblock(details.exif)
    entries: Directory = {**own.get("tags", {}), **{tag: common[tag] for tag in common if tag not in _OF_PIXELS}}
    if details.icc is not None:
        entries[_ICC] = Entry(_UNDEFINED, len(details.icc), details.icc)
    if details.xmp is not None:
        entries[_XMP] = Entry(_BYTE, len(details.xmp), details.xmp)
    if details.dpi is not None and details.format != "TIFF":
        for tag, value in zip((_ACROSS, _DOWN), details.dpi, strict=True):
            entries[tag] = Entry(_RATIONAL, 1, struct.pack(order + "II", round(value * 1000), 1000))
        entries[_UNIT] = Entry(_SHORT, 1, struct.pack(order + "H", _INCH))
    return entries, order


def _bytes(entry: Entry | None) -> bytes | None:
    return entry.value if entry is not None and isinstance(entry.value, bytes) else None


def _dpi(entries: Directory, order: str) -> tuple[float, float] | None:
    across, down, unit = (_bytes(entries.get(tag)) or b"" for tag in (_ACROSS, _DOWN, _UNIT))
    inches = _INCHES.get(struct.unpack(order + "H", unit)[0]) if len(unit) == 2 else 1.0
    if inches is None or len(across) != 8 or len(down) != 8:
        return None
    (a, b), (c, d) = (struct.unpack(order + "II", value) for value in (across, down))
    return (a / b * inches, c / d * inches) if a and b and c and d else None
