"""JPEG files (JFIF, EXIF, Adobe), written with the quantisation tables and chroma subsampling of the source."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from dataclasses import replace
from typing import IO, Any

import numpy as np
from PIL import JpegImagePlugin

from denoiser.data.images.formats import (
    bands,
    claims,
    colour_spaces,
    jpeg_change,
    jpeg_coefficients,
    jpeg_scans,
    jpeg_segments,
    jpeg_trailer,
    orientation,
    tiff_directories,
)
from denoiser.data.images.formats.photo import NOT_SUBSAMPLED, Details, Header, Photo, Pixels, Refused
from denoiser.data.images.formats.suffixes import instead
from denoiser.data.images.formats.tiff_tags import Tag

_MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_LARGEST = {"EXIF": 65533 - len(bands.EXIF_PREFIX), "XMP": 65533 - 29}
"""Bytes that fit into a segment of the file."""
_RGB_IDS = (82, 71, 66)
_NOT_PILLOWS = ("video", "source", "orientation")
"""What `encoding` holds besides Pillow's options."""
_FINE = 95
"""Quality of files whose source has no quantisation tables."""
_SUBSAMPLINGS = {(1, 1): 0, (1, 2): 1, (2, 2): 2}
"""The kinds of subsampling that Pillow writes, by rows and columns; others are written without subsampling."""


def header(file: IO[bytes]) -> tuple[Header, Details]:
    """The size and metadata, as they are stored.

    `encoding` gets `qtables` or `quality`, `progressive` and `keep_rgb` as Pillow takes them, `comment`, and `extra`,
    the segments that are kept unchanged: Photoshop's with IPTC captions, and XMP beyond the first 64 KiB.
    """
    opened = _opened(file)
    info = opened.info
    details = Details(
        "JPEG",
        exif=bands.without_prefix(info.get("exif")),
        icc=info.get("icc_profile"),
        xmp=info.get("xmp"),
        dpi=info["dpi"] if info.get("jfif_unit") in (1, 2) else None,
        subsampling=_subsampling(opened),
        encoding=_encoding(opened),
    )
    return Header(opened.height, opened.width, 1 if opened.mode == "L" else 3, 8, "JPEG"), details


def read(file: IO[bytes], details: Details) -> Photo:
    """The pixels, as they are stored; the first of several pictures; CMYK becomes RGB.

    `encoding` gets `video`, what stands behind the picture of a motion photo, and `source`, the picture's part of the
    file, unless it is CMYK.
    """
    opened = _opened(file)
    behind = jpeg_trailer.trailer(file)
    details = replace(details, encoding={**details.encoding, "video": behind.video, "source": behind.first})
    notes = behind.notes(_pictures(opened))
    pixels = bands.decoded(opened)
    if opened.mode != "CMYK":
        return bands.split(pixels, details, notes)
    opened.close()  # frees Pillow's copy before there is a third
    pixels, note = colour_spaces.from_cmyk(pixels, details.icc)
    details = replace(details, encoding={**details.encoding, "source": b""})
    return bands.split(pixels, claims.without_profile(details), (*notes, note))


def write(file: IO[bytes], photo: Photo) -> None:
    """A JPEG file; of quality 95 without subsampling if the source was no JPEG.

    Raises:
        Refused: EXIF or XMP are too large for a JPEG.
    """
    details = photo.details
    for name, data in (("EXIF", details.exif), ("XMP", details.xmp)):
        if data is not None and len(data) > _LARGEST[name]:
            raise Refused(f"{len(data)} bytes of {name} do not fit into a JPEG", instead("tiff"))
    source: Mapping[str, Any] = details.encoding if details.format == "JPEG" else {}
    source = source or {"quality": _FINE}
    encoding = {key: value for key, value in source.items() if key not in _NOT_PILLOWS}
    shared = (
        details.subsampling if details.format == "JPEG" and details.subsampling in _SUBSAMPLINGS else NOT_SUBSAMPLED
    )
    exif = None if details.exif is None else bands.EXIF_PREFIX + details.exif
    metadata = {"exif": exif, "icc_profile": details.icc, "xmp": details.xmp, "dpi": details.dpi}
    options = {"subsampling": _SUBSAMPLINGS[shared], **metadata, **encoding}
    file.write(_from_source(photo, options) or bands.encoded(photo.pixels, "JPEG", **options))
    file.write(source.get("video", b""))


def _from_source(photo: Photo, options: Mapping[str, Any]) -> bytes | None:
    """The file made of its source, in the source's orientation.

    If no pixel has changed, it has the source's scans, else its coefficients where nothing has changed. None where the
    source is missing or cannot be changed, or where the metadata cannot hold the orientation.
    """
    encoding = photo.details.encoding if photo.details.format == "JPEG" else {}
    if not encoding.get("source"):
        return None
    source, stored = encoding["source"], encoding.get("orientation", orientation.UPRIGHT)
    exif, xmp = orientation.turned_back(photo.details.exif, photo.details.xmp, stored)
    if orientation.orientation(exif, xmp) != stored:
        return None
    before = bands.decoded(_opened(io.BytesIO(source)))
    pixels = orientation.turn_back(photo.pixels, stored)
    if before.shape != pixels.shape:
        return None
    picture = source
    if not np.array_equal(before, pixels):
        changed = _changed(source, before, pixels, encoding["keep_rgb"])
        if changed is None:
            return None
        picture = changed
    own = {**options, "exif": None if exif is None else bands.EXIF_PREFIX + exif, "xmp": xmp}
    return jpeg_segments.with_metadata(picture, bytes(bands.encoded(photo.pixels[:1, :1], "JPEG", **own)))


def _changed(source: bytes, before: Pixels, pixels: Pixels, in_rgb: bool) -> bytes | None:
    """The source with other pixels, as they are stored; None if its coefficients cannot be found."""
    frame = jpeg_segments.frame(source)
    components = frame and jpeg_coefficients.read(source, frame)
    if frame is None or components is None:
        return None
    jpeg_change.apply(components, frame, before, pixels, in_rgb)
    return jpeg_segments.with_scans(source, jpeg_scans.scans(frame, components))


def turned(encoding: Mapping[str, Any], stored: int) -> Mapping[str, Any]:
    """What `header` and `read` give for an orientation: sideways, rows and columns of the tables change places."""
    tables = [np.reshape(table, (8, 8)).T.ravel().tolist() for table in encoding.get("qtables", ())]
    sideways = {"qtables": tables} if tables and orientation.is_sideways(stored) else {}
    return {**encoding, **sideways, "orientation": stored}


def has_long_xmp(details: Details) -> bool:
    """Whether a picture has the part of its XMP that is beyond the first 64 KiB."""
    return details.format == "JPEG" and _MORE_XMP in details.encoding.get("extra", b"")


def _opened(file: IO[bytes]) -> JpegImagePlugin.JpegImageFile:
    file.seek(0)  # not by Image.open, whose limit of pixels holds for the whole process
    return JpegImagePlugin.JpegImageFile(file)


def _encoding(opened: JpegImagePlugin.JpegImageFile) -> dict[str, Any]:
    """Options with which the picture is written in the same quality and about the same size."""
    tables = _tables(opened)
    return {
        **({"qtables": tables} if tables else {"quality": _FINE}),
        "progressive": bool(opened.info.get("progressive")),
        "keep_rgb": opened.mode == "RGB" and _is_rgb(opened),
        "comment": opened.info.get("comment"),
        "extra": b"".join(_segment(*each) for each in opened.applist if _is_kept(*each)),
    }


def _is_rgb(opened: JpegImagePlugin.JpegImageFile) -> bool:
    """Whether three components are R, G and B instead of Y, Cb and Cr, as libjpeg decides it."""
    if "jfif" in opened.info:
        return False
    if "adobe" in opened.info:
        return opened.info.get("adobe_transform") == 0
    return tuple(number for number, *_ in opened.layer) == _RGB_IDS


def _tables(opened: JpegImagePlugin.JpegImageFile) -> list[list[int]]:
    """The quantisation table of each component, in the order in which Pillow assigns them again.

    Components beyond the last table get the last one. There are none for CMYK and for lossless files.
    """
    numbers = [] if opened.mode == "CMYK" else [number for *_, number in opened.layer]
    while len(numbers) > 1 and numbers[-1] == numbers[-2]:
        numbers.pop()
    complete = all(number in opened.quantization for number in numbers)
    return [list(opened.quantization[number]) for number in numbers] if complete else []


def _subsampling(opened: JpegImagePlugin.JpegImageFile) -> tuple[int, int]:
    """Rows and columns that share a chroma sample, as they are stored; the finer where Cb and Cr differ."""
    if opened.mode == "L" or opened.mode == "CMYK":
        return NOT_SUBSAMPLED
    (_, across, down, _), *chroma = opened.layer
    return min(down // each[2] for each in chroma) or 1, min(across // each[1] for each in chroma) or 1


def _is_kept(name: str, data: bytes) -> bool:
    return name == "APP13" or (name == "APP1" and data.startswith(_MORE_XMP))


def _segment(name: str, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, 0xE0 + int(name.removeprefix("APP")), len(data) + 2) + data


def _pictures(opened: JpegImagePlugin.JpegImageFile) -> int:
    """The number of pictures in the file (CIPA DC-007, multi-picture format)."""
    if "mp" not in opened.info:
        return 1
    entries, order = tiff_directories.unblock(opened.info["mp"])
    count = entries[Tag.NumberOfImages].value if Tag.NumberOfImages in entries else b""
    return struct.unpack(order + "I", count)[0] if isinstance(count, bytes) and len(count) == 4 else 1
