"""How pictures become noisy pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from denoiser.errors import DenoiserError
from denoiser.noise.base import Noise


@dataclass(frozen=True)
class Protocol:
    """How pictures become noisy pairs.

    Args:
        noise: the noise of training; `Noise()` for real pairs.
        seed: seed of crops, noise and order.
        levels: noise levels to validate and test at, see `Noise.level_kind`; `(None,)` for a noise without levels.
        clip: whether test input is clamped and rounded to 8 bits (`clipped`) or not (`published`).
    """

    noise: Noise
    seed: int
    levels: Sequence[float | None]
    clip: bool

    def keywords(self) -> dict[str, Any]:
        """The arguments of `PairsDataModule` that make an equal one."""
        levels = None if None in self.levels else list(self.levels)
        return {"noise": self.noise, "seed": self.seed, "test_levels": levels, "clip": self.clip}


def check_no_noise(name: str, protocol: Protocol) -> None:
    """Check that no noise is added to the noisy pictures of real pairs.

    Raises:
        DenoiserError: the protocol has a noise.
    """
    if protocol.noise.name != "none":
        raise DenoiserError(
            f"data={name} has real noise; noise cannot be added (noise={protocol.noise.name})", "noise=none"
        )


def check_noise(noise: object) -> None:
    """Refuse what is no noise, such as the name of one.

    Raises:
        TypeError: it is neither a noise nor None.
    """
    if not isinstance(noise, Noise | None):
        raise TypeError(f"noise={noise!r} is no noise: one of denoiser.noise, such as denoiser.noise.Gaussian(25)")
