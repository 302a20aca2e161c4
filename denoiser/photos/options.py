"""The options of denoising photos, checked before there is any work."""

from __future__ import annotations

from dataclasses import dataclass, replace

from denoiser.errors import DenoiserError
from denoiser.inference.blend import STRONGEST, Strengths
from denoiser.noise import levels

PRECISIONS = ("auto", "32", "bf16")


@dataclass(frozen=True)
class Options:
    """How photos are denoised.

    Attributes:
        sigma: the noise level in grey levels of 255, for models that take one; None estimates that of each photo.
        strength: how much noise is removed, 0 to 2: 0 returns the input, 1 the model's output.
        chroma_strength: the strength for chroma; None takes `strength`, which then is for luma alone.
        chroma_only: take only the colours from the model and keep the photo's luma: its strength is 0.
        texture: share of the removed detail that is returned, 0 to 1, see `inference/texture.py`.
        tile: side of the tiles in pixels; None chooses it by the free memory.
        precision: `32`; `bf16`; or `auto`, which is bf16 for 8-bit photos where that is faster, and 32 where they are
            flat.

    Raises:
        DenoiserError: a value is not allowed.
    """

    sigma: float | None = None
    strength: float = 1.0
    chroma_strength: float | None = None
    chroma_only: bool = False
    texture: float = 0.0
    tile: int | None = None
    precision: str = "auto"

    def __post_init__(self) -> None:
        """Refuse values that are not allowed."""
        if self.sigma is not None:
            levels.check_sigma(self.sigma, "--sigma")
        for option, strength in (("--strength", self.strength), ("--chroma-strength", self.chroma_strength)):
            if strength is not None and not 0 <= strength <= STRONGEST:
                raise DenoiserError(f"a strength is from 0 to {STRONGEST} ({option} {strength:g})", f"{option} 1")
        if not 0 <= self.texture <= 1:
            raise DenoiserError(f"the texture is from 0 to 1 (--texture {self.texture:g})", "--texture 0.5")
        if self.texture and not self.strengths.luma:
            what = f"--texture has no effect where the brightness is kept (--texture {self.texture:g})"
            raise DenoiserError(what, "leave out --texture")
        if self.chroma_only and self.chroma_strength is not None and self.strength != 1:
            what = f"--strength has no effect with --chroma-only and --chroma-strength (--strength {self.strength:g})"
            raise DenoiserError(what, "leave out --strength")
        if self.precision not in PRECISIONS:
            what = f"the precision is one of {', '.join(PRECISIONS)} (--precision {self.precision})"
            raise DenoiserError(what, "--precision auto")

    @property
    def strengths(self) -> Strengths:
        """The strengths for luma and chroma."""
        chroma = self.strength if self.chroma_strength is None else self.chroma_strength
        return Strengths(0.0 if self.chroma_only else self.strength, chroma)

    @property
    def plain(self) -> Options:
        """The same with nothing but the model's own output."""
        return replace(self, strength=1.0, chroma_strength=None, chroma_only=False, texture=0.0)

    @property
    def settings(self) -> str:
        """What makes the result another than the model's own output.

        >>> Options(strength=1.5, texture=0.3).settings
        'strength 1.5, texture 0.3'
        """
        luma, chroma = self.strengths
        words = [f"strength {luma:g}"] if luma != 1 else []
        words += [f"chroma strength {chroma:g}"] if chroma != luma else []
        return ", ".join(words + ([f"texture {self.texture:g}"] if self.texture else []))
