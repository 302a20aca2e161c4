"""Stripes, as of a scanner: a noise with a level."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Generator, Tensor

from denoiser.noise import Gaussian


@dataclass(frozen=True)
class Stripes(Gaussian):
    """Each column is brighter or darker by a normal draw of standard deviation sigma."""

    name: ClassVar[str] = "stripes"

    def _add(self, clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
        draws = clean.new_empty(len(clean), 1, 1, clean.shape[-1]).normal_(generator=generator)
        return clean + draws * level.view(-1, 1, 1, 1) / 255  # levels are in grey levels of 255
