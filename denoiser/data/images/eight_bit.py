"""Tensors of 8 bits written as picture files; torch is not imported."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from denoiser.data.images.formats.suffixes import TRAINING, listed, not_written
from denoiser.errors import DenoiserError
from denoiser.machine.files import replacing

if TYPE_CHECKING:
    from torch import Tensor

_QUALITY = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"quality": 95}}


def write(path: Path, image: Tensor) -> None:
    """Write uint8 `(1 or 3, H, W)` to `path`, whole or not at all, in the format of its suffix.

    Raises:
        ValueError: the image is not uint8, or has neither 1 nor 3 channels.
        DenoiserError: the format is unknown or cannot hold this image, or the disk is full (exit code 3).
    """
    pixels = image.cpu().numpy()
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or len(pixels) not in (1, 3):
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
