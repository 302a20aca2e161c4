"""TIFF files read (TIFF 6.0 with its technical notes, BigTIFF): integers and floats, strips and tiles, by tifffile."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import IO, Any

import imagecodecs
import numpy as np
import tifffile
from tifffile import COMPRESSION, PHOTOMETRIC, PLANARCONFIG

from denoiser.data.images.formats import (
    associated_alpha,
    bands,
    claims,
    colour_spaces,
    extra_samples,
    page_claims,
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
_NO_PREDICTOR, _OF_SEVERAL = 1, 2
"""A value of Predictor, and the bit of NewSubfileType for a page of a document of several."""


class TiffPictures:
    """The pictures of an open TIFF file, read one at a time.

    Args:
        file: it stays open as long as pictures are read.

    Raises:
        Refused: see `tiff_pages.pictures`.
    """

    def __init__(self, file: IO[bytes]) -> None:
        file.seek(0)
        self.file, self.opened = file, tifffile.TiffFile(file)
        self.places = tiff_pages.pictures(self.opened)
        self.further = len(self.opened.pages) - len({place.page for place in self.places})

    def __len__(self) -> int:
        """How many pictures there are."""
        return len(self.places)

    def header(self, index: int) -> tuple[Header, Details]:
        """The size and metadata of a picture, as they are stored.

        `encoding` gets `compression` and `predictor` as tifffile takes them, `extrasamples`, the kinds of the samples
        beyond colour, `stored`, the type of samples that are read as floats, `subfiletype`, whether it is a page of
        several, and `order` and `tags`, those that only TIFF files hold.

        Raises:
            Refused: see `tiff_pages.page_at`.
        """
        page = tiff_pages.page_at(self.opened, self.places[index])
        bits, kinds = 8 * tiff_pages.depth(page).itemsize, _extra(page)
        alpha = extra_samples.alpha_at(kinds) is not None
        channels = 1 if page.photometric in (PHOTOMETRIC.MINISWHITE, PHOTOMETRIC.MINISBLACK) else 3
        details = tiff_metadata.details(self.file, page.offset)
        details = replace(details, encoding={**details.encoding, **_encoding(page)})
        if self.places[index].plane is not None:
            details = page_claims.without_shape(details)
        bands, stored = len(kinds) - alpha, details.encoding["stored"]
        size = page.imagelength, page.imagewidth
        return Header(*size, channels, bits, "TIFF", alpha, bands=bands, stored=stored), details

    def read(self, index: int, details: Details) -> Photo:
        """The pixels, as they are stored; palettes, CMYK and L*a*b* become RGB, grey whose 0 is white is inverted."""
        page = tiff_pages.page_at(self.opened, self.places[index])
        colours, kinds = tiff_pages.SAMPLES[page.photometric], _extra(page)
        pixels = _interleaved(self._samples(page, self.places[index].plane), page)
        stored, bands = extra_samples.separated(pixels, colours, kinds)
        photo = _decoded(stored, page, details)
        notes = (*_stretching(page, photo), *tiff_pages.left_out(page, self.further))
        photo = replace(photo, notes=(*photo.notes, *notes))
        if bands is None:
            return photo
        levels = bands.astype(photo.pixels.dtype) if photo.pixels.dtype.kind == "f" else _stretched(bands, page)
        return replace(photo, bands=levels)

    def _samples(self, page: tifffile.TiffPage, plane: int | None) -> Pixels:
        """The samples of a page; of one of several pictures in its data, which are not compressed, by its position."""
        if plane is None and len(self.opened.pages) == 1 and _is_plain_lzw(page):
            self.file.seek(0)
            samples: Pixels = imagecodecs.tiff_decode(self.file.read())  # by libtiff, in half the time
            return samples.reshape(page.shape)
        if plane is None:
            return page.asarray(maxworkers=1)
        self.file.seek(page.dataoffsets[0] + plane * page.nbytes)
        order = self.opened.byteorder
        return np.frombuffer(self.file.read(page.nbytes), np.dtype(page.dtype).newbyteorder(order)).reshape(page.shape)


def _is_plain_lzw(page: tifffile.TiffPage) -> bool:
    """Whether a page is of 8 bits in strips, its channels together, compressed by LZW."""
    together = page.planarconfig == PLANARCONFIG.CONTIG and not page.is_tiled
    return page.compression == COMPRESSION.LZW and page.dtype == np.uint8 and page.bitspersample == 8 and together


def _extra(page: tifffile.TiffPage) -> tuple[int, ...]:
    return extra_samples.kinds(page, tiff_pages.SAMPLES[page.photometric])


def _encoding(page: tifffile.TiffPage) -> dict[str, Any]:
    compression, depth = page.compression, tiff_pages.depth(page)
    return {
        "compression": _LOSSLESS.get(compression, "zlib"),
        "predictor": compression not in _LOSSLESS or page.predictor != _NO_PREDICTOR,
        "extrasamples": _extra(page),
        "stored": "" if page.dtype == depth or depth.kind != "f" else str(page.dtype),
        "subfiletype": int(page.subfiletype) & _OF_SEVERAL,
    }


def _stretching(page: tifffile.TiffPage, photo: Photo) -> tuple[str, ...]:
    bits = page.bitspersample
    return (f"{bits}-bit levels stretched to 16 bits",) if photo.pixels.dtype == np.uint16 and bits < 16 else ()


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


def _interleaved(stored: Pixels, page: tifffile.TiffPage) -> Pixels:
    """`(H, W)` or `(H, W, samples)` in the machine's byte order."""
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
    return replace(bands.split(colours, claims.without_profile(details), (note,)), alpha=alpha)
