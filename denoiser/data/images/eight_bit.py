"""Pictures in and out: 8-bit in memory, whatever the file was. Importing this module does not import torch."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from denoiser.errors import DenoiserError
from denoiser.machine.files import replacing

if TYPE_CHECKING:
    from torch import Tensor

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".ppm", ".pgm"})
"""What is looked for in folders, and what can be written; a file that is named may be anything that Pillow decodes."""

_MODES = {1: "L", 3: "RGB"}
_ORIENTATION = 0x0112
_16_BIT = 65535
_QUALITY = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"quality": 95}}


def find(folder: Path) -> list[Path]:
    """Every picture below `folder`, by suffix, in the order of their paths; hidden files and folders are left out.

    Raises:
        DenoiserError: the folder is missing, or holds no picture.
    """
    if not folder.is_dir():
        raise DenoiserError(f"no such folder ({folder})", "give the path of a folder of pictures")
    found = sorted(path for path in folder.rglob("*") if _is_picture(path, folder))
    if not found:
        raise DenoiserError(
            f"no picture in the folder ({folder})", f"put pictures there: {', '.join(sorted(SUFFIXES))}"
        )
    return found


def _is_picture(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.suffix.lower() in SUFFIXES and not hidden and path.is_file()


def read(path: Path, channels: int) -> Tensor:
    """Decode a picture to uint8 `(channels, H, W)`; EXIF rotation applied, grey by Pillow's `convert("L")`.

    16-bit grey is scaled to 8 bits. Transparency, metadata and colour profile are left out.

    Args:
        path: the file.
        channels: 3 or 1.

    Raises:
        DenoiserError: the file cannot be read as a picture; names it.
    """
    import torch

    with _opened(path) as opened:
        pixels = torch.from_numpy(np.array(_eight_bit(_upright(opened)).convert(_MODES[channels])))
    return pixels[None] if channels == 1 else pixels.permute(2, 0, 1).contiguous()


def size(path: Path) -> tuple[int, int]:
    """Height and width that `read` would give, from the file's header.

    Raises:
        DenoiserError: the file cannot be read as a picture; names it.
    """
    with _opened(path) as opened:
        # Pillow tells the size of a rotated TIFF as it will be, of every other format as it is stored.
        turned = opened.format != "TIFF" and opened.getexif().get(_ORIENTATION, 1) >= 5
        return (opened.width, opened.height) if turned else (opened.height, opened.width)


def write(path: Path, image: Tensor) -> None:
    """Write uint8 `(1 or 3, H, W)` to `path`, whole or not at all, in the format of its suffix.

    Raises:
        ValueError: the image is not uint8, or has neither 1 nor 3 channels.
        DenoiserError: the format is not there or does not take this image, or the disk does not (exit code 3).
    """
    pixels = image.cpu().numpy()
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or len(pixels) not in _MODES:
        raise ValueError(f"image {image.dtype} {tuple(image.shape)} is not uint8 (1 or 3, H, W)")
    if path.suffix.lower() not in SUFFIXES:
        fix = f"give a file name that ends in {', '.join(sorted(SUFFIXES))}"
        raise DenoiserError(f"no format for '{path.suffix}' ({path})", fix)
    pixels = pixels[0] if len(pixels) == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0))
    kind, encoded = Image.registered_extensions()[path.suffix.lower()], io.BytesIO()
    try:
        Image.fromarray(pixels).save(encoded, format=kind, **_QUALITY.get(kind, {}))
    except (OSError, ValueError) as error:
        raise DenoiserError(f"{kind} does not take this picture: {error} ({path})", "write a .png") from error
    with replacing(path) as file:
        file.write(encoded.getbuffer())


def is_image_name(path: Path) -> bool:
    """Whether the suffix is that of an image format that Pillow has heard of, readable, writable or neither."""
    return path.suffix.lower() in Image.registered_extensions()


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The picture in a file; whatever goes wrong with it names the file."""
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures, which photographs are, and of palettes and tags that do no harm here.
            warnings.simplefilter("ignore")
            with Image.open(path) as opened:
                yield opened
    except Exception as error:  # decoders raise whatever a damaged file leads them to
        raise DenoiserError(f"unreadable picture: {_reason(error)} ({path})", "replace or remove that file") from error


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not a picture"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _upright(picture: Image.Image) -> Image.Image:
    turned = ImageOps.exif_transpose(picture)
    return turned if turned is not None else picture


def _eight_bit(picture: Image.Image) -> Image.Image:
    """Pillow turns 16-bit grey white when it converts it; scale it to 8 bits first."""
    if picture.mode == "F":
        raise ValueError("pixels are 32-bit floats, whose white is not known")
    if not (picture.mode.startswith("I;16") or picture.mode == "I"):
        return picture
    pixels = np.asarray(picture).astype(np.float64)
    if pixels.min() < 0 or pixels.max() > _16_BIT:
        raise ValueError("pixels are 32-bit integers, whose white is not known")
    return Image.fromarray((pixels * 255 / _16_BIT).round().astype(np.uint8))
