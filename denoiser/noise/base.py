"""Noise models: pure functions of a clean batch and a generator, and the one place where sigma is divided by 255."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import torch
from torch import Tensor

from denoiser.noise.levels import GREY_LEVELS as GREY_LEVELS
from denoiser.noise.levels import check_sigma, number, require

BLIND_TEST_LEVELS = (15.0, 25.0, 50.0)


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


@dataclass(frozen=True)
class Gaussian(Noise):
    """Additive white Gaussian noise (AWGN): `clean + n`, n ~ N(0, (sigma / 255)^2) in every pixel and channel.

    Args:
        sigma: standard deviation in grey levels of 255.
        sigma_range: `[lowest, highest]`, from which each training image draws its level instead (uniformly).
    """

    sigma: float = 25
    sigma_range: Sequence[float] | None = None
    name: ClassVar[str] = "gaussian"

    def _check(self) -> None:
        require(number(self.sigma), "noise.sigma", self.sigma, "not one noise level", "25; test.sigma takes several")
        check_sigma(self.sigma, "noise.sigma")
        if self.sigma_range is not None:
            pair = check_sigma(self.sigma_range, "noise.sigma_range")
            ordered = len(pair) == 2 and pair[0] <= pair[1]
            require(ordered, "noise.sigma_range", self.sigma_range, "not [lowest, highest]", "[0,55]")

    def levels(self, asked: float | Sequence[float] | None) -> tuple[float | None, ...]:
        """The levels asked for, each once, else the training level, else 15, 25 and 50 for a model trained on a range.

        Raises:
            DenoiserError: a level cannot be meant, or none is named.
        """
        if asked is None:
            return (float(self.sigma),) if self.sigma_range is None else BLIND_TEST_LEVELS
        return tuple(dict.fromkeys(check_sigma(asked, "test.sigma")))

    def draw_levels(self, n: int, generator: torch.Generator) -> Tensor:
        """The training level, or a uniform draw from the range, `(n,)` in grey levels."""
        if self.sigma_range is None:
            return torch.full((n,), float(self.sigma), device=generator.device)
        low, high = self.sigma_range
        return low + (high - low) * torch.rand(n, generator=generator, device=generator.device)

    def _add(self, clean: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
        return _normal(clean, sigma, generator).add_(clean)


@dataclass(frozen=True)
class Speckle(Gaussian):
    """Multiplicative Gaussian noise: `clean + clean * n`, n as in `Gaussian`; sigma is that of the image at 1.0."""

    name: ClassVar[str] = "speckle"

    def _add(self, clean: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
        return _normal(clean, sigma, generator).add_(1).mul_(clean)


@dataclass(frozen=True)
class Poisson(Noise):
    """Shot noise: photons are counted, `peak` of them where the image is 1.0; what is below 0 counts none."""

    peak: float = 30
    name: ClassVar[str] = "poisson"

    def _check(self) -> None:
        require(number(self.peak) and self.peak > 0, "noise.peak", self.peak, "not above 0", "30")

    def _add(self, clean: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
        # Contiguous, so that the draws cannot follow the order in memory.
        expected = clean.contiguous().clamp(min=0).mul_(self.peak)
        return torch.poisson(expected, generator=generator).div_(self.peak)


@dataclass(frozen=True)
class PoissonGaussian(Gaussian):
    """Shot noise, then AWGN of the read-out (Foi et al. 2008).

    Args:
        sigma: standard deviation of the read-out noise in grey levels of 255, or see `Gaussian`.
        peak: photons counted where the image is 1.0.
    """

    peak: float = 30
    name: ClassVar[str] = "poisson_gaussian"

    def _check(self) -> None:
        super()._check()
        Poisson(peak=self.peak)

    def _add(self, clean: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
        return super()._add(Poisson(peak=self.peak)._add(clean, sigma, generator), sigma, generator)


@dataclass(frozen=True)
class SaltPepper(Noise):
    """Impulse noise: `amount` of the pixels (0 to 1), all channels of each, turn black or white with equal chance."""

    amount: float = 0.1
    name: ClassVar[str] = "salt_pepper"

    def _check(self) -> None:
        require(
            number(self.amount) and 0 <= self.amount <= 1, "noise.amount", self.amount, "not a share, 0 to 1", "0.1"
        )

    def _add(self, clean: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
        draw = torch.rand(len(clean), 1, *clean.shape[2:], generator=generator, device=clean.device)
        return clean.masked_fill(draw < self.amount, 1).masked_fill(draw < self.amount / 2, 0)


@dataclass(frozen=True)
class Uniform(Noise):
    """Additive noise: `clean + u`, u uniform in plus or minus `width` grey levels of 255."""

    width: float = 43.3
    name: ClassVar[str] = "uniform"

    def _check(self) -> None:
        require(number(self.width), "noise.width", self.width, "not a number of grey levels", "43.3")
        check_sigma(self.width, "noise.width")

    def _add(self, clean: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
        draw = torch.rand(clean.shape, generator=generator, device=clean.device)
        return draw.mul_(2).sub_(1).mul_(self.width / GREY_LEVELS).add_(clean)


def _normal(like: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
    draw = torch.randn(like.shape, generator=generator, device=like.device)
    return draw.mul_((sigma / GREY_LEVELS).view(-1, 1, 1, 1))
