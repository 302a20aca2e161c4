"""JPEG files (JFIF, EXIF, Adobe's), rewritten with the quantisation tables and subsampling that they had."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import IO, Any

from PIL import JpegImagePlugin

from denoiser.data.images.formats import bands, colour_spaces, tiff_tags
from denoiser.data.images.formats.photo import Details, Header, Photo, Refused

_EXIF = b"Exif\0\0"
_MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_LARGEST = {"EXIF": 65533 - len(_EXIF), "XMP": 65533 - 29}
_FINE = 95
"""The quality of what has no tables of its own."""
_SAMPLINGS = {(1, 1): 0, (1, 2): 1, (2, 2): 2}
"""That Pillow writes; others are written without subsampling."""
_PICTURES = 0xB001


def header(file: IO[bytes]) -> tuple[Header, Details]:
    """What the file holds, as it is stored.

    Of the encoding: `qtables` or `quality`, `progressive`, `keep_rgb` as Pillow takes them, `comment`, and `extra`,
    the segments that are kept as they are: Photoshop's with IPTC captions, and XMP beyond the first 64 KiB.
    """
    opened = _opened(file)
    info = opened.info
    details = Details(
        "JPEG",
        exif=info["exif"].removeprefix(_EXIF) if "exif" in info else None,
        icc=info.get("icc_profile"),
        xmp=info.get("xmp"),
        dpi=info["dpi"] if info.get("jfif_unit") in (1, 2) else None,
        shared=_shared(opened),
        encoding=_encoding(opened),
    )
    return Header(opened.height, opened.width, 1 if opened.mode == "L" else 3, 8, "JPEG"), details


def read(file: IO[bytes], details: Details) -> Photo:
    """The pixels, as they are stored; of several pictures the first, of inks their RGB."""
    opened = _opened(file)
    count = _pictures(opened)
    notes = (f"of {count} pictures in the file only the first is kept",) if count > 1 else ()
    pixels = bands.decoded(opened)
    if opened.mode != "CMYK":
        return bands.apart(pixels, details, notes)
    opened.close()  # Pillow's copy goes before there is a third
    pixels, note = colour_spaces.from_cmyk(pixels, details.icc)
    return bands.apart(pixels, replace(details, icc=None), (*notes, note))


def write(file: IO[bytes], photo: Photo) -> None:
    """A JPEG file; of quality 95 without subsampling where the picture was none.

    Raises:
        Refused: EXIF or XMP are larger than a JPEG holds.
    """
    details = photo.details
    for name, data in (("EXIF", details.exif), ("XMP", details.xmp)):
        if data is not None and len(data) > _LARGEST[name]:
            raise Refused(
                f"{len(data)} bytes of {name} do not fit into a JPEG",
                "a name ending in .tif as -o, or --format tiff for a folder",
            )
    encoding = details.encoding if details.format == "JPEG" and details.encoding else {"quality": _FINE}
    sampling = _SAMPLINGS.get(details.shared, 0) if details.format == "JPEG" else 0
    exif = None if details.exif is None else _EXIF + details.exif
    known = {"exif": exif, "icc_profile": details.icc, "xmp": details.xmp, "dpi": details.dpi}
    file.write(bands.encoded(photo.pixels, "JPEG", subsampling=sampling, **known, **encoding))


def _opened(file: IO[bytes]) -> JpegImagePlugin.JpegImageFile:
    file.seek(0)  # not by Image.open, whose limit of pixels is one for the whole process
    return JpegImagePlugin.JpegImageFile(file)


def _encoding(opened: JpegImagePlugin.JpegImageFile) -> dict[str, Any]:
    """All that makes the same picture come out with the same quality and about the same size."""
    tables = _tables(opened)
    return {
        **({"qtables": tables} if tables else {"quality": _FINE}),
        "progressive": bool(opened.info.get("progressive")),
        "keep_rgb": opened.mode == "RGB" and opened.info.get("adobe_transform") == 0,
        "comment": opened.info.get("comment"),
        "extra": b"".join(_segment(*each) for each in opened.applist if _is_kept(*each)),
    }


def _tables(opened: JpegImagePlugin.JpegImageFile) -> list[list[int]]:
    """Of each component, by whichever number it has, in the order in which Pillow gives them out again.

    Components beyond the last table get that. There are none where they are those of inks, or the file is lossless.
    """
    numbers = [] if opened.mode == "CMYK" else [number for *_, number in opened.layer]
    while len(numbers) > 1 and numbers[-1] == numbers[-2]:
        numbers.pop()
    known = all(number in opened.quantization for number in numbers)
    return [list(opened.quantization[number]) for number in numbers] if known else []


def _shared(opened: JpegImagePlugin.JpegImageFile) -> tuple[int, int]:
    """Of luma to chroma, as it is stored; of odd kinds the finer one."""
    if opened.mode == "L" or opened.mode == "CMYK":
        return 1, 1
    (_, across, down, _), *chroma = opened.layer
    return min(down // each[2] for each in chroma) or 1, min(across // each[1] for each in chroma) or 1


def _is_kept(name: str, data: bytes) -> bool:
    return name == "APP13" or (name == "APP1" and data.startswith(_MORE_XMP))


def _segment(name: str, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, 0xE0 + int(name.removeprefix("APP")), len(data) + 2) + data


def _pictures(opened: JpegImagePlugin.JpegImageFile) -> int:
    """How many a phone has put into the file (CIPA DC-007, multi-picture format)."""
    if "mp" not in opened.info:
        return 1
    entries, order = tiff_tags.unblock(opened.info["mp"])
    count = entries[_PICTURES].value if _PICTURES in entries else b""
    return struct.unpack(order + "I", count)[0] if isinstance(count, bytes) and len(count) == 4 else 1
