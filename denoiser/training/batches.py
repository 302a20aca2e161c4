"""What a step is given: a batch of `denoiser.data`, or pictures of a loader of the user's own."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from denoiser.data.batch import Batch
from denoiser.errors import DenoiserError

BRIGHTEST = 10
"""Largest value of clean pictures whose white can be 1; noise that is learned from does not reach it either."""


def as_batch(pair: Any, channels: int, index: int) -> Batch:
    """A batch of `denoiser.data` as it is, or made of `(noisy, clean)`, both float `(B, C, H, W)`, white is 1.

    Args:
        pair: what a loader yields.
        channels: those of the model's pictures.
        index: the number of the batch; the first one is looked at, and large values warn.

    Returns:
        The batch; where there were none, its items are -1 and its levels NaN.

    Raises:
        DenoiserError: it is no such pair, of integers, or of other channels.
    """
    batch = pair if isinstance(pair, Batch) else _batch_of(pair)
    _check_channels(batch.clean, channels)
    if index == 0:
        warn_of_white(batch.clean)
    return batch


def as_noisy(pictures: Any, channels: int) -> Tensor:
    """The noisy pictures of a batch: of `denoiser.data`, of `(noisy, clean)` or `(noisy,)`, or themselves.

    Raises:
        DenoiserError: there are none, they are integers, or of other channels.
    """
    noisy = pictures if isinstance(pictures, Tensor) else next(iter(_parts(pictures)), None)
    if not isinstance(noisy, Tensor) or noisy.ndim != 4:
        what = f"a batch of {_shapes(_parts(pictures))}, which does not begin with noisy pictures (data)"
        raise DenoiserError(what, "a loader of noisy pictures (B, C, H, W), or a dataset of denoiser.data")
    noisy = _floats(noisy)
    _check_channels(noisy, channels)
    return noisy


def check_noisy(batch: Batch) -> None:
    """Refuse noisy pictures that no network can learn from.

    Raises:
        DenoiserError: they have values that are not finite.
    """
    if not batch.noisy.isfinite().all():
        what = "the noisy pictures of a batch have values that are not finite (noise)"
        fix = (
            "check what the noise or the loader computes; a noise with levels is a subclass of denoiser.noise.Gaussian"
        )
        raise DenoiserError(what, fix)


def warn_of_white(clean: Tensor) -> None:
    """Warn of values far above 1, such as 255: noise levels, PSNR and SSIM take 1 as white."""
    if (largest := float(clean.max())) > BRIGHTEST:
        what = f"clean pictures have values up to {largest:g}, and white is 1 (data): PSNR and SSIM clamp to [0, 1]"
        warnings.warn(f"{what}\nfix: divide the pictures by 255, or by what their white is", stacklevel=2)


def _batch_of(pair: Any) -> Batch:
    parts = _parts(pair)
    tensors = len(parts) == 2 and all(isinstance(part, Tensor) for part in parts)
    if not tensors or parts[0].ndim != 4 or parts[0].shape != parts[1].shape:
        raise DenoiserError(
            f"a batch of {_shapes(parts)}, not of noisy and clean pictures of one shape (data)",
            "a loader of (noisy, clean), both (B, C, H, W), or a dataset of denoiser.data",
        )
    noisy, clean = map(_floats, parts)
    count = len(noisy)
    return Batch(noisy, clean, noisy.new_full((count,), torch.nan), torch.full((count,), -1, device=noisy.device))


def _parts(pair: Any) -> list[Any]:
    return list(pair) if isinstance(pair, Sequence | Batch) and not isinstance(pair, str) else [pair]


def _shapes(parts: Sequence[Any]) -> list[Any]:
    return [tuple(part.shape) if isinstance(part, Tensor) else type(part).__name__ for part in parts]


def _floats(pictures: Tensor) -> Tensor:
    if not pictures.is_floating_point():
        what = f"pictures of {str(pictures.dtype).removeprefix('torch.')}, not floats whose white is 1 (data)"
        raise DenoiserError(what, "pictures / 255 in the dataset, for 8 bits")
    return pictures.float()


def _check_channels(pictures: Tensor, channels: int) -> None:
    if pictures.shape[1] != channels:
        what = f"the model takes {channels} channel(s) and the batch has {pictures.shape[1]} (channels)"
        raise DenoiserError(what, f"pictures of {channels} channel(s), or Denoiser(..., channels={pictures.shape[1]})")
