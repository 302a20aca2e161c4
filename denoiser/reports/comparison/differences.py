"""Paired differences between the lines of a comparison, on the same pictures with the same noise."""

from __future__ import annotations

import itertools
import statistics
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from denoiser.metrics import intervals
from denoiser.reports.comparison.merge import Result
from denoiser.reports.comparison.pictures import Scores
from denoiser.reports.tables.grid import NOISY, Column
from denoiser.runs.reading import finite

ALL_PAIRS = 6  # beyond so many lines, differences are those from the best over all levels of the same data and noise

Images = dict[Hashable, dict[str, float]]  # PSNR by picture, for each noise


def differences(found: Sequence[Result]) -> list[dict[str, Any]]:
    """Paired differences in PSNR between methods, where both have the same pictures with the same noise.

    The lines of a pair have one order in all columns: that in which they came.
    """
    several: dict[tuple[Column, str, Hashable], list[Scores]] = defaultdict(list)
    for one in (one for one in found if one.row["method"] != NOISY):
        several[one.column, one.line, one.noise].append(one.pictures)
    columns: dict[Column, dict[str, Images]] = defaultdict(lambda: defaultdict(dict))
    for (column, line, noise), of in several.items():
        columns[column][line][noise] = _mean(of)
    lines = list(dict.fromkeys(line for _, line, _ in several))
    pairs = {column.kind: list(itertools.combinations(lines, 2)) for column in columns}
    for kind in pairs if len(lines) > ALL_PAIRS else ():
        best = _best([of for column, of in columns.items() if column.kind == kind])
        pairs[kind] = [(best, line) for line in lines if line != best]
    return [row for column, of in columns.items() for row in _pairs(column, of, pairs[column.kind])]


def _mean(several: Sequence[Scores]) -> dict[str, float]:
    """PSNR by picture: means over models that had the same noise, such as those of a sweep over training seeds."""
    known = {name: [scores[name].psnr for scores in several if name in scores] for name in several[0]}
    whole = {name: [psnr for psnr in of if psnr is not None] for name, of in known.items()}
    return {name: sum(of) / len(of) for name, of in whole.items() if len(of) == len(several)}


def _best(columns: Sequence[dict[str, Images]]) -> str:
    """Of the lines that are in most columns the one whose mean rank by PSNR is the best; the first of equals."""
    ranks = defaultdict(list)
    for of in columns:
        ranked = sorted(of, key=lambda line: -_psnr(of[line]))
        for line in of:
            ranks[line].append(next(i for i, other in enumerate(ranked) if _psnr(of[other]) == _psnr(of[line])))
    return min(ranks, key=lambda line: (-len(ranks[line]), statistics.fmean(ranks[line])))


def _psnr(images: Images) -> float:
    values = finite(*(psnr for seed in images.values() for psnr in seed.values()))
    return sum(values) / len(values) if values else float("-inf")


def _pairs(column: Column, of: dict[str, Images], pairs: Sequence[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """The differences in one column, of those pairs that have both lines there."""
    for a, b in (pair for pair in pairs if pair[0] in of and pair[1] in of):
        mine, other = _same(of[a], of[b])
        if mine:
            value, *ends = intervals.paired(mine, other)
            place = {"data": column.data, "noise": column.noise, "sigma": column.sigma, "n_images": len(mine)}
            yield {"a": a, "b": b, **place, "psnr": value, "interval": ends, "column": column}


def _same(a: Images, b: Images) -> tuple[list[float], list[float]]:
    """PSNR of the same pictures with the same noise, picture by picture: means over the seeds that both have."""
    seeds = [seed for seed in a if seed in b and a[seed] and a[seed].keys() == b[seed].keys()]
    pictures = sorted(set.intersection(*(set(a[seed]) for seed in seeds))) if seeds else []
    both = [([a[seed][picture] for seed in seeds], [b[seed][picture] for seed in seeds]) for picture in pictures]
    known = [pair for pair in both if len(finite(*pair[0], *pair[1])) == 2 * len(seeds)]  # infinite ones are left out
    return [sum(mine) / len(seeds) for mine, _ in known], [sum(other) / len(seeds) for _, other in known]
