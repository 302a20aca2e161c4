"""Which page of a TIFF file is the picture, and whether it can be read, by its tags alone."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import tifffile
from tifffile import COMPRESSION, PHOTOMETRIC

from denoiser.data.images.formats.associated_alpha import ASSOCIATED
from denoiser.data.images.formats.photo import Refused
from denoiser.data.images.formats.tiff_tags import Tag

SAMPLES: dict[int, int] = {
    PHOTOMETRIC.MINISWHITE: 1,
    PHOTOMETRIC.MINISBLACK: 1,
    PHOTOMETRIC.RGB: 3,
    PHOTOMETRIC.PALETTE: 1,
    PHOTOMETRIC.SEPARATED: 4,
    PHOTOMETRIC.YCBCR: 3,
    PHOTOMETRIC.CIELAB: 3,
}
"""Samples of a pixel by photometric interpretation, alpha not counted."""
_RAW = (PHOTOMETRIC.CFA, PHOTOMETRIC.LINEAR_RAW)
_JPEG = (COMPRESSION.OJPEG, COMPRESSION.JPEG)
_REDUCED, _MASK = 1, 4
"""Bits of NewSubfileType: a smaller version of another page, and a transparency mask."""
_SPLIT = "save the picture that you want as a file of its own"
_CONVERT = "convert it to an RGB or grey TIFF of 8 or 16 bits"


def picture(opened: tifffile.TiffFile) -> tifffile.TiffPage:
    """The only page at full resolution.

    Raises:
        Refused: there are several pages, or the page cannot be read or is cut off.
    """
    pages = [page for page in _each_once(opened) if isinstance(page, tifffile.TiffPage)]
    if not pages or not pages[0].imagewidth * pages[0].imagelength:
        raise Refused("the file is cut off")
    full = [page for page in pages if not int(page.subfiletype) & (_REDUCED | _MASK)]
    if any(Tag.DNGVersion in page.tags or page.photometric in _RAW for page in pages):
        raise Refused("a camera's raw file (DNG)", "develop it to a 16-bit TIFF first")
    count = max(len(full), (opened.imagej_metadata or {}).get("images", 1)) if full else len(full)
    if count != 1:
        raise Refused(f"{count} pages" if count else "no page at full resolution", _SPLIT)
    _check_samples(full[0])
    _check_complete(full[0], opened.filehandle.size)
    return full[0]


def depth(page: tifffile.TiffPage) -> np.dtype[np.generic]:
    """The type of the page's pixels once they are read: full ranges of uint8 or uint16, or floats of 32 or 64 bits."""
    stored = np.dtype(page.dtype)
    if stored.kind == "f":
        return np.dtype(np.float64 if stored.itemsize == 8 else np.float32)
    return np.dtype(np.uint8 if page.photometric == PHOTOMETRIC.PALETTE or page.bitspersample <= 8 else np.uint16)


def _each_once(opened: tifffile.TiffFile) -> Iterator[tifffile.TiffPage | tifffile.TiffFrame]:
    """The pages, from directory to directory; in a damaged file one can lead back to an earlier one."""
    seen: set[int] = set()
    for page in opened.pages:
        if page.offset in seen:
            raise Refused("its pages lead in a circle")
        seen.add(page.offset)
        yield page


def _check_samples(page: tifffile.TiffPage) -> None:
    stored, meaning = page.dtype, int(page.photometric)
    if stored is None or stored.kind not in "buf" or (stored.kind == "u" and page.bitspersample > 16):
        name = f"{page.bitspersample}-bit samples of an unknown kind" if stored is None else str(stored)
        raise Refused(f"pixels are {name}, whose white is not known", _CONVERT)
    colours = SAMPLES.get(meaning, 0)
    if not colours or (meaning == PHOTOMETRIC.YCBCR and page.compression not in _JPEG):
        raise Refused(f"pixels are {_name(page)}, which cannot be read", _CONVERT)
    extra = page.samplesperpixel - colours
    if extra < 0 or (extra and meaning == PHOTOMETRIC.PALETTE) or page.imagedepth != 1:
        what = f"{page.samplesperpixel} channels of depth {page.imagedepth} as {_name(page)}, which cannot be read"
        raise Refused(what, _CONVERT)
    floats = stored.kind == "f" and meaning in (PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.RGB)
    integers = stored.kind != "f" and (meaning != PHOTOMETRIC.CIELAB or page.bitspersample == 8)
    shifted = meaning == PHOTOMETRIC.CIELAB and page.extrasamples[:1] == (ASSOCIATED,)  # a and b have negative values
    if not (floats or integers) or shifted:
        alpha = " with associated alpha" if shifted else ""
        raise Refused(f"pixels are {stored} {_name(page)}{alpha}, which cannot be read", _CONVERT)


def _name(page: tifffile.TiffPage) -> str:
    """The photometric interpretation, by its name if it has one."""
    return str(getattr(page.photometric, "name", page.photometric))


def _check_complete(page: tifffile.TiffPage, size: int) -> None:
    """Refuse missing strips: they would come out black, without an error."""
    parts = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    if len(parts) < math.prod(page.chunked) or any(not count or start + count > size for start, count in parts):
        raise Refused("the file is cut off")
