"""What `model(image, ...)` takes besides the picture, checked before there is any work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from numbers import Real
from typing import Any, TypedDict

from torch import Tensor

from denoiser.errors import DenoiserError, nearest
from denoiser.inference.blend import STRONGEST, Strengths
from denoiser.inference.chroma import SUBSAMPLINGS
from denoiser.noise.levels import check_sigma

NOT_SUBSAMPLED = "4:4:4"
"""The usual name of chroma with a sample for every pixel."""


class CallKeywords(TypedDict, total=False):
    """The arguments that are given by name, see `CallOptions`."""

    strength: float
    chroma_strength: float | None
    texture: float
    subsampling: str | None
    axes: str | None


@dataclass(frozen=True)
class CallOptions:
    """How a model denoises the picture that it is called with; the options of `denoiser denoise` mean the same.

    Attributes:
        sigma: the noise level in grey levels of 255, of several pictures also `(N,)`; None estimates it.
        strength: how much noise is removed, 0 to 2: 0 returns the input, 1 the network's output.
        chroma_strength: the strength for colour noise; None takes `strength`, which then is for luma alone.
        texture: share of the removed detail that is returned, 0 to 1, see `inference/texture.py`.
        subsampling: how the chroma of a JPEG or WebP was stored, `4:2:0` mostly, see `chroma.SUBSAMPLINGS`; None and
            `4:4:4` take the channels as they are.
        axes: the order of the array's axes, see `inference/axes.py`; None takes that of one picture.

    Raises:
        TypeError: an argument is of another type.
        ValueError: a noise level, a strength or the texture is out of its range, or there is no such subsampling.
    """

    sigma: float | Tensor | None = None
    strength: float = 1.0
    chroma_strength: float | None = None
    texture: float = 0.0
    subsampling: str | None = None
    axes: str | None = None

    def __post_init__(self) -> None:
        """Refuse values that are not allowed."""
        for key, most in (("strength", STRONGEST), ("chroma_strength", STRONGEST), ("texture", 1)):
            value = getattr(self, key)
            if (key, value) != ("chroma_strength", None) and not 0 <= _number(key, value) <= most:
                raise ValueError(f"{key}={value!r}; allowed: 0 to {most}")
        if self.sigma is not None and not isinstance(self.sigma, Tensor):
            level(self.sigma)
        for key in ("subsampling", "axes"):
            if not isinstance(getattr(self, key), str | None):
                raise TypeError(f"{key}={getattr(self, key)!r} is no text")
        if self.subsampling not in (None, NOT_SUBSAMPLED, *SUBSAMPLINGS):
            raise ValueError(f"subsampling={self.subsampling!r}; allowed: {NOT_SUBSAMPLED}, {', '.join(SUBSAMPLINGS)}")

    @property
    def strengths(self) -> Strengths:
        """The strengths for luma and chroma."""
        return Strengths(self.strength, self.strength if self.chroma_strength is None else self.chroma_strength)

    @property
    def is_plain(self) -> bool:
        """Whether nothing but the network's own output is asked for."""
        return self.strengths == (1, 1) and not self.texture and self.subsampling is None

    def levels(self, count: int) -> list[float | None]:
        """The noise level of each of several pictures.

        Raises:
            ValueError: their number is another.
        """
        if not isinstance(self.sigma, Tensor):
            return [self.sigma] * count
        if self.sigma.numel() not in (1, count):
            raise ValueError(f"{self.sigma.numel()} noise levels for {count} pictures: one for each, or one for all")
        return self.sigma.flatten().expand(count).tolist()


def parse(args: Sequence[Any], keywords: Mapping[str, Any]) -> CallOptions:
    """The arguments of a call besides the picture: `sigma` by position or by name, the others by name.

    Raises:
        TypeError: there is no such argument, there are several by position, or see `CallOptions`.
        ValueError: see `CallOptions`.

    >>> parse((25,), {"strength": 1.5}).strength
    1.5
    """
    known = [field.name for field in fields(CallOptions)]
    if other := next((key for key in sorted(keywords) if key not in known), None):
        near = nearest(other, known)
        raise TypeError(f"model(image, sigma=None, ...) has no argument {other!r}: {near or ', '.join(known)}")
    if len(args) > 1 or (args and "sigma" in keywords):
        raise TypeError("model(image, sigma=None, ...) takes a picture and one noise level; the others by name")
    options = CallOptions(*args, **keywords)
    whole = options.subsampling == NOT_SUBSAMPLED
    axes = options.axes and options.axes.upper()
    return replace(options, subsampling=None if whole else options.subsampling, axes=axes)


def level(sigma: object) -> float:
    """A noise level in grey levels of 255.

    Raises:
        TypeError: it is no number.
        ValueError: it is negative, not finite, or between 0 and 1 (a level for images in [0, 1] by mistake).
    """
    try:
        (checked,) = check_sigma(_number("sigma", sigma), "sigma")
    except DenoiserError as error:
        raise ValueError(f"{error.what}; {error.fix}") from None
    return checked


def _number(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{key}={value!r} is no number" + " nor a tensor of one for each picture" * (key == "sigma"))
    return float(value)
