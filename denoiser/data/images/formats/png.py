"""PNG files (W3C, third edition) at every depth: pixels by libpng, metadata chunk by chunk."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import IO

import imagecodecs

from denoiser.data.images.formats import bands
from denoiser.data.images.formats.photo import Details, Header, Photo, Refused, refuse_animation

_SIGNATURE, _AFTER_HEADER = 8, 33
"""Positions of the first chunk and of the second one."""
_METRE = 0.0254
"""Metres in an inch."""
_ALPHA, _COLOUR = 4, 2
"""Bits of the colour type."""
_XMP = b"XML:com.adobe.xmp"
_KEPT = (b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"tIME", b"tEXt", b"zTXt", b"iTXt")
_PIXELS = (b"IDAT", b"fdAT")
_LARGEST = 1 << 24
"""Bytes of the largest chunk that is kept, compressed and inflated; profiles for CMYK have 4 million at most."""


def header(file: IO[bytes]) -> tuple[Header, Details]:
    """The size and metadata, as they are stored; `encoding` gets `chunks`, those that are kept unchanged."""
    chunks = list(_chunks(file))
    names = {name: data for name, data in reversed(chunks)}
    width, height, bits, colour_type = struct.unpack_from(">IIBB", names.get(b"IHDR", b""))
    frames = struct.unpack_from(">I", names[b"acTL"])[0] if b"acTL" in names else 1
    refuse_animation(frames)
    alpha = bool(colour_type & _ALPHA) or b"tRNS" in names
    ratio, dpi = _density(names.get(b"pHYs", b""))
    details = Details(
        "PNG",
        exif=bands.without_prefix(names.get(b"eXIf")),
        icc=_profile(names[b"iCCP"]) if b"iCCP" in names else None,
        xmp=next((_international(data) for name, data in chunks if _is_xmp(name, data)), None),
        dpi=dpi,
        encoding={"chunks": [*ratio, *(each for each in chunks if each[0] in _KEPT and not _is_xmp(*each))]},
    )
    return Header(height, width, 3 if colour_type & _COLOUR else 1, max(bits, 8), "PNG", alpha), details


def read(file: IO[bytes], details: Details) -> Photo:
    """The pixels, as they are stored; palettes become RGB, 1 to 4 bits become 8, a transparent colour alpha."""
    file.seek(0)
    return bands.split(imagecodecs.png_decode(file.read()), details)


def write(file: IO[bytes], photo: Photo) -> None:
    """A PNG file, of 8 or 16 bits like the pixels."""
    pixels = bands.joined(photo)
    filtered = pixels.nbytes + len(pixels)  # a byte for each row; the encoder's own estimate is too small
    encoded = memoryview(imagecodecs.png_encode(pixels, out=filtered + filtered // 200 + 4096))
    file.write(encoded[:_AFTER_HEADER])
    for name, data in _metadata(photo.details):
        file.write(struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)))
    file.write(encoded[_AFTER_HEADER:])


def _chunks(file: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents of all chunks but those of pixels and unreasonably large ones.

    Raises:
        Refused: the file ends before its last chunk does.
    """
    end = file.seek(0, io.SEEK_END)
    position, name = _SIGNATURE, b""
    while name != b"IEND":
        file.seek(position)
        head = file.read(8)
        length = int.from_bytes(head[:4], "big")
        name, position = head[4:], position + 12 + length
        if len(head) < 8 or position > end:
            raise Refused("the file is cut off")
        if name not in _PIXELS and length <= _LARGEST:
            yield name, file.read(length)


def _metadata(details: Details) -> Iterator[tuple[bytes, bytes]]:
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
    """Dots per inch; or the chunk itself, where it gives the shape of a pixel and not its size."""
    if len(data) != 9:
        return [], None
    across, down, metric = struct.unpack(">IIB", data)
    return ([], (across * _METRE, down * _METRE)) if metric == 1 else ([(b"pHYs", data)], None)


def _profile(data: bytes) -> bytes | None:
    return _inflated(data.partition(b"\0")[2][1:])


def _is_xmp(name: bytes, data: bytes) -> bool:
    return name == b"iTXt" and data.startswith(_XMP + b"\0")


def _international(data: bytes) -> bytes | None:
    """The text of an `iTXt` chunk: keyword, flags, language and translated keyword come before it."""
    rest = data.partition(b"\0")[2]
    text = rest[2:].split(b"\0", 2)[-1]
    return _inflated(text) if rest[:1] == b"\1" else text


def _inflated(data: bytes) -> bytes | None:
    """The data inflated; None where it is damaged or unreasonably large, so that a few bytes cannot fill the memory."""
    inflating = zlib.decompressobj()
    try:
        inflated = inflating.decompress(data, _LARGEST)
    except zlib.error:
        return None
    return inflated if inflating.eof else None
