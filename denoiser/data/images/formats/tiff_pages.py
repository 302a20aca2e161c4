"""Which pages of a TIFF file are pictures, and whether they can be read, by their tags alone."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import tifffile
from tifffile import COMPRESSION, PHOTOMETRIC

from denoiser.data.images.formats.associated_alpha import ASSOCIATED, UNASSOCIATED
from denoiser.data.images.formats.foreign import RAW
from denoiser.data.images.formats.photo import Refused
from denoiser.data.images.formats.tiff_tags import PixelTag, Tag

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
_MOSAIC = (PHOTOMETRIC.CFA, PHOTOMETRIC.LINEAR_RAW)
_JPEG = (COMPRESSION.OJPEG, COMPRESSION.JPEG)
_REDUCED, _MASK = 1, 4
"""Bits of NewSubfileType: a smaller version of another page, and a transparency mask."""
_CONVERT = "convert it to an RGB or grey TIFF of 8 or 16 bits"


class Place(NamedTuple):
    """Where a picture is in a TIFF file.

    Attributes:
        page: index of the page in the file.
        plane: index of the picture in the data of that page, where several follow each other; None if there is one.
    """

    page: int
    plane: int | None = None


def pictures(opened: tifffile.TiffFile) -> list[Place]:
    """The pages at full resolution; also pictures without a page, which some programs write after the first one.

    Raises:
        Refused: the file is a camera's raw file, has no such page, or is cut off.
    """
    full, last, leads_out = [], None, False
    for index, page in enumerate(_each_once(opened)):
        if not isinstance(page, tifffile.TiffPage) or not page.imagewidth * page.imagelength:
            raise Refused("the file is cut off")
        if _is_raw(page, index == 0):
            name = " (DNG)" if Tag.DNGVersion in page.tags else ""
            raise Refused(f"{RAW.one}{name}, which cannot be read", RAW.fix)
        if not int(page.subfiletype) & (_REDUCED | _MASK):
            full.append(index)
        last, leads_out = index, _leads_out(opened, page)
    if last is None or leads_out:
        raise Refused("the file is cut off")
    if not full:
        raise Refused("no page at full resolution", "save its picture as a TIFF of its own")
    planes = _planes(opened) if last == 0 else 1
    return [Place(full[0], plane) for plane in range(planes)] if planes > 1 else [Place(page) for page in full]


def _leads_out(opened: tifffile.TiffFile, page: tifffile.TiffPage) -> bool:
    """Whether the next directory would be behind the end of the file, which tifffile takes for the last page."""
    file, layout = opened.filehandle, opened.tiff
    file.seek(page.offset)
    (count,) = struct.unpack(layout.tagnoformat, file.read(layout.tagnosize))
    file.seek(page.offset + layout.tagnosize + count * layout.tagsize)
    following = file.read(layout.offsetsize)
    return len(following) == layout.offsetsize and struct.unpack(layout.offsetformat, following)[0] >= file.size


def _is_raw(page: tifffile.TiffPage, is_first: bool) -> bool:
    """Whether a page is a camera's raw picture, or a preview that leads to it."""
    inside = list(page.pages or ()) if is_first and page.subifds else []
    return Tag.DNGVersion in page.tags or any(getattr(each, "photometric", 0) in _MOSAIC for each in [page, *inside])


def page_at(opened: tifffile.TiffFile, place: Place) -> tifffile.TiffPage:
    """The page of a picture.

    Raises:
        Refused: it cannot be read, or is cut off.
    """
    page = opened.pages[place.page]
    if not isinstance(page, tifffile.TiffPage):
        raise Refused("the file is cut off")
    _check_samples(page)
    _check_complete(page, opened.filehandle.size)
    if place.plane is not None:
        end = page.dataoffsets[0] + (place.plane + 1) * page.nbytes
        if not page.is_contiguous or end > opened.filehandle.size:
            raise Refused("the file is cut off")
    return page


def _planes(opened: tifffile.TiffFile) -> int:
    """How many pictures follow each other in the data of the only page (ImageJ beyond 4 GB, MetaMorph, tifffile)."""
    page = opened.pages.first
    if opened.imagej_metadata:
        return int(opened.imagej_metadata.get("images", 1))
    if PixelTag.UIC2 in page.tags:
        return int(page.tags[PixelTag.UIC2].count)
    if page.is_shaped and page.is_contiguous:
        planes = math.prod(_shape(page.shaped_description or "")) // math.prod(page.shape)
        return planes if page.dataoffsets[0] + planes * page.nbytes <= opened.filehandle.size else 1
    return 1


def _shape(description: str) -> list[int]:
    """The shape of all pictures together as tifffile describes it; empty where it is damaged."""
    try:
        shape = json.loads(description)["shape"]
    except (ValueError, KeyError, TypeError):
        return [0]
    return [int(side) for side in shape] if isinstance(shape, list) else [0]


def left_out(page: tifffile.TiffPage, further: int) -> tuple[str, ...]:
    """Notes on what is not written again.

    Args:
        page: a picture.
        further: how many pages of the file are no pictures at full resolution.
    """
    others = further + len(page.subifds or ())
    smaller = (f"smaller versions and masks in the file are left out: {others}",) if others else ()
    layers = ("Photoshop's layers are left out",) if PixelTag.ImageSourceData in page.tags else ()
    return (*smaller, *layers)


def depth(page: tifffile.TiffPage) -> np.dtype[np.generic]:
    """The type of the page's pixels once they are read: full ranges of uint8 or uint16, or floats of 32 or 64 bits.

    Integers with a sign or of more than 16 bits, whose white is not known, become floats that hold them exactly.
    """
    stored = np.dtype(page.dtype)
    if stored.kind == "f":
        return np.dtype(np.float64 if stored.itemsize == 8 else np.float32)
    if _is_counted(page):
        return np.dtype(np.float32 if stored.itemsize <= 2 else np.float64)
    return np.dtype(np.uint8 if page.photometric == PHOTOMETRIC.PALETTE or page.bitspersample <= 8 else np.uint16)


def _is_counted(page: tifffile.TiffPage) -> bool:
    """Whether samples are integers whose range says nothing of black and white."""
    stored = np.dtype(page.dtype)
    return stored.kind == "i" or (stored.kind == "u" and page.bitspersample > 16)


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
    if stored is None or stored.kind not in "buif" or (stored.kind in "ui" and page.bitspersample > 32):
        name = f"{page.bitspersample}-bit samples of an unknown kind" if stored is None else str(stored)
        raise Refused(f"pixels are {name}, which cannot be read", _CONVERT)
    colours = SAMPLES.get(meaning, 0)
    if not colours or (meaning == PHOTOMETRIC.YCBCR and page.compression not in _JPEG):
        raise Refused(f"pixels are {_name(page)}, which cannot be read", _CONVERT)
    extra = page.samplesperpixel - colours
    if extra < 0 or (extra and meaning == PHOTOMETRIC.PALETTE) or page.imagedepth != 1:
        what = f"{page.samplesperpixel} channels of depth {page.imagedepth} as {_name(page)}, which cannot be read"
        raise Refused(what, _CONVERT)
    _check_meaning(page, extra)


def _check_meaning(page: tifffile.TiffPage, extra: int) -> None:
    """Refuse kinds of numbers for which the photometric interpretation defines no white, or no alpha channel."""
    stored, meaning = np.dtype(page.dtype), int(page.photometric)
    kinds = [int(kind) for kind in page.extrasamples[:extra]] or [UNASSOCIATED] * (extra > 0)
    if stored.kind == "f" or _is_counted(page):
        counted_alpha = _is_counted(page) and any(kind in (ASSOCIATED, UNASSOCIATED) for kind in kinds)
        wrong = meaning not in (PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.RGB) or counted_alpha
        alpha = " with alpha" if counted_alpha else ""
    else:
        shifted = meaning == PHOTOMETRIC.CIELAB and kinds[:1] == [ASSOCIATED]  # a and b have negative values
        wrong = shifted or (meaning == PHOTOMETRIC.CIELAB and page.bitspersample != 8)
        alpha = " with associated alpha" if shifted else ""
    if wrong:
        raise Refused(f"pixels are {stored} {_name(page)}{alpha}, which cannot be read", _CONVERT)


def _name(page: tifffile.TiffPage) -> str:
    """The photometric interpretation, by its name if it has one."""
    return str(getattr(page.photometric, "name", page.photometric))


def _check_complete(page: tifffile.TiffPage, size: int) -> None:
    """Refuse missing strips: they would come out black, without an error."""
    parts = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    if len(parts) < math.prod(page.chunked) or any(not count or start + count > size for start, count in parts):
        raise Refused("the file is cut off")
