"""Scores of every picture, and by them which results are of the same pictures."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from denoiser.reports.tables.format import shown
from denoiser.runs.reading import Row, csv_rows, number, result_of, result_row

DIGITS = 1e-5  # results.csv has six digits, and the last of them may be rounded to either side


class Score(NamedTuple):
    """What a picture scored: PSNR in dB, and PSNR and SSIM of its noisy version."""

    psnr: float | None
    psnr_noisy: float | None
    ssim_noisy: float | None


Scores = Mapping[str, Score]
"""By picture."""


def scores(folder: Path) -> dict[Hashable, dict[str, Score]]:
    """The scores of a run's results.csv by picture, for each `place`."""
    found: dict[Hashable, dict[str, Score]] = defaultdict(dict)
    for row in csv_rows(folder / "results.csv"):
        values = (number(row.get(key)) for key in Score._fields)
        found[place(result_row(row))][row.get("image") or ""] = Score(*values)
    return found


def place(row: Row) -> Hashable:
    """What a row is a result of, its noise level as results.csv writes it: in six digits."""
    found: Hashable = result_of({**row, "sigma": shown(row["sigma"], "g")})
    return found


def classes(several: Sequence[tuple[Hashable, Scores]]) -> list[int]:
    """Which of several results are of the same pictures: those of one number are.

    Args:
        several: the noise of each, equal where the same noise was drawn, and its scores; none if they are not known.

    Returns:
        A number from 0 for each. The same pictures have the same names, and with the same noise the same scores
        before they are denoised.
    """
    found: list[list[tuple[Hashable, Scores]]] = []
    numbers = []
    for one in several:
        same = (i for i, members in enumerate(found) if all(_same(one, other) for other in members))
        i = next(same, len(found))
        found[i:] = found[i:] or [[]]
        found[i].append(one)
        numbers.append(i)
    return numbers


def _same(one: tuple[Hashable, Scores], other: tuple[Hashable, Scores]) -> bool:
    (noise, mine), (its_noise, its) = one, other
    if not mine or not its:
        return True
    if mine.keys() != its.keys():
        return False
    return noise != its_noise or all(
        _close(a, b) for name, score in mine.items() for a, b in zip(score[1:], its[name][1:], strict=True)
    )


def _close(a: float | None, b: float | None) -> bool:
    return a is None or b is None or a == b or math.isclose(a, b, rel_tol=DIGITS)
