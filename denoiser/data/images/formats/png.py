"""PNG files (W3C, third edition) at every depth: pixels by libpng, everything else chunk by chunk."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import IO

import imagecodecs

from denoiser.data.images.formats import bands
from denoiser.data.images.formats.photo import Details, Header, Photo, Refused

_SIGNATURE = 8
_AFTER_HEADER = 33
_METRE = 0.0254
_ALPHA, _COLOUR = 4, 2
_XMP = b"XML:com.adobe.xmp"
_KEPT = (b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"tIME", b"tEXt", b"zTXt", b"iTXt")
_PIXELS = (b"IDAT", b"fdAT")
_LARGEST = 1 << 24
"""Bytes of a chunk that is kept, and of what is inflated from it; colour profiles of inks have 4 million at most."""


def header(file: IO[bytes]) -> tuple[Header, Details]:
    """What the file holds, as it is stored.

    Of the encoding: `chunks`, names and contents of those that are kept as they are.
    """
    chunks = list(_chunks(file))
    names = {name: data for name, data in reversed(chunks)}
    width, height, bits, kind = struct.unpack_from(">IIBB", names.get(b"IHDR", b""))
    frames = struct.unpack_from(">I", names[b"acTL"])[0] if b"acTL" in names else 1
    if frames > 1:
        raise Refused(f"an animation of {frames} pictures", "save the one that is meant as a PNG")
    alpha = bool(kind & _ALPHA) or b"tRNS" in names
    found = Header(height, width, 3 if kind & _COLOUR else 1, max(bits, 8), "PNG", alpha)
    ratio, dpi = _density(names.get(b"pHYs", b""))
    details = Details(
        "PNG",
        exif=names[b"eXIf"].removeprefix(b"Exif\0\0") if b"eXIf" in names else None,
        icc=_profile(names[b"iCCP"]) if b"iCCP" in names else None,
        xmp=next((_international(data) for name, data in chunks if _is_xmp(name, data)), None),
        dpi=dpi,
        encoding={"chunks": [*ratio, *(each for each in chunks if each[0] in _KEPT and not _is_xmp(*each))]},
    )
    return found, details


def read(file: IO[bytes], details: Details) -> Photo:
    """The pixels, as they are stored; palettes become RGB, depths below 8 bits 8, a transparent colour alpha."""
    file.seek(0)
    return bands.apart(imagecodecs.png_decode(file.read()), details)


def write(file: IO[bytes], photo: Photo) -> None:
    """A PNG file, of 8 or 16 bits as the pixels have."""
    pixels = bands.together(photo)
    filtered = pixels.nbytes + len(pixels)  # a byte for each row; the encoder's own guess is short for narrow pictures
    encoded = memoryview(imagecodecs.png_encode(pixels, out=filtered + filtered // 200 + 4096))
    file.write(encoded[:_AFTER_HEADER])
    for name, data in _described(photo.details):
        file.write(struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)))
    file.write(encoded[_AFTER_HEADER:])


def _chunks(file: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents of all but pixels and what is beyond belief; animations are counted in `acTL`.

    Raises:
        Refused: the file ends before its last chunk does.
    """
    end = file.seek(0, io.SEEK_END)
    place, name = _SIGNATURE, b""
    while name != b"IEND":
        file.seek(place)
        head = file.read(8)
        length = int.from_bytes(head[:4], "big")
        name, place = head[4:], place + 12 + length
        if len(head) < 8 or place > end:
            raise Refused("the file is cut off")
        if name not in _PIXELS and length <= _LARGEST:
            yield name, file.read(length)


def _described(details: Details) -> Iterator[tuple[bytes, bytes]]:
    if details.format == "PNG":
        yield from details.encoding.get("chunks", ())
    if details.icc is not None:
        yield b"iCCP", b"ICC profile\0\0" + zlib.compress(details.icc)
    if details.dpi is not None:
        yield b"pHYs", struct.pack(">IIB", *(round(value / _METRE) for value in details.dpi), 1)
    if details.xmp is not None:
        yield b"iTXt", _XMP + bytes(5) + details.xmp
    if details.exif is not None:
        yield b"eXIf", details.exif


def _density(data: bytes) -> tuple[list[tuple[bytes, bytes]], tuple[float, float] | None]:
    """Dots per inch; or the chunk, where it tells the shape of the dots and not their size."""
    if len(data) != 9:
        return [], None
    across, down, metric = struct.unpack(">IIB", data)
    return ([], (across * _METRE, down * _METRE)) if metric == 1 else ([(b"pHYs", data)], None)


def _profile(data: bytes) -> bytes | None:
    return _inflated(data.partition(b"\0")[2][1:])


def _is_xmp(name: bytes, data: bytes) -> bool:
    return name == b"iTXt" and data.startswith(_XMP + b"\0")


def _international(data: bytes) -> bytes | None:
    """The text of an `iTXt` chunk: keyword, flags, language and translated keyword stand before it."""
    rest = data.partition(b"\0")[2]
    text = rest[2:].split(b"\0", 2)[-1]
    return _inflated(text) if rest[:1] == b"\1" else text


def _inflated(data: bytes) -> bytes | None:
    """None of what is damaged, or more than is believable, so that a few bytes cannot fill the memory."""
    inflating = zlib.decompressobj()
    try:
        inflated = inflating.decompress(data, _LARGEST)
    except zlib.error:
        return None
    return inflated if inflating.eof else None
