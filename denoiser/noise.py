"""Noise models: pure functions of a clean batch and a generator, and the one place where sigma is divided by 255.

Levels that a person meets are in grey levels of 255; images are float tensors `(B, C, H, W)`, nominally in [0, 1].
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import torch
from torch import Tensor

from denoiser.errors import DenoiserError

GREY_LEVELS = 255
BLIND_TEST_LEVELS = (15.0, 25.0, 50.0)


def seed_of(*parts: object) -> int:
    """A 63-bit seed that depends on every part and on nothing else (not on the process, unlike `hash`)."""
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def to_8_bit(image: Tensor) -> Tensor:
    """Clamp to [0, 1] and round to the 256 levels of an 8-bit file; same shape and dtype."""
    return image.clamp(0, 1).mul(GREY_LEVELS).round_().div_(GREY_LEVELS)


def check_sigma(sigma: float, key: str) -> float:
    """Give back a noise level in grey levels of 255.

    Raises:
        DenoiserError: it is negative, or between 0 and 1, where a level in [0, 1] was probably meant.
    """
    if sigma < 0 or sigma != sigma:
        raise DenoiserError(
            f"{key}={sigma:g} is not a noise level ({key})", f"{key}=25, in grey levels of 255; 0 is none"
        )
    if 0 < sigma < 1:
        meant = f"{sigma * GREY_LEVELS:g}"
        raise DenoiserError(
            f"{key}={sigma:g} is below one grey level ({key}): noise levels are in grey levels of 255",
            f"did you mean {meant}? {key}={meant}",
        )
    return float(sigma)


@dataclass(frozen=True)
class Noise:
    """A noise model without a level of its own; `noise=none` is plain reconstruction.

    Args:
        clip: clamp the noisy image to [0, 1] and round it to 8 bits, as a camera's file would be.
    """

    clip: bool = False
    name: ClassVar[str] = "none"

    def levels(self, asked: float | Sequence[float] | None) -> tuple[float | None, ...]:
        """The levels to validate and test at: one, without a number, where the model has no sigma.

        Raises:
            DenoiserError: a level was asked for and this noise has none.
        """
        if asked is not None:
            raise DenoiserError(
                f"noise={self.name} has no sigma (test.sigma)", "leave test.sigma=null, or noise=gaussian"
            )
        return (None,)

    def draw_levels(self, n: int, generator: torch.Generator) -> Tensor:
        """A level for each of `n` training images, `(n,)` in grey levels; NaN where the model has none."""
        return torch.full((n,), torch.nan, device=generator.device)

    def add(self, clean: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
        """Noisy `(B, C, H, W)` from clean `(B, C, H, W)` in [0, 1] and levels `(B,)` in grey levels, unclipped."""
        return clean

    def __call__(self, clean: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
        """`add`, then the 8-bit rounding where `clip` asks for it."""
        noisy = self.add(clean, sigma, generator)
        return to_8_bit(noisy) if self.clip else noisy

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
    """Additive white Gaussian noise (AWGN), the same level in every pixel and channel.

    Args:
        clip: see `Noise`.
        sigma: standard deviation in grey levels of 255.
        sigma_range: `[lowest, highest]`, from which each training image draws its level instead (uniformly).
    """

    sigma: float = 25
    sigma_range: Sequence[float] | None = None
    name: ClassVar[str] = "gaussian"

    def __post_init__(self) -> None:
        """Refuse levels that cannot be meant."""
        check_sigma(self.sigma, "noise.sigma")
        if self.sigma_range is not None:
            if len(self.sigma_range) != 2 or self.sigma_range[0] > self.sigma_range[1]:
                raise DenoiserError(
                    f"noise.sigma_range={list(self.sigma_range)} is not [lowest, highest] (noise.sigma_range)",
                    "noise.sigma_range=[0,55]",
                )
            for level in self.sigma_range:
                check_sigma(level, "noise.sigma_range")

    def levels(self, asked: float | Sequence[float] | None) -> tuple[float | None, ...]:
        """The levels asked for, else the training level, else 15, 25 and 50 for a model trained on a range."""
        if asked is None:
            return (float(self.sigma),) if self.sigma_range is None else BLIND_TEST_LEVELS
        listed = [asked] if isinstance(asked, int | float) else list(asked)
        if not listed:
            raise DenoiserError("test.sigma=[] names no noise level (test.sigma)", "test.sigma=[15,25,50]")
        return tuple(check_sigma(level, "test.sigma") for level in listed)

    def draw_levels(self, n: int, generator: torch.Generator) -> Tensor:
        """The training level, or a uniform draw from the range, `(n,)` in grey levels."""
        if self.sigma_range is None:
            return torch.full((n,), float(self.sigma), device=generator.device)
        low, high = self.sigma_range
        return low + (high - low) * torch.rand(n, generator=generator, device=generator.device)

    def add(self, clean: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
        """`clean + n`, n ~ N(0, (sigma / 255)^2)."""
        return _normal(clean, generator).mul_(_amplitude(sigma)).add_(clean)


@dataclass(frozen=True)
class Speckle(Gaussian):
    """Multiplicative Gaussian noise, `clean * (1 + n)`; sigma is its standard deviation where the image is 1.0."""

    name: ClassVar[str] = "speckle"

    def add(self, clean: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
        """`clean + clean * n`, n ~ N(0, (sigma / 255)^2)."""
        return _normal(clean, generator).mul_(_amplitude(sigma)).add_(1).mul_(clean)


@dataclass(frozen=True)
class PoissonGaussian(Gaussian):
    """Shot noise, then AWGN of the read-out (Foi et al. 2008).

    Args:
        clip: see `Noise`.
        sigma: standard deviation of the read-out noise in grey levels of 255.
        sigma_range: see `Gaussian`.
        peak: photons counted where the image is 1.0.
    """

    peak: float = 30
    name: ClassVar[str] = "poisson_gaussian"

    def __post_init__(self) -> None:
        """Refuse levels that cannot be meant."""
        super().__post_init__()
        _check_positive(self.peak, "noise.peak", 30)

    def add(self, clean: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
        """Counted photons over `peak`, plus AWGN."""
        return super().add(_photons(clean, self.peak, generator), sigma, generator)


@dataclass(frozen=True)
class Poisson(Noise):
    """Shot noise.

    Args:
        clip: see `Noise`.
        peak: photons counted where the image is 1.0; fewer are noisier.
    """

    peak: float = 30
    name: ClassVar[str] = "poisson"

    def __post_init__(self) -> None:
        """Refuse a peak that counts nothing."""
        _check_positive(self.peak, "noise.peak", 30)

    def add(self, clean: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
        """Counted photons over `peak`."""
        return _photons(clean, self.peak, generator)


@dataclass(frozen=True)
class SaltPepper(Noise):
    """Impulse noise: a share of the pixels, all channels of each, turns black or white with equal chance.

    Args:
        clip: see `Noise`.
        amount: share of the pixels, 0 to 1.
    """

    amount: float = 0.1
    name: ClassVar[str] = "salt_pepper"

    def __post_init__(self) -> None:
        """Refuse a share that is none."""
        if not 0 <= self.amount <= 1:
            raise DenoiserError(
                f"noise.amount={self.amount:g} is not a share of the pixels (noise.amount)", "noise.amount=0.1"
            )

    def add(self, clean: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
        """Pixels whose draw falls below amount / 2 turn black, those below amount white."""
        draw = torch.rand(len(clean), 1, *clean.shape[2:], generator=generator, device=clean.device)
        return clean.masked_fill(draw < self.amount, 1).masked_fill(draw < self.amount / 2, 0)


@dataclass(frozen=True)
class Uniform(Noise):
    """Additive noise, uniform in plus or minus `width` grey levels.

    Args:
        clip: see `Noise`.
        width: largest change of a pixel in grey levels of 255.
    """

    width: float = 43.3
    name: ClassVar[str] = "uniform"

    def __post_init__(self) -> None:
        """Refuse a width that cannot be meant."""
        check_sigma(self.width, "noise.width")

    def add(self, clean: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
        """`clean + u`, u uniform in [-width, width] / 255."""
        draw = torch.rand(clean.shape, generator=generator, device=clean.device)
        return draw.mul_(2).sub_(1).mul_(self.width / GREY_LEVELS).add_(clean)


def _normal(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, device=like.device)


def _amplitude(sigma: Tensor) -> Tensor:
    return (sigma / GREY_LEVELS).view(-1, 1, 1, 1)


def _photons(clean: Tensor, peak: float, generator: torch.Generator) -> Tensor:
    return torch.poisson(clean.clamp(min=0).mul(peak), generator=generator).div_(peak)


def _check_positive(value: float, key: str, example: float) -> None:
    if not value > 0:
        raise DenoiserError(f"{key}={value:g} is not above 0 ({key})", f"{key}={example:g}")
