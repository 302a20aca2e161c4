"""Pictures in and out: 8-bit for now in memory, whatever the file was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from denoiser.errors import DenoiserError
from denoiser.files import replacing

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".ppm", ".pgm"})
_MODES = {1: "L", 3: "RGB"}


def find(folder: Path) -> list[Path]:
    """Every picture below `folder`, by suffix, in the order of their paths; hidden files are left out.

    Raises:
        DenoiserError: the folder is missing, or holds no picture.
    """
    if not folder.is_dir():
        raise DenoiserError(f"no such folder ({folder})", "give the path of a folder of pictures")
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    if not found:
        raise DenoiserError(
            f"no picture in the folder ({folder})", f"put pictures there: {', '.join(sorted(SUFFIXES))}"
        )
    return found


def read(path: Path, channels: int) -> Tensor:
    """Decode a picture to uint8 `(channels, H, W)`; EXIF rotation applied, grey by Pillow's `convert("L")`.

    Args:
        path: the file.
        channels: 3 or 1.

    Raises:
        DenoiserError: the file cannot be read as a picture; names it.
    """
    try:
        with Image.open(path) as opened:
            picture = _eight_bit(ImageOps.exif_transpose(opened)).convert(_MODES[channels])
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = "not a picture" if isinstance(error, UnidentifiedImageError) else str(error)
        raise DenoiserError(f"unreadable picture: {reason} ({path})", "replace or remove that file") from error
    pixels = torch.from_numpy(np.array(picture))
    return pixels[None] if channels == 1 else pixels.permute(2, 0, 1).contiguous()


def size(path: Path) -> tuple[int, int]:
    """Height and width from the file's header.

    Raises:
        DenoiserError: the file cannot be read as a picture; names it.
    """
    try:
        with Image.open(path) as opened:
            turned = opened.getexif().get(0x0112, 1) >= 5
            return (opened.width, opened.height) if turned else (opened.height, opened.width)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DenoiserError(f"unreadable picture ({path})", "replace or remove that file") from error


def channels_of(path: Path) -> int:
    """1 for a grey picture, 3 for any other.

    Raises:
        DenoiserError: the file cannot be read as a picture; names it.
    """
    try:
        with Image.open(path) as opened:
            return 1 if opened.mode in ("1", "L", "LA", "I", "F") or opened.mode.startswith("I;16") else 3
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DenoiserError(f"unreadable picture: not a picture ({path})", "replace or remove that file") from error


def write(path: Path, image: Tensor) -> None:
    """Write uint8 `(1 or 3, H, W)` to `path`, whole or not at all, in the format of its suffix.

    Raises:
        DenoiserError: the folder or disk does not take the file (exit code 3).
    """
    pixels = image[0] if len(image) == 1 else image.permute(1, 2, 0)
    picture = Image.fromarray(pixels.contiguous().cpu().numpy())
    kind = Image.registered_extensions()[path.suffix.lower()]
    with replacing(path) as file:
        picture.save(file, format=kind, **({"quality": 95} if kind in ("JPEG", "WEBP") else {}))


def _eight_bit(picture: Image.Image) -> Image.Image:
    """Pillow turns 16-bit grey white when it converts it; scale it to 8 bits first."""
    if not (picture.mode.startswith("I;16") or picture.mode == "I"):
        return picture
    return Image.fromarray((np.asarray(picture).astype(np.float64) / 257).round().clip(0, 255).astype(np.uint8))
