"""What a TIFF file says of all its pages, and of the type of their pixels: removed where it is not so any more.

ImageJ's description (ij.io.TiffEncoder), OME-XML in the first page (OME-TIFF specification 6), and tifffile's shapes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from denoiser.data.images.formats import tiff_directories
from denoiser.data.images.formats.photo import Details
from denoiser.data.images.formats.tiff_directories import Entry
from denoiser.data.images.formats.tiff_tags import ExifTag, Tag

NOTE = "what the file says of all its pages together is left out"
_OF_STACK = rb"images|channels|slices|frames|hyperstack|mode|loop|finterval|fps|tunit|spacing|zorigin"
_OF_TYPE = rb"min|max"
_OME = re.compile(rb"\s*(<\?xml.*?\?>)?\s*(<!--.*?-->\s*)*<(\w+:)?OME\b", re.DOTALL)
_SHAPE = re.compile(rb"\s*(\{\s*\"shape\"|shape=\()")
_IMAGEJ = re.compile(rb"ImageJ=")


def of_part(details: Details) -> Details:
    """The metadata of a picture that was one of several in its file, for a file without the others."""
    if details.format == "NPY":
        encoding = {**details.encoding, "axes": details.encoding["axes"].removeprefix("N")}
        return replace(details, encoding=encoding)
    gone = (Tag.PageNumber, Tag.IJMetadataByteCounts, Tag.IJMetadata)
    encoding = {**details.encoding, "subfiletype": 0, "tags": _without(details, gone)}
    return _described(replace(details, encoding=encoding), lambda text: _reduced(text, _OF_STACK, (_OME, _SHAPE)))


def without_shape(details: Details) -> Details:
    """The same without tifffile's shape, for pages that did not have directories of their own."""
    return _described(details, lambda text: _reduced(text, b"", (_SHAPE,)))


def of_other_type(details: Details) -> Details:
    """The same for pixels that have become those of another type."""
    if details.format != "TIFF":
        return details
    encoding = {**details.encoding, "tags": _without(details, (Tag.IJMetadataByteCounts, Tag.IJMetadata))}
    return _described(replace(details, encoding=encoding), lambda text: _reduced(text, _OF_TYPE, (_OME,)))


def _without(details: Details, tags: tuple[int, ...]) -> dict[int, Entry]:
    return {tag: entry for tag, entry in details.encoding.get("tags", {}).items() if tag not in tags}


def _reduced(text: bytes, names: bytes, gone: tuple[re.Pattern[bytes], ...]) -> bytes | None:
    """A description without ImageJ's lines of some names; None for one of a form that is gone."""
    if any(form.match(text) for form in gone):
        return None
    return re.sub(rb"(?m)^(" + names + rb")=.*\n?", b"", text) if names and _IMAGEJ.match(text) else text


def _described(details: Details, change: Callable[[bytes], bytes | None]) -> Details:
    """The metadata with another description, or without one."""
    entries, order = ({}, "<") if details.exif is None else tiff_directories.unblock(details.exif)
    entry = entries.get(ExifTag.ImageDescription)
    if entry is None or not isinstance(entry.value, bytes):
        return details
    text = change(entry.value)
    if text == entry.value:
        return details
    kept = {tag: other for tag, other in entries.items() if tag != ExifTag.ImageDescription}
    if text is not None:
        kept[ExifTag.ImageDescription] = Entry(entry.type, len(text), text)
    return replace(details, exif=tiff_directories.block(kept, order) if kept else None)
