"""Impulse noise: some pixels turn black or white."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from denoiser.errors import number, require
from denoiser.noise.base import Noise
from denoiser.noise.streams import uniform


@dataclass(frozen=True)
class SaltPepper(Noise):
    """Salt-and-pepper noise: pixels turn black or white with equal chance, all channels of a pixel alike.

    Args:
        amount: share of the pixels that change, 0 to 1.
    """

    amount: float = 0.1
    name: ClassVar[str] = "salt_pepper"
    takes_streams: ClassVar[bool] = True

    def _check(self) -> None:
        require(
            number(self.amount) and 0 <= self.amount <= 1, "noise.amount", self.amount, "not a share from 0 to 1", "0.1"
        )

    def _add(self, clean: Tensor, level: Tensor, generator: torch.Generator) -> Tensor:
        draw = uniform((len(clean), 1, *clean.shape[2:]), generator, clean.device)
        return clean.masked_fill(draw < self.amount, 1).masked_fill(draw < self.amount / 2, 0)
