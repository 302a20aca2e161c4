"""What XMP says of other things in its file: removed where they are gone, every other byte unchanged.

Motion photos and gain maps: Google, Motion Photo format 1.0 and Ultra HDR Image Format 1.1; XMP beyond 64 KiB: Adobe,
XMP Specification, part 3.
"""

from __future__ import annotations

import re
from dataclasses import replace

from denoiser.data.images.formats.photo import Details

_GOOGLE = rb"http://ns\.google\.com/photos/1\.0/"
_VIDEO = rb"(?:MotionPhoto|MicroVideo|OLivePhoto|VideoLength)\w*"
_ANY = rb"\w+"
_DIRECTORY = _GOOGLE + rb"container/"
_OF_VIDEO = ((_GOOGLE + rb"camera/", _VIDEO), (rb"http://ns\.oplus\.com/photos/1\.0/camera/", _VIDEO))
_OF_PICTURES = (
    (rb"http://ns\.adobe\.com/hdr-gain-map/1\.0/", _ANY),
    (rb"http://ns\.google\.com/photos/dd/1\.0/device/", _ANY),
)
_OF_EXTENSION = (
    (rb"http://ns\.adobe\.com/xmp/note/", rb"HasExtendedXMP"),
    *((_GOOGLE + kind, _ANY) for kind in (rb"depthmap/", rb"image/", rb"audio/")),
)
_OF_PROFILE = ((rb"http://ns\.adobe\.com/photoshop/1\.0/", rb"ICCProfile|ColorMode"),)
"""Namespaces and the names in them that describe each thing."""
_ITEM = re.compile(rb"\s*<rdf:li\b[^>]*?(?:/>|>.*?</rdf:li\s*>)", re.DOTALL)
_MIME = re.compile(rb"""Mime(?:\s*=\s*["']|\s*>)\s*(\w+)/""")
_PRIMARY = re.compile(rb"""Semantic(?:\s*=\s*["']|\s*>)\s*Primary\b""")


def cleaned(xmp: bytes | None, video: bool, extension: bool) -> bytes | None:
    """A packet that describes no other pictures in its file, and those things only that are there.

    Args:
        xmp: the packet.
        video: whether the video of a motion photo is in the file.
        extension: whether the rest of the XMP is, which holds depth maps and sounds.
    """
    if xmp is None:
        return None
    gone = _OF_PICTURES + (() if video else _OF_VIDEO) + (() if extension else _OF_EXTENSION)
    return _without(_with_items(xmp, video), gone)


def without_profile(details: Details) -> Details:
    """The same without a colour profile."""
    return replace(details, icc=None, xmp=details.xmp and _without(details.xmp, _OF_PROFILE))


def _prefixes(xmp: bytes, namespace: bytes) -> list[bytes]:
    return re.findall(rb"xmlns:([\w.-]+)\s*=\s*[\"']" + namespace + rb"[\"']", xmp)


def _without(xmp: bytes, gone: tuple[tuple[bytes, bytes], ...]) -> bytes:
    for namespace, names in gone:
        for prefix in set(_prefixes(xmp, namespace)):
            xmp = re.sub(rb"\s+" + prefix + rb":(?:" + names + rb")\s*=\s*(?:\"[^\"]*\"|'[^']*')", b"", xmp)
            xmp = re.sub(_element(prefix, names), b"", xmp, flags=re.DOTALL)
    return xmp


def _element(prefix: bytes, names: bytes) -> bytes:
    return rb"\s*<" + prefix + rb":(" + names + rb")\b[^>]*?(?:/>|>.*?</" + prefix + rb":\1\s*>)"


def _with_items(xmp: bytes, video: bool) -> bytes:
    """The packet with a directory of items that are there; without one if that is the picture alone."""
    for prefix in set(_prefixes(xmp, _DIRECTORY)):
        for directory in list(re.finditer(_element(prefix, rb"Directory"), xmp, re.DOTALL))[::-1]:
            items = _ITEM.findall(directory[0])
            gone = [item for item in items if not _is_there(item, video)]
            kept = directory[0] if len(items) > len(gone) + 1 else b""
            for item in gone:
                kept = kept.replace(item, b"", 1)
            xmp = xmp[: directory.start()] + kept + xmp[directory.end() :]
    return xmp


def _is_there(item: bytes, video: bool) -> bool:
    kind = _MIME.search(item)
    return bool(_PRIMARY.search(item) or (video and kind and kind[1] == b"video"))
