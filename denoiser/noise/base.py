"""The base class of noise models, which are pure functions of a clean batch and a random generator."""

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
    """Base class of noise models for float images `(B, C, H, W)`; by itself it adds no noise (`noise=none`).

    Args:
        clip: clamp the noisy image to [0, 1] and round it to 8 bits, as in the file of a camera.

    Raises:
        DenoiserError: a parameter of the noise is out of range.
    """

    clip: bool = False
    name: ClassVar[str] = "none"

    def __post_init__(self) -> None:
        """Check the parameters."""
        self._check()

    def _check(self) -> None:
        """Raise a DenoiserError that names a parameter that is out of range."""

    def levels(self, sigma: float | Sequence[float] | None) -> tuple[float | None, ...]:
        """The noise levels to validate and test at, `(None,)` for a noise without sigma.

        Args:
            sigma: `test.sigma`, one or several levels in grey levels of 255; None for the default.

        Raises:
            DenoiserError: a level is given and this noise has no sigma.
        """
        require(sigma is None, "test.sigma", sigma, f"not for noise={self.name}, which has no sigma", "null")
        return (None,)

    def draw_levels(self, n: int, generator: torch.Generator) -> Tensor:
        """A noise level for each of `n` training images, `(n,)` in grey levels of 255; NaN without sigma."""
        return torch.full((n,), torch.nan, device=generator.device)

    def __call__(self, clean: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
        """Add noise to a batch.

        Args:
            clean: float `(B, C, H, W)` in [0, 1].
            sigma: noise levels `(B,)` in grey levels of 255; ignored by a noise without sigma.
            generator: source of the random numbers, on the device of `clean`.

        Returns:
            The noisy images `(B, C, H, W)`, not clipped unless `clip`.
        """
        noisy = self._add(clean, sigma, generator)
        return to_8_bit(noisy) if self.clip else noisy

    def _add(self, clean: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
        return clean

    def clipped(self, clip: bool) -> Self:
        """The same noise with `clip` changed."""
        return replace(self, clip=clip)

    def __str__(self) -> str:
        """The name in tables, with the parameters other than sigma."""
        fixed = {k: v for k, v in vars(self).items() if k not in ("sigma", "sigma_range", "clip")}
        parameters = ", ".join(f"{k}={v:g}" for k, v in fixed.items())
        return f"{self.name}({parameters})" if parameters else self.name
