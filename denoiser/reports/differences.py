"""Paired differences between the lines of a comparison, on the same pictures with the same noise."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any

from denoiser import stats
from denoiser.reports.grid import Column
from denoiser.reports.merging import Result
from denoiser.reports.reading import Row, csv_rows, finite, result_of, result_row
from denoiser.reports.wording import shown

ALL_PAIRS = 6  # beyond so many lines, differences are those from the best of a column only

Images = dict[Hashable, dict[str, float]]  # PSNR by picture, for each noise


def differences(found: Sequence[Result]) -> list[dict[str, Any]]:
    """Paired differences in PSNR between methods, where both have the same pictures with the same noise."""
    places: dict[Column, dict[str, Images]] = defaultdict(lambda: defaultdict(dict))
    files: dict[Path, dict[Hashable, dict[str, float]]] = {}
    for one in (one for one in found if one.row["method"] != "noisy"):
        folder = one.run["folder"]
        if folder not in files:
            files[folder] = _images(folder)
        places[one.column][one.line][one.noise] = files[folder].get(_place(one.row), {})
    lines = {one.line for one in found}
    return [row for column, of in places.items() for row in _pairs(column, of, len(lines) <= ALL_PAIRS)]


def _images(folder: Path) -> dict[Hashable, dict[str, float]]:
    """PSNR by picture for each method, data, noise and sigma of a run's results.csv."""
    found: dict[Hashable, dict[str, float]] = defaultdict(dict)
    for row in csv_rows(folder / "results.csv"):
        plain = result_row(row)
        if plain["psnr"] is not None:
            found[_place(plain)][row.get("image") or ""] = plain["psnr"]
    return found


def _place(row: Row) -> Hashable:
    """What a row is a result of, its noise level as results.csv writes it: in six digits."""
    place: Hashable = result_of({**row, "sigma": shown(row["sigma"], "g")})
    return place


def _pairs(column: Column, of: dict[str, Images], every: bool) -> Iterator[dict[str, Any]]:
    """The differences in one column: between every two lines, or between the best and each other."""
    means = {line: _mean(images) for line, images in of.items()}
    best = max(means, key=lambda line: means[line])
    pairs = itertools.combinations(of, 2) if every else ((best, line) for line in of if line != best)
    for a, b in pairs:
        mine, other = _same(of[a], of[b])
        if mine:
            value, *ends = stats.paired(mine, other)
            place = {"data": column.data, "noise": column.noise, "sigma": column.sigma, "n_images": len(mine)}
            yield {"a": a, "b": b, **place, "psnr": value, "interval": ends, "column": column}


def _mean(images: Images) -> float:
    values = finite(*(psnr for seed in images.values() for psnr in seed.values()))
    return sum(values) / len(values) if values else float("-inf")


def _same(a: Images, b: Images) -> tuple[list[float], list[float]]:
    """PSNR of the same pictures with the same noise, picture by picture: means over the seeds that both have."""
    seeds = [seed for seed in a if seed in b and a[seed] and a[seed].keys() == b[seed].keys()]
    pictures = sorted(set.intersection(*(set(a[seed]) for seed in seeds))) if seeds else []
    both = [([a[seed][picture] for seed in seeds], [b[seed][picture] for seed in seeds]) for picture in pictures]
    known = [pair for pair in both if len(finite(*pair[0], *pair[1])) == 2 * len(seeds)]  # infinite ones are left out
    return [sum(mine) / len(seeds) for mine, _ in known], [sum(other) / len(seeds) for _, other in known]
