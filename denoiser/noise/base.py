"""The base class of noise models, which are pure functions of a clean batch and a random generator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from denoiser.errors import require
from denoiser.noise.levels import GREY_LEVELS, SIGMA, LevelKind


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

    clip: bool = field(default=False, kw_only=True)
    name: ClassVar[str] = "none"
    level_kind: ClassVar[LevelKind] = SIGMA
    """What the levels of this noise are."""
    takes_streams: ClassVar[bool] = True
    """Whether all random numbers are drawn by the functions of `denoiser.noise.streams`, so that a batch can be made at
    once. A subclass has to say so again: without it, it gets its training pictures one at a time."""

    def __init_subclass__(cls) -> None:
        """Name a class that has no name of its own."""
        super().__init_subclass__()
        if "name" not in vars(cls):
            cls.name = cls.__name__.lower()

    def __post_init__(self) -> None:
        """Check the parameters."""
        self._check()

    def _check(self) -> None:
        """Raise a DenoiserError that names a parameter that is out of range."""

    @property
    def stored(self) -> bool:
        """Whether pictures are always as a camera has stored them, clipped to 8 bits."""
        return False

    @property
    def border(self) -> int:
        """Number of pixels at each side of a clean picture that `pair` cuts off."""
        return 0

    @property
    def shrink(self) -> float:
        """Factor, at least 1, by which `pair` makes pictures smaller before that."""
        return 1.0

    def source_size(self, size: int) -> int:
        """The side in pixels of the clean picture from which `pair` makes one of side `size`."""
        return math.ceil((size + 2 * self.border) * self.shrink)

    def pair_size(self, size: int) -> int:
        """The side in pixels of what `pair` makes from a clean picture of side `size`."""
        return self.whole_size(size) - 2 * self.border

    def whole_size(self, size: int) -> int:
        """The side in pixels of the pair of a whole picture of side `size`, which is extended to the source of that."""
        return math.floor(size / self.shrink + 1e-6)  # so that 128 / 1.6 is 80 with any rounding

    def levels(self, level: Any) -> tuple[float | None, ...]:
        """The noise levels to validate and test at, `(None,)` for a noise without levels.

        Args:
            level: one or several levels, as `test.sigma` or `test.shot` holds them; None for the default.

        Raises:
            DenoiserError: a level is given and this noise has none.
        """
        key = f"test.{self.level_kind.key}"
        require(level is None, key, level, f"not for noise={self.name}, which has no {self.level_kind.words}", "null")
        return (None,)

    def training_levels(self) -> Sequence[float] | None:
        """The lowest and the highest level of training; None without levels."""
        return None

    def draw_levels(self, n: int, generator: torch.Generator) -> Tensor:
        """A noise level for each of `n` training images, `(n,)`; NaN without levels."""
        return torch.full((n,), torch.nan, device=generator.device)

    def pair(self, clean: Tensor, level: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Make noisy pictures and their targets.

        Args:
            clean: float `(B, C, H, W)` in [0, 1].
            level: noise levels `(B,)`; ignored by a noise without levels.
            generator: source of the random numbers, on the device of `clean`.

        Returns:
            Noisy pictures, not clipped unless `clip`, and what a network is to make of them: the clean pictures, unless
            the noise says otherwise. Both have one shape; its sides are `pair_size` of H and W.
        """
        return self(clean, level, generator), clean

    def __call__(self, clean: Tensor, level: Tensor, generator: torch.Generator) -> Tensor:
        """Add noise to a batch.

        Args:
            clean: float `(B, C, H, W)` in [0, 1].
            level: noise levels `(B,)`; ignored by a noise without levels.
            generator: source of the random numbers, on the device of `clean`.

        Returns:
            The noisy images `(B, C, H, W)`, not clipped unless `clip`.
        """
        noisy = self._add(clean, level, generator)
        return to_8_bit(noisy) if self.clip else noisy

    def _add(self, clean: Tensor, level: Tensor, generator: torch.Generator) -> Tensor:
        return clean

    def clipped(self, clip: bool) -> Self:
        """The same noise with `clip` changed."""
        return replace(self, clip=clip)

    def __str__(self) -> str:
        """The name in tables, with the parameters other than the level."""
        fixed = {k: v for k, v in vars(self).items() if k not in ("sigma", "sigma_range", "clip")}
        parameters = ", ".join(f"{k}={v:g}" for k, v in fixed.items())
        return f"{self.name}({parameters})" if parameters else self.name
