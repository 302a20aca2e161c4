"""Notes on what a PNG or WebP file holds beside its picture and its metadata, and that is not written again."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from typing import IO

_PADDING = re.compile(rb"[\0\xff\s]*\Z")
_VIDEO = b"ftyp"
"""The first box of an MP4 file."""
_LOOKED_AT = 1 << 20
"""Bytes behind a picture that are looked at."""


def behind(file: IO[bytes], end: int) -> tuple[str, ...]:
    """A note on what follows a picture that ends at `end`; nothing for mere padding.

    Neither PNG nor WebP may hold anything there.
    """
    size = file.seek(0, io.SEEK_END) - end
    file.seek(end)
    start = file.read(_LOOKED_AT)
    if size <= len(start) and _PADDING.match(start):
        return ()
    kind = "a video" if _VIDEO in start else "an unknown kind"
    return (f"{size} bytes of {kind} behind the picture are left out",)


def chunks(names: Iterable[bytes]) -> tuple[str, ...]:
    """A note on chunks that are of an unknown kind or too large, by their names of four letters, each once."""
    letters = ("".join(chr(byte) if chr(byte).isalnum() and byte < 128 else "?" for byte in name) for name in names)
    listed = ", ".join(dict.fromkeys(letters))
    return (f"chunks that cannot be kept are left out: {listed}",) if listed else ()
