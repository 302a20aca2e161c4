"""TIFF files (TIFF 6.0 with its technical notes, BigTIFF): integers and floats, in strips and tiles, by tifffile."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import IO, Any

import numpy as np
import tifffile

from denoiser.data.images.formats import bands, colour_spaces, tiff_metadata, tiff_pages, tiff_tags
from denoiser.data.images.formats.photo import Details, Header, Photo, Pixels

logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # it tells of damaged tags on the terminal

_LOSSLESS = {1: None, 5: "lzw", 8: "zlib", 32946: "zlib", 32773: "packbits", 50000: "zstd", 34925: "lzma"}
_PREDICTED = ("lzw", "zlib", "zstd")
_UNASSOCIATED = 2
_BIG = 2**32 - 2**28


def header(file: IO[bytes]) -> tuple[Header, Details]:
    """What the file holds, as it is stored.

    Of the encoding: `compression` and `predictor` as tifffile takes them, `extrasample`, the tag's value for the alpha
    channel, `half`, that floats have 16 bits, and `order` and `tags`, those that only TIFF files hold.
    """
    file.seek(0)
    with tifffile.TiffFile(file) as opened:
        page = tiff_pages.picture(opened)
    bits, alpha = 8 * tiff_pages.depth(page).itemsize, page.samplesperpixel > tiff_pages.SAMPLES[page.photometric]
    channels = 1 if page.photometric in (tiff_pages.WHITE_IS_ZERO, tiff_pages.BLACK_IS_ZERO) else 3
    details = tiff_metadata.details(file, page.offset)
    details = replace(details, encoding={**details.encoding, **_encoding(page)})
    return Header(page.imagelength, page.imagewidth, channels, bits, "TIFF", alpha), details


def _encoding(page: tifffile.TiffPage) -> dict[str, Any]:
    code = int(page.compression)
    return {
        "compression": _LOSSLESS.get(code, "zlib"),
        "predictor": code not in _LOSSLESS or page.predictor != 1,
        "extrasample": int(page.extrasamples[0]) if page.extrasamples else _UNASSOCIATED,
        "half": page.dtype == np.float16,
    }


def read(file: IO[bytes], details: Details) -> Photo:
    """The pixels, as they are stored; palettes, inks and L*a*b* become RGB, grey whose 0 is white is turned over."""
    file.seek(0)
    with tifffile.TiffFile(file) as opened:
        page = tiff_pages.picture(opened)
        stored = _interleaved(page)
    meaning, kind = int(page.photometric), tiff_pages.depth(page)
    if kind.kind == "f":
        return bands.apart(stored.astype(kind, copy=False), details)
    if meaning == tiff_pages.PALETTE:
        table = (np.asarray(page.colormap).T >> 8).astype(np.uint8)
        return bands.apart(colour_spaces.looked_up(stored, table), details)
    pixels = colour_spaces.stretched(stored, 2**page.bitspersample - 1)
    if meaning == tiff_pages.WHITE_IS_ZERO:
        grey = pixels if pixels.ndim == 2 else pixels[..., 0]
        np.subtract(255 if kind == np.uint8 else 65535, grey, out=grey)
    if meaning in (tiff_pages.INKS, tiff_pages.LAB):
        return _as_rgb(pixels, meaning, details)
    return bands.apart(pixels, details)


def _interleaved(page: tifffile.TiffPage) -> Pixels:
    """`(H, W)` or `(H, W, samples)` in the machine's byte order."""
    stored = page.asarray(maxworkers=1)
    if page.axes.startswith("S"):
        stored = np.ascontiguousarray(np.moveaxis(stored, 0, -1))
    return stored.astype(stored.dtype.newbyteorder("="), copy=False)


def _as_rgb(pixels: Pixels, meaning: int, details: Details) -> Photo:
    samples = tiff_pages.SAMPLES[meaning]
    alpha = np.ascontiguousarray(pixels[..., samples]) if pixels.shape[2] > samples else None
    if meaning == tiff_pages.INKS:
        colours, note = colour_spaces.from_cmyk(pixels[..., :samples], details.icc)
    else:
        colours, note = colour_spaces.from_lab(pixels[..., :samples]), colour_spaces.FROM_LAB
    return replace(bands.apart(colours, replace(details, icc=None), (note,)), alpha=alpha)


def write(file: IO[bytes], photo: Photo) -> None:
    """A TIFF file, compressed as the picture was if nothing is lost by it, else by deflate; a BigTIFF above 4 GB."""
    encoding = photo.details.encoding if photo.details.format == "TIFF" else {}
    compression = encoding.get("compression", "zlib")
    tags, order = tiff_metadata.tags(photo.details)
    pixels = bands.together(photo)
    if encoding.get("half") and pixels.dtype == np.float32:
        largest = np.finfo(np.float16).max
        pixels = pixels.clip(-largest, largest).astype(np.float16)
    with tifffile.TiffWriter(file, byteorder=order, bigtiff=pixels.nbytes > _BIG) as writer:
        writer.write(
            pixels,
            photometric="minisblack" if photo.channels == 1 else "rgb",
            extrasamples=None if photo.alpha is None else [encoding.get("extrasample", _UNASSOCIATED)],
            compression=compression,
            predictor=bool(encoding.get("predictor", True)) and compression in _PREDICTED,
            software=False,
            metadata=None,
            maxworkers=1,
        )
    file.flush()
    with open(file.name, "r+b") as written:
        tiff_tags.add(written, tags, leave=tiff_metadata.DENSITY)  # tifffile writes one that nobody knows of
