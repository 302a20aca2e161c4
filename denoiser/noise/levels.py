"""What a noise parameter may be; levels that a person meets are in grey levels of 255."""

from __future__ import annotations

from collections.abc import Sequence

from denoiser.errors import DenoiserError, number, require

GREY_LEVELS = 255


def check_sigma(sigma: float | Sequence[float], key: str) -> tuple[float, ...]:
    """Give back the noise levels of `key`, one or several, in grey levels of 255.

    Raises:
        DenoiserError: there is none, or one is no number, negative, or between 0 and 1 (probably meant in [0, 1]).
    """
    levels = list(sigma) if isinstance(sigma, Sequence) and not isinstance(sigma, str) else [sigma]
    require(bool(levels), key, [], "no noise level", "[15,25,50]")
    for level in levels:
        require(number(level) and level >= 0, key, level, "not a noise level", "25, in grey levels of 255; 0 is none")
    if fractions := [level for level in levels if 0 < level < 1]:
        listed = [f"{level * GREY_LEVELS if level in fractions else level:g}" for level in levels]
        meant = listed[0] if len(listed) == 1 else f"[{','.join(listed)}]"
        raise DenoiserError(
            f"{key}={fractions[0]:g} is below one grey level ({key}): noise levels are in grey levels of 255",
            f"did you mean {meant}? {key}={meant}",
        )
    return tuple(map(float, levels))
