"""Missing pixels."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Generator, Tensor

from denoiser.noise.base import Noise


@dataclass(frozen=True)
class Missing(Noise):
    """A share of all values, 0 to 1, is replaced by 0."""

    share: float = 0.1
    name: ClassVar[str] = "missing"

    def _add(self, clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
        return clean * clean.new_empty(clean.shape).bernoulli_(1 - self.share, generator=generator)
