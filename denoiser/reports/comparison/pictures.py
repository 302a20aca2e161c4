"""Scores of every picture, and by them which results are of the same pictures."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from denoiser.reports.tables.format import shown
from denoiser.runs.csv_files import csv_rows
from denoiser.runs.row import Row

DIGITS = 1e-5
"""Relative tolerance of results.csv, which has six digits."""


class PictureScore(NamedTuple):
    """PSNR of an output in dB, and PSNR and SSIM of its noisy input."""

    psnr: float | None
    psnr_noisy: float | None
    ssim_noisy: float | None


PictureScores = Mapping[str, PictureScore]
"""Scores by picture."""


def picture_scores(folder: Path) -> dict[Hashable, dict[str, PictureScore]]:
    """The scores of a run's results.csv by picture, for each `csv_key`."""
    scores: dict[Hashable, dict[str, PictureScore]] = defaultdict(dict)
    for line in csv_rows(folder / "results.csv"):
        row = Row.from_json(line)
        score = PictureScore(*(row.figures.get(key) for key in PictureScore._fields))
        scores[csv_key(row)][line.get("image") or ""] = score
    return scores


def csv_key(row: Row) -> Hashable:
    """What a row is a result of, its noise level in six digits as in results.csv."""
    return row.method, row.data, row.noise, shown(row.level, "g")


def classes(results: Sequence[tuple[Hashable, PictureScores]]) -> list[int]:
    """Numbers the sets of pictures that results are of, from 0; results of the same pictures have the same number.

    The same pictures have the same names, and with the same noise the same scores before they are denoised.

    Args:
        results: the noise of each result, equal where the same noise was drawn, and its scores; none if unknown.
    """
    groups: list[list[tuple[Hashable, PictureScores]]] = []
    numbers = []
    for result in results:
        same = (i for i, members in enumerate(groups) if all(_same(result, other) for other in members))
        i = next(same, len(groups))
        groups[i:] = groups[i:] or [[]]
        groups[i].append(result)
        numbers.append(i)
    return numbers


def _same(first: tuple[Hashable, PictureScores], second: tuple[Hashable, PictureScores]) -> bool:
    (noise, scores), (other_noise, others) = first, second
    if not scores or not others:
        return True
    if scores.keys() != others.keys():
        return False
    return noise != other_noise or all(
        _close(a, b) for name, score in scores.items() for a, b in zip(score[1:], others[name][1:], strict=True)
    )


def _close(a: float | None, b: float | None) -> bool:
    return a is None or b is None or a == b or math.isclose(a, b, rel_tol=DIGITS)
