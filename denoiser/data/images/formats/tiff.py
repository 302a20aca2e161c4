"""TIFF files (TIFF 6.0 with its technical notes, BigTIFF): integers and floats, in strips and tiles, by tifffile."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import IO, Any

import numpy as np
import tifffile
from tifffile import COMPRESSION, PHOTOMETRIC

from denoiser.data.images.formats import (
    associated_alpha,
    bands,
    colour_spaces,
    extra_samples,
    tiff_directories,
    tiff_metadata,
    tiff_pages,
)
from denoiser.data.images.formats.photo import Details, Header, Photo, Pixels, white_of

logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # it reports damaged tags on the terminal

_LOSSLESS: dict[int, str | None] = {
    COMPRESSION.NONE: None,
    COMPRESSION.LZW: "lzw",
    COMPRESSION.ADOBE_DEFLATE: "zlib",
    COMPRESSION.DEFLATE: "zlib",
    COMPRESSION.PACKBITS: "packbits",
    COMPRESSION.ZSTD: "zstd",
    COMPRESSION.LZMA: "lzma",
}
_WITH_PREDICTOR = ("lzw", "zlib", "zstd")
_NO_PREDICTOR = 1
_BIG = 2**32 - 2**28
"""Bytes of pixels above which the file becomes a BigTIFF."""


def header(file: IO[bytes]) -> tuple[Header, Details]:
    """The size and metadata, as they are stored.

    `encoding` gets `compression` and `predictor` as tifffile takes them, `extrasamples`, the kinds of the samples
    beyond colour, `half`, whether floats have 16 bits, and `order` and `tags`, those that only TIFF files hold.
    """
    file.seek(0)
    with tifffile.TiffFile(file) as opened:
        page = tiff_pages.picture(opened)
    bits, kinds = 8 * tiff_pages.depth(page).itemsize, _extra(page)
    alpha = extra_samples.alpha_at(kinds) is not None
    channels = 1 if page.photometric in (PHOTOMETRIC.MINISWHITE, PHOTOMETRIC.MINISBLACK) else 3
    details = tiff_metadata.details(file, page.offset)
    details = replace(details, encoding={**details.encoding, **_encoding(page)})
    bands = len(kinds) - alpha
    return Header(page.imagelength, page.imagewidth, channels, bits, "TIFF", alpha, bands=bands), details


def _extra(page: tifffile.TiffPage) -> tuple[int, ...]:
    return extra_samples.kinds(page, tiff_pages.SAMPLES[page.photometric])


def _encoding(page: tifffile.TiffPage) -> dict[str, Any]:
    compression = page.compression
    return {
        "compression": _LOSSLESS.get(compression, "zlib"),
        "predictor": compression not in _LOSSLESS or page.predictor != _NO_PREDICTOR,
        "extrasamples": _extra(page),
        "half": page.dtype == np.float16,
    }


def read(file: IO[bytes], details: Details) -> Photo:
    """The pixels, as they are stored; palettes, CMYK and L*a*b* become RGB, grey whose 0 is white is inverted."""
    file.seek(0)
    with tifffile.TiffFile(file) as opened:
        page = tiff_pages.picture(opened)
        stored, bands = extra_samples.separated(_interleaved(page), tiff_pages.SAMPLES[page.photometric], _extra(page))
    photo = _decoded(stored, page, details)
    if bands is None:
        return photo
    levels = bands.astype(photo.pixels.dtype) if bands.dtype.kind == "f" else _stretched(bands, page)
    return replace(photo, bands=levels)


def _decoded(stored: Pixels, page: tifffile.TiffPage, details: Details) -> Photo:
    """The photo of colours and alpha as they are stored."""
    meaning, depth = int(page.photometric), tiff_pages.depth(page)
    if depth.kind == "f":
        return bands.split(stored.astype(depth, copy=False), details)
    if meaning == PHOTOMETRIC.PALETTE:
        table = (np.asarray(page.colormap).T >> 8).astype(np.uint8)
        return bands.split(colour_spaces.looked_up(stored, table), details)
    pixels = _stretched(stored, page)
    if meaning in (PHOTOMETRIC.MINISWHITE, PHOTOMETRIC.SEPARATED) and associated_alpha.is_associated(details):
        pixels, details = (
            _divided(pixels),
            associated_alpha.unassociated(details),
        )  # turned over, it would be no product
    if meaning == PHOTOMETRIC.MINISWHITE:
        grey = pixels if pixels.ndim == 2 else pixels[..., 0]
        np.subtract(int(white_of(depth)), grey, out=grey)
    if meaning in (PHOTOMETRIC.SEPARATED, PHOTOMETRIC.CIELAB):
        return _as_rgb(pixels, meaning, details)
    return bands.split(pixels, details)


def _interleaved(page: tifffile.TiffPage) -> Pixels:
    """`(H, W)` or `(H, W, samples)` in the machine's byte order."""
    stored = page.asarray(maxworkers=1)
    if page.axes.startswith("S"):
        stored = np.ascontiguousarray(np.moveaxis(stored, 0, -1))
    return stored.astype(stored.dtype.newbyteorder("="), copy=False)


def _stretched(stored: Pixels, page: tifffile.TiffPage) -> Pixels:
    return colour_spaces.stretched(stored, 2**page.bitspersample - 1)


def _divided(pixels: Pixels) -> Pixels:
    """Bands of which the last is the alpha channel that the others are multiplied by."""
    colours, alpha = pixels[..., :-1], pixels[..., -1]
    return np.dstack([associated_alpha.divided(colours, alpha, white_of(pixels.dtype)), alpha])


def _as_rgb(pixels: Pixels, meaning: int, details: Details) -> Photo:
    samples = tiff_pages.SAMPLES[meaning]
    alpha = np.ascontiguousarray(pixels[..., samples]) if pixels.shape[2] > samples else None
    if meaning == PHOTOMETRIC.SEPARATED:
        colours, note = colour_spaces.from_cmyk(pixels[..., :samples], details.icc)
    else:
        colours, note = colour_spaces.from_lab(pixels[..., :samples]), colour_spaces.FROM_LAB
    return replace(bands.split(colours, replace(details, icc=None), (note,)), alpha=alpha)


def write(file: IO[bytes], photo: Photo) -> None:
    """A TIFF file with the source's lossless compression, else deflate; a BigTIFF above 4 GB."""
    encoding = photo.details.encoding if photo.details.format == "TIFF" else {}
    compression = encoding.get("compression", "zlib")
    tags, order = tiff_metadata.tags(photo.details)
    pixels, extra = extra_samples.joined(photo, encoding)
    if encoding.get("half") and pixels.dtype == np.float32:
        largest = np.finfo(np.float16).max
        pixels = pixels.clip(-largest, largest).astype(np.float16)
    with tifffile.TiffWriter(file, byteorder=order, bigtiff=pixels.nbytes > _BIG) as writer:
        writer.write(
            pixels,
            photometric="minisblack" if photo.channels == 1 else "rgb",
            extrasamples=extra,
            planarconfig=None if photo.bands is None else "contig",
            compression=compression,
            predictor=bool(encoding.get("predictor", True)) and compression in _WITH_PREDICTOR,
            software=False,
            metadata=None,
            maxworkers=1,
        )
    file.flush()
    with open(file.name, "r+b") as written:
        tiff_directories.add(written, tags, leave=tiff_metadata.RESOLUTION)  # tifffile writes one of its own
