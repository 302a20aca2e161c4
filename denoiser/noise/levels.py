"""What noise levels are, sigma in grey levels of 255 or shot noise, and the check of levels that a user gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from denoiser.errors import DenoiserError, nearest, number, require

GREY_LEVELS = 255
"""White in grey levels; images in [0, 1] are in units of it."""
SHOT_LEVELS: Mapping[str, float] = {"low": 0.001, "medium": 0.004, "high": 0.012}
"""Names of some levels of shot noise; `high` is the largest of Brooks et al. (2019)."""


@dataclass(frozen=True)
class LevelKind:
    """What the level of a noise is; results, tables and plots take its name and unit from here.

    Attributes:
        key: the key of training levels below `noise`, of test levels below `test`, and of a result's level.
        words: its name in sentences.
        head: its name as the head of a column.
        symbol: its name in LaTeX.
        axis: the label of an axis.
        unit: the unit of its numbers, in words that follow "is".
        example: several levels, as the command line takes them.
        logarithmic: whether levels are compared by their ratio.
    """

    key: str
    words: str
    head: str
    symbol: str
    axis: str
    unit: str
    example: str
    logarithmic: bool = False

    def text(self, level: float) -> str:
        """A level in words.

        >>> SIGMA.text(25), SHOT.text(0.004)
        ('sigma 25', 'shot noise 0.004')
        """
        return f"{self.words} {level:g}"

    def span(self, levels: Sequence[float]) -> str:
        """The lowest and the highest level of a training in words.

        >>> SIGMA.span([0, 55]), SHOT.span([0.004, 0.004])
        ('sigma 0 to 55', 'shot noise 0.004')
        """
        lowest, highest = levels
        return self.text(lowest) if lowest == highest else f"{self.text(lowest)} to {highest:g}"

    def entries(self, level: float | None) -> dict[str, float | None]:
        """A level as results hold it: under its key, and `sigma` is always there.

        >>> SIGMA.entries(25.0), SHOT.entries(0.004)
        ({'sigma': 25.0}, {'sigma': None, 'shot': 0.004})
        """
        return {SIGMA.key: None, self.key: level}


SIGMA = LevelKind(
    key="sigma",
    words="sigma",
    head="Sigma",
    symbol=r"\sigma",
    axis="sigma (grey levels of 255)",
    unit="in grey levels of 255",
    example="[15,25,50]",
)
SHOT = LevelKind(
    key="shot",
    words="shot noise",
    head="Shot noise",
    symbol=r"\mathrm{shot}",
    axis="shot noise (variance per light, white is 1)",
    unit="a variance per light, where white is 1",
    example="[low,medium,high]",
    logarithmic=True,
)
LEVEL_KINDS = (SIGMA, SHOT)
"""The kinds of noise levels. A noise without levels counts as one of sigma, whose level is None."""
LEVEL_KEYS = tuple(kind.key for kind in LEVEL_KINDS)


def check_sigma(sigma: float | Sequence[float], key: str) -> tuple[float, ...]:
    """Return one or several noise levels in grey levels of 255 as a tuple.

    Args:
        sigma: the level or levels.
        key: the configuration key that they come from, for the error.

    Raises:
        DenoiserError: there is no level, or one is not a number, negative, or between 0 and 1 (a level for images in
            [0, 1] by mistake).
    """
    levels = _listed(sigma)
    require(bool(levels), key, [], "no noise level", "[15,25,50]")
    for level in levels:
        require(number(level) and level >= 0, key, level, "not a noise level", "25, in grey levels of 255; 0 is none")
    if fractions := [level for level in levels if 0 < level < 1]:
        listed = [f"{level * GREY_LEVELS if level in fractions else level:g}" for level in levels]
        scaled = listed[0] if len(listed) == 1 else f"[{','.join(listed)}]"
        raise DenoiserError(
            f"{key}={fractions[0]:g} is below one grey level ({key}): noise levels are in grey levels of 255",
            f"did you mean {scaled}? {key}={scaled}",
        )
    return tuple(map(float, levels))


def check_shot(shot: float | str | Sequence[float | str], key: str) -> tuple[float, ...]:
    """Return one or several levels of shot noise, variances per light where white is 1, as a tuple.

    Args:
        shot: the level or levels; numbers, or names of `SHOT_LEVELS`.
        key: the configuration key that they come from, for the error.

    Raises:
        DenoiserError: there is no level, a name is unknown, or a number is not above 0 and at most 1.
    """
    levels = _listed(shot)
    require(bool(levels), key, [], "no level of shot noise", "[low,medium,high]")
    for level in levels:
        example = (nearest(level, SHOT_LEVELS) or "medium") if isinstance(level, str) else "0.004"
        valid = level in SHOT_LEVELS if isinstance(level, str) else number(level) and 0 < level <= 1
        problem = "not a level of shot noise: low, medium, high, or a variance above 0, at most 1, where white is 1"
        require(valid, key, level, problem, example)
    return tuple(SHOT_LEVELS[level] if isinstance(level, str) else float(level) for level in levels)


def _listed(levels: Any) -> list[Any]:
    """One or several levels, also of an array or a tensor, as a list."""
    levels = levels.tolist() if hasattr(levels, "tolist") else levels
    return list(levels) if isinstance(levels, Sequence) and not isinstance(levels, str) else [levels]
