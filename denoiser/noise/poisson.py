"""Poisson (shot) noise, alone and with Gaussian read-out noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from denoiser.errors import number, require
from denoiser.noise.base import Noise
from denoiser.noise.gaussian import Gaussian
from denoiser.noise.streams import poisson


@dataclass(frozen=True)
class Poisson(Noise):
    """Shot noise: each pixel counts photons, `k / peak` with k ~ Poisson(peak * max(clean, 0)).

    Args:
        peak: expected number of photons where the image is 1.0.
    """

    peak: float = 30
    name: ClassVar[str] = "poisson"
    takes_streams: ClassVar[bool] = True

    def _check(self) -> None:
        require(number(self.peak) and self.peak > 0, "noise.peak", self.peak, "not above 0", "30")

    def _add(self, clean: Tensor, level: Tensor, generator: torch.Generator) -> Tensor:
        # Contiguous, so that the draws cannot follow the order in memory.
        expected = clean.contiguous().clamp(min=0).mul_(self.peak)
        return poisson(expected, generator).div_(self.peak)


@dataclass(frozen=True)
class PoissonGaussian(Gaussian):
    """Shot noise followed by Gaussian read-out noise (Foi et al. 2008).

    Args:
        sigma: standard deviation of the read-out noise in grey levels of 255; `sigma_range` as in `Gaussian`.
        peak: expected number of photons where the image is 1.0.
    """

    peak: float = 30
    name: ClassVar[str] = "poisson_gaussian"
    takes_streams: ClassVar[bool] = True

    def _check(self) -> None:
        super()._check()
        Poisson(peak=self.peak)

    def _add(self, clean: Tensor, level: Tensor, generator: torch.Generator) -> Tensor:
        return super()._add(Poisson(peak=self.peak)._add(clean, level, generator), level, generator)
