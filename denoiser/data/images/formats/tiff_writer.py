"""TIFF files written (TIFF 6.0, BigTIFF), by tifffile; memory holds one page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import IO, Any

import numpy as np
import tifffile

from denoiser.data.images.formats import extra_samples, tiff_directories, tiff_metadata
from denoiser.data.images.formats.photo import Header, Photo, Pixels
from denoiser.data.images.formats.tiff_directories import Directory

_WITH_PREDICTOR = ("lzw", "zlib", "zstd")
_BIG = 2**32 - 2**28
"""Bytes of pixels above which the file becomes a BigTIFF."""


def write(file: IO[bytes], photo: Photo) -> None:
    """A TIFF file of one page."""
    write_pages(file, [photo], [photo.header])


def write_pages(file: IO[bytes], photos: Iterable[Photo], headers: Sequence[Header]) -> None:
    """A TIFF file of several pages, each with the lossless compression of its source, else deflate.

    Equal pages without compression follow each other without a gap: ImageJ looks for them there, not in directories.

    Args:
        file: an empty file, open for writing; it has a name.
        photos: the pages, which may be computed meanwhile.
        headers: of each page; above 4 GB of pixels the file becomes a BigTIFF.
    """
    waiting = iter(photos)
    first = next(waiting)
    tags: list[Directory] = []
    options, order = _options(first), tiff_metadata.tags(first.details)[1]
    whole: dict[str, Any] = {"shape": (len(headers), *_samples(first).shape), "dtype": _samples(first).dtype}
    big = sum(header.bytes for header in headers) > _BIG
    photos = chain([first], waiting)
    del first  # nothing below keeps a page while the next is computed
    with tifffile.TiffWriter(file, byteorder=order, bigtiff=big) as writer:
        if len(set(headers)) == 1 and options["compression"] is None:
            writer.write(map(partial(_kept, tags), photos), **whole, **options)
        else:
            for photo in photos:
                writer.write(_kept(tags, photo), **_options(photo))
                del photo
    file.flush()
    with open(file.name, "r+b") as written:
        tiff_directories.add(written, tags, leave=tiff_metadata.RESOLUTION)  # tifffile writes one of its own


def _kept(tags: list[Directory], photo: Photo) -> Pixels:
    """The samples of a photo, whose tags are kept for the end."""
    tags.append(tiff_metadata.tags(photo.details)[0])
    return _samples(photo)


def _samples(photo: Photo) -> Pixels:
    """All samples as the file holds them."""
    samples, _ = extra_samples.joined(photo, _encoding(photo))
    return as_stored(samples, photo.details.encoding.get("stored", ""))


def _encoding(photo: Photo) -> Mapping[str, Any]:
    return photo.details.encoding if photo.details.format == "TIFF" else {}


def _compression(photo: Photo) -> str | None:
    compression: str | None = _encoding(photo).get("compression", "zlib")
    return compression


def _options(photo: Photo) -> dict[str, Any]:
    """How tifffile writes a page."""
    encoding, compression = _encoding(photo), _compression(photo)
    return {
        "photometric": "minisblack" if photo.channels == 1 else "rgb",
        "extrasamples": extra_samples.joined(photo, encoding)[1],
        "planarconfig": None if photo.bands is None else "contig",
        "compression": compression,
        "predictor": bool(encoding.get("predictor", True)) and compression in _WITH_PREDICTOR,
        "subfiletype": encoding.get("subfiletype") or None,
        "software": False,
        "metadata": None,
        "maxworkers": 1,
    }


def as_stored(pixels: Pixels, dtype: str) -> Pixels:
    """Floats as the type of the file that they were read from: clamped to its range, integers rounded halves to even.

    Args:
        pixels: of any type; integers are returned as they are.
        dtype: the type, such as `int16`; empty for that of the pixels.
    """
    if not dtype or pixels.dtype.kind != "f":
        return pixels
    stored = np.dtype(dtype)
    if stored.kind == "f":
        largest = np.finfo(stored).max
        return pixels.clip(-largest, largest).astype(stored)
    limits = np.iinfo(stored)
    return np.rint(pixels).clip(limits.min, limits.max).astype(stored)
