"""Why a picture file cannot be read, in words of its user and not of the decoder."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from denoiser.data.images.formats.photo import Refused
from denoiser.errors import DenoiserError

CUT_OFF = "the file is cut off"
DAMAGED = "the file is damaged or cut off"
_ENDS = re.compile(r"truncated|\bEOF\b|not enough image data|expected to read", re.IGNORECASE)
_UNKNOWN = re.compile(r"unsupported|not supported|not implemented", re.IGNORECASE)


def error_of(path: Path, error: Exception) -> DenoiserError:
    """The error for a file whose reading raised `error`; it names the file."""
    if isinstance(error, PermissionError):
        return DenoiserError(f"no permission to read the picture ({path})", f"chmod u+r '{path}'")
    refused = refusal(error)
    return DenoiserError(f"{refused} ({path})", refused.fix)


def refusal(error: Exception) -> Refused:
    """What an exception says of a picture; damaged files make decoders raise anything.

    A decoder's own words are passed on only where it does not know a kind of picture.
    """
    text = str(error)
    if isinstance(error, Refused):
        return error
    if isinstance(error, MemoryError):
        return Refused("the picture does not fit into memory", "free memory")
    if isinstance(error, UnidentifiedImageError):
        return Refused("not a picture")
    if isinstance(error, Image.DecompressionBombError):
        return Refused(f"more than {2 * (Image.MAX_IMAGE_PIXELS or 0)} pixels", "make it smaller, or leave it out")
    if isinstance(error, OSError) and error.strerror:
        return Refused(f"unreadable picture: {error.strerror}")
    if isinstance(error, EOFError | struct.error) or _ENDS.search(text):
        return Refused(CUT_OFF)
    if isinstance(error, NotImplementedError) or _UNKNOWN.search(text):
        return Refused(f"a kind of picture that cannot be read: {text}", "save it as a PNG or TIFF of 8 or 16 bits")
    return Refused(DAMAGED)
