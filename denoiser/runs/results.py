"""From figures per image to what is written: `results.csv`, means with intervals, paired differences."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from denoiser.metrics import intervals
from denoiser.runs.csv_files import csv_text
from denoiser.runs.parse import Range
from denoiser.runs.row import INTERVALS, SCORES, Difference, Row

if TYPE_CHECKING:
    from denoiser.data.pairs import FrozenPairs
    from denoiser.noise.levels import LevelKind

Figures = Mapping[str, float]
"""One picture's figures by name."""
Scores = Mapping[int, Figures]
"""Figures by item of the pairs."""
SPEED = "seconds_per_megapixel"


class Score(NamedTuple):
    """One picture's PSNR in dB and SSIM, of the output and of the noisy input as the network saw it."""

    psnr: float
    ssim: float
    psnr_noisy: float
    ssim_noisy: float


def image_rows(names: Mapping[str, str], pairs: FrozenPairs, scores: Mapping[str, Scores]) -> Iterator[dict[str, Any]]:
    """A dictionary per method, noise level and image.

    Args:
        names: `data` and `noise`.
        pairs: the pairs that were scored.
        scores: by method.
    """
    for method, figures in scores.items():
        for item, values in sorted(figures.items()):
            image, level = pairs.describe(item)
            image = image.encode(errors="backslashreplace").decode()  # a file name need not be UTF-8, the table is
            yield {"method": method, **names, **pairs.level_kind.entries(level), "image": image, **values}


def per_image(names: Mapping[str, str], pairs: FrozenPairs, scores: Mapping[str, Scores]) -> str:
    """The text of `results.csv`, a line for each of `image_rows`."""
    rows = list(image_rows(names, pairs, scores))
    heads = ["method", *names, *pairs.level_kind.entries(None), "image", *SCORES]
    keys = dict.fromkeys([*heads, *(key for row in rows for key in row)])
    return csv_text([list(keys), *([_cell(row[key]) for key in keys] for row in rows)])


def _cell(value: float | str | None) -> str:
    return "" if value is None else value if isinstance(value, str) else f"{value:.6g}"


def summarise(names: Mapping[str, str], pairs: FrozenPairs, scores: Mapping[str, Scores]) -> list[Row]:
    """A row per method and noise level: means over images with 95 % intervals.

    Infinite figures, such as the PSNR of identical images, are left out of the mean and counted in `n_infinite`, those
    of the PSNR in `n_identical` too.

    Args:
        names: `data` and `noise`.
        pairs: the pairs that were scored.
        scores: by method.
    """
    return [
        _row(method, names, level, images, pairs.level_kind)
        for method, figures in scores.items()
        for level, images in _by_level(pairs, figures)
    ]


def _row(method: str, names: Mapping[str, str], level: float | None, images: Sequence[Figures], kind: LevelKind) -> Row:
    values = {key: [figures[key] for figures in images] for key in images[0]}
    figures = {key: mean(column) for key, column in values.items()}
    if SPEED in values:
        figures[SPEED] = statistics.median(values[SPEED][1:] or values[SPEED])  # the first picture warms up
    infinite = {key: sum(map(math.isinf, column)) for key, column in values.items()}
    return Row(
        method,
        names["data"],
        names["noise"],
        level,
        n_images=len(images),
        figures=figures,
        intervals={key: _ends(intervals.interval(values[key])) for key in INTERVALS if key in values},
        n_identical=infinite["psnr"],
        n_infinite={key: count for key, count in infinite.items() if count},
        level_kind=kind,
    )


def compare(names: Mapping[str, str], pairs: FrozenPairs, scores: Mapping[str, Scores]) -> list[Difference]:
    """PSNR of one method minus another's on the same noise, for every two, with 95 % intervals over images.

    Images where either output is identical to the clean one are left out, and `n_images` counts the others.

    Args:
        names: `data` and `noise`.
        pairs: the pairs that were scored.
        scores: by method.
    """
    return [
        replace(_difference(a, b, names, level, list(zip(first, second, strict=True))), level_kind=pairs.level_kind)
        for a, b in itertools.combinations(scores, 2)
        for (level, first), (_, second) in zip(_by_level(pairs, scores[a]), _by_level(pairs, scores[b]), strict=True)
    ]


def _difference(
    a: str, b: str, names: Mapping[str, str], level: float | None, images: Sequence[tuple[Figures, Figures]]
) -> Difference:
    both = [(first["psnr"], second["psnr"]) for first, second in images]
    both = [pair for pair in both if all(map(math.isfinite, pair))]
    paired = intervals.paired([first for first, _ in both], [second for _, second in both])
    psnr = paired[0] if math.isfinite(paired[0]) else None
    return Difference(a, b, names["data"], names["noise"], level, len(both), psnr, _ends(paired))


def mean(values: Sequence[float]) -> float | None:
    """The mean of the values that are not infinite; None where there is none, or one is NaN."""
    if any(map(math.isnan, values)):
        return None
    finite = [value for value in values if math.isfinite(value)]
    return math.fsum(finite) / len(finite) if finite else None


def _ends(interval: Sequence[float]) -> Range | None:
    _, low, high = interval
    return (float(low), float(high)) if math.isfinite(low) and math.isfinite(high) else None


def _by_level(pairs: FrozenPairs, figures: Scores) -> list[tuple[float | None, list[Figures]]]:
    """The figures of each noise level, in the pictures' order; levels without any are left out."""
    levels: dict[int, list[Figures]] = {}
    for item in sorted(figures):
        levels.setdefault(pairs.unravel(item)[1], []).append(figures[item])
    return [(pairs.levels[level], images) for level, images in levels.items()]
