"""The unit of noise levels, grey levels of 255, and the check of levels that a user gives."""

from __future__ import annotations

from collections.abc import Sequence

from denoiser.errors import DenoiserError, number, require

GREY_LEVELS = 255
"""White in grey levels; images in [0, 1] are in units of it."""


def check_sigma(sigma: float | Sequence[float], key: str) -> tuple[float, ...]:
    """Return one or several noise levels in grey levels of 255 as a tuple.

    Args:
        sigma: the level or levels.
        key: the configuration key that they come from, for the error.

    Raises:
        DenoiserError: there is no level, or one is not a number, negative, or between 0 and 1 (a level for images in
            [0, 1] by mistake).
    """
    levels = list(sigma) if isinstance(sigma, Sequence) and not isinstance(sigma, str) else [sigma]
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
