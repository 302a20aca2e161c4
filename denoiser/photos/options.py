"""The options of denoising photos, checked before there is any work."""

from __future__ import annotations

from dataclasses import dataclass

from denoiser.errors import DenoiserError
from denoiser.noise import levels

PRECISIONS = ("auto", "32", "bf16")


@dataclass(frozen=True)
class Options:
    """How photos are denoised.

    Attributes:
        sigma: the noise level in grey levels of 255, for models that take one; None estimates that of each photo.
        strength: weight of the denoised photo: 0 returns the input, 1 the model's output.
        chroma_only: take only the colours from the model and keep the photo's luma.
        tile: side of the tiles in pixels; None chooses it by the free memory.
        precision: `32`; `bf16`; or `auto`, which is bf16 for 8-bit photos where that is faster.

    Raises:
        DenoiserError: a value is not allowed.
    """

    sigma: float | None = None
    strength: float = 1.0
    chroma_only: bool = False
    tile: int | None = None
    precision: str = "auto"

    def __post_init__(self) -> None:
        """Refuse values that are not allowed."""
        if self.sigma is not None:
            levels.check_sigma(self.sigma, "--sigma")
        if not 0 <= self.strength <= 1:
            raise DenoiserError(f"the strength is from 0 to 1 (--strength {self.strength:g})", "--strength 1")
        if self.precision not in PRECISIONS:
            what = f"the precision is one of {', '.join(PRECISIONS)} (--precision {self.precision})"
            raise DenoiserError(what, "--precision auto")
