"""`noise=camera`: clean pictures as a camera would have taken them, with its noise and its processing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import torch
from torch import Tensor

from denoiser.errors import DenoiserError, require
from denoiser.noise.base import Noise
from denoiser.noise.camera.checks import check_range, check_share
from denoiser.noise.camera.drawing import Range, chance, log_uniform, uniform
from denoiser.noise.camera.pipeline import BORDER, Shrink, render
from denoiser.noise.camera.settings import Settings, check_settings, draw
from denoiser.noise.levels import SHOT, SHOT_LEVELS, LevelKind, check_shot
from denoiser.noise.mirror import mirrored
from denoiser.noise.streams import normal

LARGEST_SHRINK = 2.0


@dataclass(frozen=True)
class Camera(Settings, Noise):
    """Noise of a camera (Brooks et al. 2019; Guo et al. 2019; Zamir et al. 2020), see `camera.pipeline`.

    The target is the picture of the same camera without noise and JPEG. What a camera stores is always clipped to 8
    bits. The other parameters, those of the sensor and the processing, are in `Settings`.

    Args:
        shot: shot noise of the sensor, a variance per light, where white is 1; or low, medium, high.
        shot_range: `[lowest, highest]`: the shot noise of each training image is drawn from this range instead,
            uniform in its logarithm.
        resized: share of the pictures that are made smaller before they are stored. With any, whole pictures of
            validation and test are their middle, smaller by the largest factor of the range, so that all have one size.
        resize_range: the factor by which these become smaller, from 1 to 2.

    Raises:
        DenoiserError: a parameter is out of range.

    >>> noise, clean = Camera(shot="high"), torch.full((1, 3, 48, 48), 0.5)
    >>> noisy, target = noise.pair(clean, torch.tensor([0.012]), torch.Generator().manual_seed(0))
    >>> tuple(noisy.shape), tuple(target.shape), noise.source_size(32)
    ((1, 3, 32, 32), (1, 3, 32, 32), 48)
    """

    clip: bool = True
    shot: float | str = "medium"
    shot_range: Sequence[float] | None = None
    resized: float = 0.0
    resize_range: Range = (1.0, 1.6)
    name: ClassVar[str] = "camera"
    takes_streams: ClassVar[bool] = True
    level_kind: ClassVar[LevelKind] = SHOT

    def __post_init__(self) -> None:
        """Check the parameters."""
        self._check()

    def _check(self) -> None:
        check_settings(self)
        require(self.clip is True, "noise.clip", self.clip, "not for noise=camera, which stores 8 bits", "true")
        one = not isinstance(self.shot, Sequence) or isinstance(self.shot, str)
        require(one, "noise.shot", self.shot, "not one level", "medium; test.shot takes several")
        check_shot(self.shot, "noise.shot")
        if self.shot_range is not None:
            pair = check_shot(self.shot_range, "noise.shot_range")
            ordered = len(pair) == 2 and pair[0] <= pair[1]
            require(ordered, "noise.shot_range", self.shot_range, "not [lowest, highest]", "[1e-4,0.012]")
        try:
            check_share("resized", self.resized)
            low, high = check_range("resize_range", self.resize_range)
            if not 1 <= low <= high <= LARGEST_SHRINK:
                raise ValueError(f"resize_range={self.resize_range} is not [lowest, highest] within 1 to 2")
        except ValueError as error:
            key = str(error).partition("=")[0]
            fix = "noise.resized=0.3" if key == "resized" else "noise.resize_range=[1,1.6]"
            raise DenoiserError(f"noise.{error} (noise.{key})", fix) from error

    @property
    def stored(self) -> bool:
        """Always."""
        return True

    @property
    def border(self) -> int:
        """Number of pixels at each side that are cut off: filters lack neighbours there."""
        return BORDER

    @property
    def shrink(self) -> float:
        """The largest factor of resizing."""
        return float(self.resize_range[1]) if self.resized else 1.0

    def levels(self, level: Any) -> tuple[float | None, ...]:
        """The given levels, each once; by default the training level, or low, medium and high for a range.

        Raises:
            DenoiserError: a level is not a valid level of shot noise, or the list is empty.
        """
        if level is None:
            return tuple(SHOT_LEVELS.values()) if self.shot_range is not None else check_shot(self.shot, "noise.shot")
        return tuple(dict.fromkeys(check_shot(level, "test.shot")))

    def training_levels(self) -> Range:
        """The range, or the training level twice."""
        if self.shot_range is None:
            (shot,) = check_shot(self.shot, "noise.shot")
            return shot, shot
        low, high = check_shot(self.shot_range, "noise.shot_range")
        return low, high

    def draw_levels(self, n: int, generator: torch.Generator) -> Tensor:
        """The training level, or draws from the range, `(n,)`."""
        low, high = self.training_levels()
        if self.shot_range is None:
            return torch.full((n,), low, device=generator.device)
        return log_uniform(n, (low, high), generator)

    def pair(self, clean: Tensor, level: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """A camera's pictures, and its pictures without noise and JPEG: see `Noise.pair`."""
        n, sides = len(clean), clean.shape[2:]
        camera = draw(n, self, generator, level)
        draws = normal((n, 1, *sides), generator)
        shrink = None
        if self.resized:
            factors = uniform(n, self.resize_range, generator)
            factors = torch.where(chance(n, self.resized, generator), factors, 1.0)
            shrink = Shrink((self.pair_size(sides[0]), self.pair_size(sides[1])), factors)
        return render(clean.contiguous(), camera, draws, shrink=shrink)

    def _add(self, clean: Tensor, level: Tensor, generator: torch.Generator) -> Tensor:
        height, width = (self.source_size(self.whole_size(side)) for side in clean.shape[2:])
        return self.pair(mirrored(clean, height, width), level, generator)[0]

    def clipped(self, clip: bool) -> Camera:
        """The same noise: it is always clipped."""
        return self

    def __str__(self) -> str:
        """The name in tables, with the parameters other than the level that are not the default."""
        default, levels = Camera(), ("clip", "shot", "shot_range")
        shown = {one.name: _text(getattr(self, one.name)) for one in fields(self) if one.name not in levels}
        changed = [f"{key}={value}" for key, value in shown.items() if value != _text(getattr(default, key))]
        return f"{self.name}({', '.join(changed)})" if changed else self.name


def _text(value: Any) -> str:
    """A parameter: "0.5", "[70,99]", "rggb"."""
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_text, value))}]"
    return str(value) if value is None or isinstance(value, str) else f"{value:g}"
