"""Gaussian noise, additive and multiplicative."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from denoiser.errors import number, require
from denoiser.noise.base import Noise
from denoiser.noise.levels import GREY_LEVELS, check_sigma
from denoiser.noise.streams import normal, uniform

BLIND_TEST_LEVELS = (15.0, 25.0, 50.0)
"""Default test levels of a model that is trained on a range, those of the published tables."""


@dataclass(frozen=True)
class Gaussian(Noise):
    """Additive white Gaussian noise (AWGN): `clean + n`, n ~ N(0, (sigma / 255)^2) in every pixel and channel.

    Args:
        sigma: standard deviation in grey levels of 255.
        sigma_range: `[lowest, highest]`: the level of each training image is drawn uniformly from this range instead.

    >>> noise = Gaussian(sigma=25)
    >>> clean = torch.full((4, 1, 64, 64), 0.5)
    >>> noisy = noise(clean, torch.full((4,), 25.0), torch.Generator().manual_seed(0))
    >>> print(f"{noisy.sub(clean).std() * 255:.0f}")
    25
    """

    sigma: float = 25
    sigma_range: Sequence[float] | None = None
    name: ClassVar[str] = "gaussian"
    takes_streams: ClassVar[bool] = True

    def _check(self) -> None:
        require(number(self.sigma), "noise.sigma", self.sigma, "not one noise level", "25; test.sigma takes several")
        check_sigma(self.sigma, "noise.sigma")
        if self.sigma_range is not None:
            text = isinstance(self.sigma_range, str)
            pair = () if text else check_sigma(self.sigma_range, "noise.sigma_range")
            ordered = len(pair) == 2 and pair[0] <= pair[1]
            require(ordered, "noise.sigma_range", self.sigma_range, "not [lowest, highest]", "[0,55]")

    def levels(self, level: Any) -> tuple[float | None, ...]:
        """The given levels, each once; by default the training level, or 15, 25 and 50 for training on a range.

        Raises:
            DenoiserError: a level is not a valid noise level, or the list is empty.
        """
        if level is None:
            return (float(self.sigma),) if self.sigma_range is None else BLIND_TEST_LEVELS
        return tuple(dict.fromkeys(check_sigma(level, "test.sigma")))

    def training_levels(self) -> Sequence[float] | None:
        """The range, or the training level twice."""
        return self.sigma_range or (self.sigma, self.sigma)

    def draw_levels(self, n: int, generator: torch.Generator) -> Tensor:
        """The training level, or uniform draws from the range, `(n,)` in grey levels of 255."""
        if self.sigma_range is None:
            return torch.full((n,), float(self.sigma), device=generator.device)
        low, high = self.sigma_range
        return low + (high - low) * uniform((n,), generator)

    def _add(self, clean: Tensor, level: Tensor, generator: torch.Generator) -> Tensor:
        return _normal(clean, level, generator).add_(clean)


@dataclass(frozen=True)
class Speckle(Gaussian):
    """Multiplicative Gaussian noise: `clean + clean * n`, n as in `Gaussian`; sigma is that of the image at 1.0."""

    name: ClassVar[str] = "speckle"
    takes_streams: ClassVar[bool] = True

    def _add(self, clean: Tensor, level: Tensor, generator: torch.Generator) -> Tensor:
        return _normal(clean, level, generator).add_(1).mul_(clean)


def _normal(like: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
    return normal(like.shape, generator, like.device).mul_((sigma / GREY_LEVELS).view(-1, 1, 1, 1))
