"""Pictures of 8 bits as tensors, for training and testing. Torch is imported by `read`."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import BITSPERSAMPLE, TiffImageFile

from denoiser.data.images.formats import damage, orientation
from denoiser.data.images.formats.foreign import NOT_READ
from denoiser.data.images.formats.photo import Refused, white_of
from denoiser.data.images.formats.suffixes import READ, TRAINING, listed, not_written
from denoiser.data.images.formats.tiff_tags import ExifTag
from denoiser.errors import DenoiserError
from denoiser.machine.files import replacing

if TYPE_CHECKING:
    from torch import Tensor

_MODES = {1: "L", 3: "RGB"}
_WITH_WHITE = "save it as 8 or 16 bits"
_QUALITY = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"quality": 95}}


def find(folder: Path) -> list[Path]:
    """Every picture below `folder`, by suffix, sorted by path; hidden files and folders are left out.

    Pictures of kinds that cannot be read, such as raw files of cameras, are left out with a warning.

    Raises:
        DenoiserError: the folder is missing, or holds no picture.
    """
    if not folder.is_dir():
        raise DenoiserError(f"no such folder ({folder})", "give the path of a folder of pictures")
    pictures = sorted(path for path in folder.rglob("*") if _is_picture(path, folder))
    paths = [path for path in pictures if path.suffix.lower() in READ]
    if not paths:
        raise DenoiserError(f"no picture in the folder ({folder})", f"put pictures there: {listed(READ)}")
    if len(paths) < len(pictures):
        kinds = listed(frozenset(path.suffix.lower() for path in pictures) - READ)
        left_out = f"{len(pictures) - len(paths)} picture(s) that cannot be read are left out: {kinds} ({folder})"
        warnings.warn(f"{left_out}; export them as 16-bit TIFF", stacklevel=2)
    return paths


def _is_picture(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.suffix.lower() in READ | NOT_READ and not hidden and path.is_file()


def read(path: Path, channels: int) -> Tensor:
    """Decode a picture to uint8 `(channels, H, W)`, upright; colour becomes grey by Pillow's `convert("L")`.

    Deeper grey is scaled to 8 bits; `own_depth.read` keeps it, and calls this for text PGM alone, which only Pillow
    reads. Transparency, metadata and colour profile are left out.

    Args:
        path: any file that Pillow decodes.
        channels: 3 or 1.

    Raises:
        DenoiserError: the file cannot be read as a picture; names it.
    """
    import torch

    with _opened(path) as picture:
        picture.load()
        stored = _orientation(picture)
        pixels = orientation.turn(np.array(_eight_bit(picture).convert(_MODES[channels])), stored)
    tensor = torch.from_numpy(pixels)
    return tensor[None] if channels == 1 else tensor.permute(2, 0, 1).contiguous()


def size(path: Path) -> tuple[int, int]:
    """Height and width of what `read` returns, from the file's header.

    Raises:
        DenoiserError: the file cannot be read as a picture; names it.
    """
    with _opened(path) as picture:
        height, width = picture.height, picture.width
        return (width, height) if orientation.is_sideways(_orientation(picture)) else (height, width)


def is_opened(path: Path) -> bool:
    """Whether Pillow knows the format of a file; `read` can still fail."""
    try:
        with _opened(path):
            return True
    except DenoiserError:
        return False


def loses(path: Path) -> bool:
    """Whether `read` would round values to 8 bits or leave out pages of a file, as far as its header shows."""
    with suppress(DenoiserError), _opened(path) as picture:
        if isinstance(picture, TiffImageFile):
            return picture.n_frames > 1 or bool(max(picture.tag_v2.get(BITSPERSAMPLE, (8,))) > 8)
        return picture.format != "PPM" and picture.mode.startswith("I")
    return False


def write(path: Path, image: Tensor) -> None:
    """Write uint8 `(1 or 3, H, W)` to `path`, whole or not at all, in the format of its suffix.

    Raises:
        ValueError: the image is not uint8, or has neither 1 nor 3 channels.
        DenoiserError: the format is unknown or cannot hold this image, or the disk is full (exit code 3).
    """
    pixels = image.cpu().numpy()
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or len(pixels) not in _MODES:
        raise ValueError(f"image {image.dtype} {tuple(image.shape)} is not uint8 (1 or 3, H, W)")
    if path.suffix.lower() not in TRAINING:
        what = f"{not_written(path.suffix.lower())} ({path})"
        raise DenoiserError(what, f"give a file name that ends in {listed(TRAINING)}")
    pixels = pixels[0] if len(pixels) == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0))
    format, encoded = Image.registered_extensions()[path.suffix.lower()], io.BytesIO()
    try:
        Image.fromarray(pixels).save(encoded, format=format, **_QUALITY.get(format, {}))
    except (OSError, ValueError) as error:
        raise DenoiserError(f"{format} cannot hold this picture: {error} ({path})", "write a .png") from error
    with replacing(path) as file:
        file.write(encoded.getbuffer())


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The picture in a file; every error names the file."""
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures, which photographs are, and of palettes and tags that do no harm here.
            warnings.simplefilter("ignore")
            with Image.open(path) as opened:
                yield opened
    except Exception as error:  # damaged files make decoders raise anything
        raise damage.error_of(path, error) from error


def _orientation(picture: Image.Image) -> int:
    """How the pixels are stored; Pillow turns TIFF files upright itself, and no other format."""
    if picture.format == "TIFF":
        return orientation.UPRIGHT
    return orientation.valid(picture.getexif().get(ExifTag.Orientation))


def _eight_bit(picture: Image.Image) -> Image.Image:
    """Scale 16-bit grey to 8 bits: Pillow's own conversion turns it white."""
    if picture.mode == "F":
        raise Refused("pixels are 32-bit floats, whose white is not known", _WITH_WHITE)
    if not (picture.mode.startswith("I;16") or picture.mode == "I"):
        return picture
    pixels, white = np.asarray(picture).astype(np.float64), white_of(np.uint16)
    if pixels.min() < 0 or pixels.max() > white:
        raise Refused("pixels are 32-bit integers, whose white is not known", _WITH_WHITE)
    return Image.fromarray((pixels * white_of(np.uint8) / white).round().astype(np.uint8))
