"""A noise is tried on a small picture before anything is trained or scored with it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from denoiser.errors import DenoiserError
from denoiser.noise.base import Noise

SIDE = 32
"""Side in pixels of the pictures that the noise is tried on."""


def try_noise(noise: Noise, levels: Sequence[float | None], channels: int = 3) -> None:
    """Draw noisy grey pictures, as in training and at each level of the test.

    Args:
        noise: the noise.
        levels: the levels of the test; `(None,)` for a noise without levels.
        channels: of the pictures.

    Raises:
        DenoiserError: the noise fails, makes pictures and targets of different shapes, or values that are not finite.
    """
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng(devices=[]):  # a noise of one's own may draw without the generator
        _check(noise, noise.draw_levels(2, generator), channels, generator)
        for level in levels:
            _check(noise, torch.full((2,), torch.nan if level is None else level), channels, generator)


def not_finite(noise: object, level: Tensor) -> DenoiserError:
    """The error for noisy pictures with values that are not finite.

    Args:
        noise: the noise, or its name.
        level: the noise levels of the batch, `(B,)`; NaN for a noise without levels.
    """
    if level.isnan().any():
        what = f"{noise} noise makes values that are not finite: it uses a noise level and has none (noise)"
        return DenoiserError(what, "a subclass of denoiser.noise.Gaussian, which has the levels of noise.sigma")
    what = f"{noise} noise makes values that are not finite at level {level[0]:g} (noise)"
    return DenoiserError(what, "check what the noise computes, for black and for white too")


def _check(noise: Noise, level: Tensor, channels: int, generator: torch.Generator) -> None:
    side = noise.source_size(SIDE)
    clean = torch.full((2, channels, side, side), 0.5)
    try:
        noisy, target = noise.pair(clean, level, generator)
    except (RuntimeError, TypeError, ValueError, IndexError, AttributeError, NameError, AssertionError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DenoiserError(
            f"{noise} noise fails on a batch of {tuple(clean.shape)}: {reason} (noise)",
            f"check _add of {type(noise).__name__}: (B, C, H, W), levels (B,) and a generator to (B, C, H, W)",
        ) from error
    made = tuple(noisy.shape) if isinstance(noisy, Tensor) else type(noisy).__name__
    if made != tuple(target.shape):
        what = f"{noise} noise makes {made}, for a target of {tuple(target.shape)} (noise)"
        raise DenoiserError(what, "noisy pictures of the shape of the clean ones")
    if not noisy.isfinite().all():
        raise not_finite(noise, level)
