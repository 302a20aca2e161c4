"""Checks that pictures are large enough for training crops and for the metrics."""

from __future__ import annotations

from denoiser.data.pairs import Pictures
from denoiser.errors import DenoiserError
from denoiser.metrics.psnr_ssim import RADIUS


def check_patch_size(pictures: Pictures, patch: int | None, batch_size: int) -> None:
    """Check that batches of crops can be made from the training pictures.

    Args:
        pictures: the training pictures.
        patch: side of the crops in pixels; None for whole pictures.
        batch_size: number of crops in a batch.

    Raises:
        DenoiserError: a picture is smaller than the patch, or a batch would contain several sizes.
    """
    height, width, key = _smallest(pictures)
    if patch is not None and min(height, width) < patch:
        raise DenoiserError(
            f"data.patch_size={patch} is larger than a training picture of {height}x{width} ({key})",
            f"data.patch_size={min(height, width)}",
        )
    if patch is None and batch_size > 1 and len({shape[1:] for shape in pictures.shapes}) > 1:
        side = min(height, width, 64)
        raise DenoiserError(
            "training pictures of several sizes cannot form a batch without crops (data.patch_size)",
            f"data.patch_size={side} (from Python, patch_size={side})",
        )


def check_picture_sizes(pictures: Pictures) -> None:
    """Check that validation or test pictures are at least as large as the window of SSIM.

    Raises:
        DenoiserError: a picture is smaller.
    """
    (height, width, key), window = _smallest(pictures), 2 * RADIUS + 1
    if min(height, width) < window:
        raise DenoiserError(
            f"{height}x{width} is smaller than the SSIM window of {window}x{window} ({key})",
            f"use pictures of at least {window}x{window}",
        )


def _smallest(pictures: Pictures) -> tuple[int, int, str]:
    """Height, width and key of the picture with the shortest side."""
    shapes = zip(pictures.shapes, pictures.keys, strict=True)
    (_, height, width), key = min(shapes, key=lambda shape_and_key: min(shape_and_key[0][1:]))
    return height, width, key
