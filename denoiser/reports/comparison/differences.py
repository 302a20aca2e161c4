"""Paired differences between the lines of a comparison, on the same pictures with the same noise."""

from __future__ import annotations

import itertools
import statistics
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence

from denoiser.metrics import intervals
from denoiser.reports.comparison.merge import Result
from denoiser.reports.comparison.pictures import PictureScores
from denoiser.reports.tables.grid import NOISY, Condition
from denoiser.runs.parse import finite
from denoiser.runs.row import Difference

ALL_PAIRS = 6
"""Number of lines up to which all pairs are compared; of more, the best is compared with the others."""

Images = dict[Hashable, dict[str, float]]
"""PSNR by picture, for each noise."""


def differences(results: Sequence[Result]) -> list[tuple[Condition, Difference]]:
    """Paired differences in PSNR between methods, where both have the same pictures with the same noise.

    The lines of a pair have one order in all columns: that in which they came. The best line is that over all levels
    of the same data and noise.
    """
    scores: dict[tuple[Condition, str, Hashable], list[PictureScores]] = defaultdict(list)
    for result in results:
        if result.row.method != NOISY:
            scores[result.condition, result.line, result.noise].append(result.pictures)
    columns: dict[Condition, dict[str, Images]] = defaultdict(lambda: defaultdict(dict))
    for (condition, line, noise), models in scores.items():
        columns[condition][line][noise] = _mean(models)
    lines = list(dict.fromkeys(line for _, line, _ in scores))
    pairs = {condition.family: list(itertools.combinations(lines, 2)) for condition in columns}
    for family in pairs if len(lines) > ALL_PAIRS else ():
        best = _best([column for condition, column in columns.items() if condition.family == family])
        pairs[family] = [(best, line) for line in lines if line != best]
    return [row for at, column in columns.items() for row in _differences(at, column, pairs[at.family])]


def _mean(models: Sequence[PictureScores]) -> dict[str, float]:
    """PSNR by picture: means over models that had the same noise, such as those of a sweep over training seeds."""
    several = {name: [scores[name].psnr for scores in models if name in scores] for name in models[0]}
    values = {name: [psnr for psnr in column if psnr is not None] for name, column in several.items()}
    return {name: sum(column) / len(column) for name, column in values.items() if len(column) == len(models)}


def _best(columns: Sequence[Mapping[str, Images]]) -> str:
    """Of the lines that are in most columns, that with the best mean rank by PSNR; the first of equals."""
    ranks = defaultdict(list)
    for column in columns:
        psnr = {line: _psnr(images) for line, images in column.items()}
        for line in column:
            ranks[line].append(sum(other > psnr[line] for other in psnr.values()))
    return min(ranks, key=lambda line: (-len(ranks[line]), statistics.fmean(ranks[line])))


def _psnr(images: Images) -> float:
    values = finite(*(psnr for seed in images.values() for psnr in seed.values()))
    return sum(values) / len(values) if values else float("-inf")


def _differences(
    condition: Condition, column: Mapping[str, Images], pairs: Sequence[tuple[str, str]]
) -> Iterator[tuple[Condition, Difference]]:
    """The differences in one column, of those pairs that have both lines there."""
    for a, b in (pair for pair in pairs if pair[0] in column and pair[1] in column):
        first, second = _same(column[a], column[b])
        if first:
            psnr, low, high = intervals.paired(first, second)
            names = condition.data, condition.noise, condition.level
            yield condition, Difference(a, b, *names, len(first), psnr, (low, high), condition.level_kind)


def _same(a: Images, b: Images) -> tuple[list[float], list[float]]:
    """PSNR of the same pictures with the same noise, picture by picture: means over the seeds that both have."""
    seeds = [seed for seed in a if seed in b and a[seed] and a[seed].keys() == b[seed].keys()]
    pictures = sorted(set.intersection(*(set(a[seed]) for seed in seeds))) if seeds else []
    both = [([a[seed][picture] for seed in seeds], [b[seed][picture] for seed in seeds]) for picture in pictures]
    kept = [pair for pair in both if len(finite(*pair[0], *pair[1])) == 2 * len(seeds)]  # infinite ones are left out
    return [sum(first) / len(seeds) for first, _ in kept], [sum(second) / len(seeds) for _, second in kept]
