"""PNG files (W3C, third edition) at every depth: pixels by libpng, metadata chunk by chunk."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import IO

import imagecodecs

from denoiser.data.images.formats import bands, not_kept
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
_READ = (b"IHDR", b"PLTE", b"IEND", b"tRNS", b"iCCP", b"pHYs", b"eXIf")
_OF_STORED_PIXELS = (b"bKGD", b"hIST", b"sBIT", b"sPLT", b"acTL", b"fcTL", b"iDOT")
"""Chunks that would no longer be true, or say nothing of the picture: they are left out without a note."""
_ANCILLARY, _SAFE_TO_COPY = 0, 3
"""Letters of a chunk's name that are small where it is not needed to show the picture, and where it stays true when
the pixels change (PNG, section 5.4)."""
_END = 12
"""Bytes of the last chunk."""
_LARGEST = 1 << 24
"""Bytes of the largest chunk that is kept, compressed and inflated; profiles for CMYK have 4 million at most."""


def header(file: IO[bytes]) -> tuple[Header, Details]:
    """The size and metadata, as they are stored.

    `encoding` gets `chunks`, those that are kept unchanged before the pixels, and `later`, those behind them.
    """
    chunks = list(_chunks(file))
    names = {name: data for name, data in reversed(chunks)}
    width, height, bits, colour_type = struct.unpack_from(">IIBB", names.get(b"IHDR", b""))
    frames = struct.unpack_from(">I", names[b"acTL"])[0] if b"acTL" in names else 1
    refuse_animation(frames)
    alpha = bool(colour_type & _ALPHA) or b"tRNS" in names
    pixels = next((at for at, (name, _) in enumerate(chunks) if name == b"IDAT"), len(chunks))
    ratio, dpi = _density(names.get(b"pHYs", b""))
    details = Details(
        "PNG",
        exif=bands.without_prefix(names.get(b"eXIf")),
        icc=_profile(names[b"iCCP"]) if b"iCCP" in names else None,
        xmp=next((_international(data) for name, data in chunks if _is_xmp(name, data)), None),
        dpi=dpi,
        encoding={"chunks": [*ratio, *_kept(chunks[:pixels])], "later": [*_kept(chunks[pixels:])]},
    )
    return Header(height, width, 3 if colour_type & _COLOUR else 1, max(bits, 8), "PNG", alpha), details


def read(file: IO[bytes], details: Details) -> Photo:
    """The pixels, as they are stored; palettes become RGB, 1 to 4 bits become 8, a transparent colour alpha."""
    chunks = list(_positioned(file))
    lost = [name for name, data, _ in chunks if not _is_known(name) or (data is None and name not in _OF_STORED_PIXELS)]
    notes = (*not_kept.chunks(lost), *not_kept.behind(file, chunks[-1][2]))
    file.seek(0)
    return bands.split(imagecodecs.png_decode(file.read()), details, notes)


def write(file: IO[bytes], photo: Photo) -> None:
    """A PNG file, of 8 or 16 bits like the pixels."""
    pixels = bands.joined(photo)
    filtered = pixels.nbytes + len(pixels)  # a byte for each row; the encoder's own estimate is too small
    encoded = memoryview(imagecodecs.png_encode(pixels, out=filtered + filtered // 200 + 4096))
    later = photo.details.encoding.get("later", ()) if photo.details.format == "PNG" else ()
    file.write(encoded[:_AFTER_HEADER])
    _write_chunks(file, _metadata(photo.details))
    file.write(encoded[_AFTER_HEADER:-_END])
    _write_chunks(file, later)
    file.write(encoded[-_END:])


def _write_chunks(file: IO[bytes], chunks: Iterable[tuple[bytes, bytes]]) -> None:
    for name, data in chunks:
        file.write(struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)))


def _kept(chunks: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    for name, data in chunks:
        if (name in _KEPT and not _is_xmp(name, data)) or (name not in (*_KEPT, *_PIXELS) and _may_stay(name)):
            yield name, data


def _may_stay(name: bytes) -> bool:
    """Whether a chunk of an unknown kind stays true when the pixels change."""
    known = name in (*_READ, *_OF_STORED_PIXELS)
    return not known and all(name[letter : letter + 1].islower() for letter in (_ANCILLARY, _SAFE_TO_COPY))


def _is_known(name: bytes) -> bool:
    return name in (*_READ, *_KEPT, *_PIXELS, *_OF_STORED_PIXELS) or _may_stay(name)


def _chunks(file: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents of all chunks but unreasonably large ones; those of pixels are empty."""
    return ((name, data) for name, data, _ in _positioned(file) if data is not None)


def _positioned(file: IO[bytes]) -> Iterator[tuple[bytes, bytes | None, int]]:
    """Names, contents and ends of all chunks; no contents where they are unreasonably large, empty ones of pixels.

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
        content = b"" if name in _PIXELS else file.read(length) if length <= _LARGEST else None
        yield name, content, position


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
