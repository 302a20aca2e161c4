"""Whether pictures are large enough, for the crops of training and for the metrics."""

from __future__ import annotations

from denoiser.data.pairs import Pictures
from denoiser.errors import DenoiserError
from denoiser.metrics.psnr_ssim import RADIUS


def check_patch_size(pictures: Pictures, patch: int | None, batch_size: int) -> None:
    """Let training pictures through that make batches of crops.

    Args:
        pictures: those of training.
        patch: side of the crops in pixels; None for whole pictures.
        batch_size: crops in a batch.

    Raises:
        DenoiserError: a picture is smaller than the patch, or several sizes would be in one batch.
    """
    height, width, key = _smallest(pictures)
    if patch is not None and min(height, width) < patch:
        raise DenoiserError(
            f"data.patch_size={patch} is larger than a training picture of {height}x{width} ({key})",
            f"data.patch_size={min(height, width)}",
        )
    if patch is None and batch_size > 1 and len({shape[1:] for shape in pictures.shapes}) > 1:
        raise DenoiserError(
            "training pictures of several sizes make no batch without crops (data.patch_size)",
            f"data.patch_size={min(height, width, 64)}",
        )


def check_picture_sizes(pictures: Pictures) -> None:
    """Let pictures of validation or test through that SSIM's window fits into.

    Raises:
        DenoiserError: a picture is smaller.
    """
    (height, width, key), window = _smallest(pictures), 2 * RADIUS + 1
    if min(height, width) < window:
        raise DenoiserError(
            f"{height}x{width} is smaller than SSIM's window of {window}x{window} ({key})",
            "remove it, or give larger pictures",
        )


def _smallest(pictures: Pictures) -> tuple[int, int, str]:
    """Height, width and key of the picture with the shortest side."""
    named = zip(pictures.shapes, pictures.keys, strict=True)
    (_, height, width), key = min(named, key=lambda shape_and_key: min(shape_and_key[0][1:]))
    return height, width, key
