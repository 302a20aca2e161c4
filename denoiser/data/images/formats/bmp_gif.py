"""BMP and GIF files, which hold 8 bits and hardly any metadata. GIF files are read but not written."""

from __future__ import annotations

from typing import IO

from PIL import BmpImagePlugin, GifImagePlugin, Image, ImageFile

from denoiser.data.images.formats import bands
from denoiser.data.images.formats.photo import Details, Header, Photo, refuse_animation

_GIF_PICTURE, _GIF_EXTENSION, _GIF_END = b",!;"


def header(file: IO[bytes]) -> tuple[Header, Details]:
    """The size and metadata."""
    opened = _opened(file)
    refuse_animation(_frames(file) if opened.format == "GIF" else 1)
    format, mode = opened.format or "", _mode(opened)
    dpi = opened.info.get("dpi")
    channels, alpha = 1 if mode[0] == "L" else 3, mode[-1] == "A"
    details = Details(format, dpi=dpi if dpi and min(dpi) > 0 else None)
    return Header(opened.height, opened.width, channels, 8, format, alpha), details


def read(file: IO[bytes], details: Details) -> Photo:
    """The pixels; a palette becomes RGB."""
    opened = _opened(file)
    opened.load()
    mode = _mode(opened)
    return bands.split(bands.decoded(opened if opened.mode == mode else opened.convert(mode)), details)


def write(file: IO[bytes], photo: Photo) -> None:
    """A BMP file."""
    file.write(bands.encoded(photo.pixels, "BMP", dpi=photo.details.dpi))


def _opened(file: IO[bytes]) -> ImageFile.ImageFile:
    # Not by Image.open, whose limit of pixels holds for the whole process.
    file.seek(0)
    start = file.read(3)
    file.seek(0)
    return GifImagePlugin.GifImageFile(file) if start == b"GIF" else BmpImagePlugin.BmpImageFile(file)


def _frames(file: IO[bytes]) -> int:
    """The number of pictures in a GIF file by its blocks (GIF89a); Pillow would decode them to count them."""
    file.seek(0)
    data = file.read()
    count, position = 0, 13 + _table(data, 10)
    while position < len(data) and data[position] != _GIF_END:
        if data[position] == _GIF_PICTURE:
            count, position = count + 1, position + 11 + _table(data, position + 9)
        elif data[position] == _GIF_EXTENSION:
            position += 2
        else:  # stray bytes
            position += 1
            continue
        while data[position : position + 1] not in (b"", b"\0"):
            position += 1 + data[position]
        position += 1
    return count


def _table(data: bytes, position: int) -> int:
    """Bytes of the table of colours that the flags at a position announce."""
    flags = data[position] if position < len(data) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _mode(opened: Image.Image) -> str:
    if "transparency" in opened.info:
        return "RGBA"
    if opened.mode == "1":
        return "L"
    return opened.mode if opened.mode in bands.COUNT else "RGB"
