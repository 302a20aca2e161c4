"""Which page of a TIFF file is the picture, and whether it is one that is read, by its tags alone."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import tifffile

from denoiser.data.images.formats.photo import Refused

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, INKS, YCBCR, LAB = 0, 1, 2, 3, 5, 6, 8
SAMPLES = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, INKS: 4, YCBCR: 3, LAB: 3}
"""Samples of a pixel by photometric interpretation, alpha not counted."""
_RAW = (32803, 34892)
_JPEG = (6, 7)
_REDUCED_OR_MASK = 1 | 4
_DNG_VERSION = 50706
_SPLIT = "save the one that is meant as a file of its own"
_CONVERT = "convert it to an RGB or grey TIFF of 8 or 16 bits"


def picture(opened: tifffile.TiffFile) -> tifffile.TiffPage:
    """The only page at full resolution.

    Raises:
        Refused: there are several, or what is there is not read, or is cut off.
    """
    pages = [page for page in _each_once(opened) if isinstance(page, tifffile.TiffPage)]
    if not pages or not pages[0].imagewidth * pages[0].imagelength:
        raise Refused("the file is cut off")
    full = [page for page in pages if not int(page.subfiletype) & _REDUCED_OR_MASK]
    if any(_DNG_VERSION in page.tags or page.photometric in _RAW for page in pages):
        raise Refused("a camera's raw file (DNG)", "develop it to a 16-bit TIFF first")
    count = max(len(full), (opened.imagej_metadata or {}).get("images", 1)) if full else len(full)
    if count != 1:
        raise Refused(f"{count} pages" if count else "no page at full resolution", _SPLIT)
    _check_samples(full[0])
    _check_whole(full[0], opened.filehandle.size)
    return full[0]


def depth(page: tifffile.TiffPage) -> np.dtype[np.generic]:
    """What the pixels of the page become: whole ranges of uint8 or uint16, or floats of 32 or 64 bits."""
    kind = np.dtype(page.dtype)
    if kind.kind == "f":
        return np.dtype(np.float64 if kind.itemsize == 8 else np.float32)
    return np.dtype(np.uint8 if page.photometric == PALETTE or page.bitspersample <= 8 else np.uint16)


def _each_once(opened: tifffile.TiffFile) -> Iterator[tifffile.TiffPage | tifffile.TiffFrame]:
    """The pages, from directory to directory, which in a damaged file may lead back to one that was there."""
    seen: set[int] = set()
    for page in opened.pages:
        if page.offset in seen:
            raise Refused("its pages lead in a circle")
        seen.add(page.offset)
        yield page


def _check_samples(page: tifffile.TiffPage) -> None:
    kind, meaning = page.dtype, int(page.photometric)
    if kind is None or kind.kind not in "buf" or (kind.kind == "u" and page.bitspersample > 16):
        name = f"{page.bitspersample}-bit samples of an unknown kind" if kind is None else str(kind)
        raise Refused(f"pixels are {name}, whose white is not known", _CONVERT)
    colours = SAMPLES.get(meaning, 0)
    if not colours or (meaning == YCBCR and page.compression not in _JPEG):
        raise Refused(f"pixels are {getattr(page.photometric, 'name', meaning)}, which is not read", _CONVERT)
    if page.samplesperpixel - colours not in (0, 1) or page.imagedepth != 1:
        raise Refused(f"{page.samplesperpixel} channels, of which {colours} and an alpha are known", _CONVERT)
    whole = kind.kind == "f" and meaning in (BLACK_IS_ZERO, RGB)
    if not (whole or (kind.kind != "f" and (meaning != LAB or page.bitspersample == 8))):
        raise Refused(f"pixels are {kind} {getattr(page.photometric, 'name', meaning)}, which is not read", _CONVERT)


def _check_whole(page: tifffile.TiffPage, size: int) -> None:
    """Strips that are missing would come out black, without an error."""
    places = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    if len(places) < math.prod(page.chunked) or any(not count or start + count > size for start, count in places):
        raise Refused("the file is cut off")
