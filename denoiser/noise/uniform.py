"""Additive uniform noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from denoiser.errors import number, require
from denoiser.noise.base import Noise
from denoiser.noise.levels import GREY_LEVELS, check_sigma
from denoiser.noise.streams import uniform


@dataclass(frozen=True)
class Uniform(Noise):
    """Additive uniform noise: `clean + u`, u uniform in [-width / 255, width / 255].

    Args:
        width: half the width of the interval in grey levels of 255; 43.3 has the standard deviation 25.
    """

    width: float = 43.3
    name: ClassVar[str] = "uniform"
    takes_streams: ClassVar[bool] = True

    def _check(self) -> None:
        require(number(self.width), "noise.width", self.width, "not a number of grey levels", "43.3")
        check_sigma(self.width, "noise.width")

    def _add(self, clean: Tensor, level: Tensor, generator: torch.Generator) -> Tensor:
        return uniform(clean.shape, generator, clean.device).mul_(2).sub_(1).mul_(self.width / GREY_LEVELS).add_(clean)
