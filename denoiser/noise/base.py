"""Noise models: pure functions of a clean batch and a generator, and the one place where sigma is divided by 255."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import torch
from torch import Tensor

from denoiser.errors import require
from denoiser.noise.levels import GREY_LEVELS


def to_8_bit(image: Tensor) -> Tensor:
    """Clamp to [0, 1] and round to the 256 levels of an 8-bit file; at least float32 (bfloat16 has fewer)."""
    at_least = image.to(torch.promote_types(image.dtype, torch.float32))
    return at_least.clamp(0, 1).mul(GREY_LEVELS).round_().div_(GREY_LEVELS)


@dataclass(frozen=True)
class Noise:
    """A noise model without a level of its own, for float images `(B, C, H, W)`; `noise=none` is plain reconstruction.

    Args:
        clip: clamp the noisy image to [0, 1] and round it to 8 bits, as a camera's file would be.

    Raises:
        DenoiserError: a parameter, of this or of any other noise, cannot be meant.
    """

    clip: bool = False
    name: ClassVar[str] = "none"

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        self._check()

    def _check(self) -> None:
        """Raise a DenoiserError that names the parameter."""

    def levels(self, asked: float | Sequence[float] | None) -> tuple[float | None, ...]:
        """The levels to validate and test at: one, without a number, where the model has no sigma.

        Raises:
            DenoiserError: a level was asked for and this noise has none.
        """
        require(asked is None, "test.sigma", asked, f"not for noise={self.name}, which has no sigma", "null")
        return (None,)

    def draw_levels(self, n: int, generator: torch.Generator) -> Tensor:
        """A level for each of `n` training images, `(n,)` in grey levels; NaN where the model has none."""
        return torch.full((n,), torch.nan, device=generator.device)

    def __call__(self, clean: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
        """Noisy `(B, C, H, W)`, unclipped unless `clip`, from clean in [0, 1] and levels `(B,)` of 255."""
        noisy = self._add(clean, sigma, generator)
        return to_8_bit(noisy) if self.clip else noisy

    def _add(self, clean: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
        return clean

    def clipped(self, clip: bool) -> Self:
        """The same noise with or without clamping and 8-bit rounding."""
        return replace(self, clip=clip)

    def __str__(self) -> str:
        """The name in tables, with the parameters that are no sigma."""
        fixed = {k: v for k, v in vars(self).items() if k not in ("sigma", "sigma_range", "clip")}
        listed = ", ".join(f"{k}={v:g}" for k, v in fixed.items())
        return f"{self.name}({listed})" if listed else self.name
