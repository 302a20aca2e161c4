"""From figures per image to what is written: `results.csv`, means with intervals, paired differences."""

from __future__ import annotations

import csv
import io
import itertools
import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from denoiser.data.pairs import FrozenPairs
from denoiser.metrics import intervals

Figures = Mapping[str, float]
"""One picture's figures by name."""
Scores = Mapping[int, Figures]
"""Figures by item of the pairs."""
USUAL = ("psnr", "ssim", "psnr_noisy", "ssim_noisy")
SPEED = "seconds_per_megapixel"


def per_image(columns: Mapping[str, str], pairs: FrozenPairs, scores: Mapping[str, Scores]) -> str:
    """The text of `results.csv`: a row per method, noise level and image.

    Args:
        columns: `data` and `noise`.
        pairs: what was scored.
        scores: by method.
    """
    names = list(USUAL) + [name for name in _names(scores) if name not in USUAL]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["method", *columns, "sigma", "image", *names])
    for method, figures in scores.items():
        for item, one in sorted(figures.items()):
            key, level = pairs.describe(item)
            image = key.encode(errors="backslashreplace").decode()  # a file name need not be UTF-8, the table is
            place = [method, *columns.values(), "" if level is None else f"{level:g}", image]
            writer.writerow([*place, *(f"{one[name]:.6g}" for name in names)])
    return text.getvalue()


def _names(scores: Mapping[str, Scores]) -> list[str]:
    return list(dict.fromkeys(name for figures in scores.values() for one in figures.values() for name in one))


def summarise(columns: Mapping[str, str], pairs: FrozenPairs, scores: Mapping[str, Scores]) -> list[dict[str, Any]]:
    """A row per method and noise level: means over images with 95 % intervals.

    Infinite figures, such as the PSNR of identical images, are left out of the mean and counted in `n_infinite`, those
    of the PSNR in `n_identical` too.
    """
    rows = []
    for method, figures in scores.items():
        for level, mine in _by_level(pairs, figures):
            row: dict[str, Any] = {"method": method, **columns, "sigma": level, "n_images": len(mine)}
            row |= {name: mean([one[name] for one in mine]) for name in mine[0]}
            row["n_identical"] = sum(math.isinf(one["psnr"]) for one in mine)
            infinite = {name: sum(math.isinf(one[name]) for one in mine) for name in mine[0]}
            row["n_infinite"] = {name: count for name, count in infinite.items() if count}
            row |= {
                f"{name}_interval": _ends(intervals.interval([one[name] for one in mine])) for name in ("psnr", "ssim")
            }
            if SPEED in mine[0]:  # the first picture is slower: it warms up
                row[SPEED] = statistics.median([one[SPEED] for one in mine[1:] or mine])
            rows.append(row)
    return rows


def compare(columns: Mapping[str, str], pairs: FrozenPairs, scores: Mapping[str, Scores]) -> list[dict[str, Any]]:
    """PSNR of one method less another's on the same noise, for every two, with 95 % intervals over images.

    Images that one of them gave back identical are left out, and `n_images` counts the others.
    """
    found = []
    for a, b in itertools.combinations(scores, 2):
        for (level, mine), (_, other) in zip(_by_level(pairs, scores[a]), _by_level(pairs, scores[b]), strict=True):
            both = [(one["psnr"], two["psnr"]) for one, two in zip(mine, other, strict=True)]
            both = [pair for pair in both if all(map(math.isfinite, pair))]
            paired = intervals.paired([one for one, _ in both], [two for _, two in both])
            row = {"a": a, "b": b, **columns, "sigma": level, "n_images": len(both)}
            found.append({**row, "psnr": _known(paired[0]), "interval": _ends(paired)})
    return found


def mean(values: Sequence[float]) -> float | None:
    """The mean of those that are not infinite; None where there is none, or one is no number."""
    if any(map(math.isnan, values)):
        return None
    finite = [value for value in values if math.isfinite(value)]
    return math.fsum(finite) / len(finite) if finite else None


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _ends(interval: Sequence[float]) -> list[float] | None:
    _, low, high = interval
    return [float(low), float(high)] if math.isfinite(low) and math.isfinite(high) else None


def _by_level(pairs: FrozenPairs, figures: Scores) -> list[tuple[float | None, list[Figures]]]:
    """The figures of each noise level, in the pictures' order; levels without any are left out."""
    found: dict[int, list[Figures]] = {}
    for item in sorted(figures):
        found.setdefault(pairs.unravel(item)[1], []).append(figures[item])
    return [(pairs.levels[level], several) for level, several in found.items()]


class Score(NamedTuple):
    """One picture's figures, dB and 0..1, of the output and of the noisy input as the network saw it."""

    psnr: float
    ssim: float
    psnr_noisy: float
    ssim_noisy: float
