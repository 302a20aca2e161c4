"""The figures of a page beyond each method's means: what else an evaluation measured, and the scores per image."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from denoiser.runs.reading import Row, csv_rows, finite, number, pair, result_of, result_row

EXTRA = {
    "psnr_y": "PSNR Y",
    "psnr_y_noisy": "PSNR Y noisy",
    "sigma_estimated": "Sigma estimated",
    "seconds_per_megapixel": "s / MP",
}
PLAIN = {"image": "Image", "method": "Method", "data": "Data", "noise": "Noise", "sigma": "Sigma"}
SCORED = {"psnr": "PSNR", "ssim": "SSIM", "psnr_noisy": "PSNR noisy", "ssim_noisy": "SSIM noisy"}
TABLE = 2000
"""Rows of a table per image beyond which a page shows the best and the worst alone."""
EXTREMES = 200
"""How many it shows then."""


def columns(rows: Sequence[Row]) -> dict[str, str]:
    """The columns that evaluations add, by key, each with its head: only those in which there is a number."""
    return {key: head for key, head in EXTRA.items() if finite(*(row.get(key) for row in rows))}


def marked(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows of `reading.read`, each with "best": whether no other method has more PSNR there."""
    highest: dict[Any, float] = {}
    for row in rows:
        where = result_of(row)[1:]
        highest[where] = max(highest.get(where, -math.inf), *finite(row["psnr"]), -math.inf)
    several = len({row["method"] for row in rows}) > 1
    return [{**row, "best": several and row["psnr"] == highest[result_of(row)[1:]]} for row in rows]


def compared(found: Sequence[Row]) -> list[Row]:
    """The comparisons of an evaluation, each with every key: names as text, None for what is missing."""
    named = [{**dict.fromkeys(("sigma", "n_images", "psnr", "interval")), **row} for row in found]
    return [{**row, **{key: str(row.get(key) or "-") for key in ("a", "b", "data", "noise")}} for row in named]


def leads(rows: Sequence[dict[str, Any]], compared: Sequence[Row] = ()) -> list[dict[str, Any]]:
    """The best row of each noise level in rising order; of more than four the first, the middle and the last.

    Each has "alike", the rows from which it cannot be told apart, in falling PSNR, and "sure": whether it can be told
    apart from every other method but the noisy input. Where pairs were not compared it is neither.

    Args:
        rows: those of `marked`.
        compared: the comparisons of `compared`, whose intervals decide.
    """
    best = {result_of(row)[1:]: row for row in reversed(rows) if row["best"]}
    found = sorted(best.values(), key=lambda row: (row["data"], row["noise"], row["sigma"] or 0.0))
    few = found if len(found) < 5 else [found[0], found[len(found) // 2], found[-1]]
    known = {(frozenset((row["a"], row["b"])), *_where(row)): pair(row["interval"]) for row in compared}
    return [row | _told_apart(row, rows, known) for row in few]


def _told_apart(row: Row, rows: Sequence[Row], known: Mapping[Any, list[float] | None]) -> dict[str, Any]:
    others = [o for o in rows if _where(o) == _where(row) and o["method"] not in (row["method"], "noisy")]
    ends = [known.get((frozenset((row["method"], other["method"])), *_where(row))) for other in others]
    alike = [other for other, one in zip(others, ends, strict=True) if one and min(one) <= 0 <= max(one)]
    return {"alike": sorted(alike, key=_psnr, reverse=True), "sure": not alike and all(ends)}


def _where(row: Row) -> tuple[str, str, float | None]:
    return row["data"], row["noise"], number(row["sigma"])


def per_image(folder: Path, pictures: Sequence[Row] = ()) -> dict[str, Any]:
    """The rows of `results.csv` for a table: columns with their heads, cells, and how many rows there are in all.

    Of more than 2,000 rows there are the 200 that are best and worst in PSNR, as many of each method and noise level.
    Each has "anchor": the id on the page of its picture, None where that is not shown.

    Args:
        folder: a run folder.
        pictures: what the page shows, each with "image", "sigma" and its "id".
    """
    rows: list[dict[str, Any]] = [dict(row) for row in csv_rows(folder / "results.csv") if row.get("image")]
    named = PLAIN if any(row.get("sigma") for row in rows) else {k: v for k, v in PLAIN.items() if k != "sigma"}
    constant = {key for key in ("data", "noise") if len({row.get(key) for row in rows}) < 2}
    others = {key: key for key in (rows[0] if rows else {}) if key not in (*PLAIN, *SCORED, *EXTRA) and key}
    heads = {key: head for key, head in named.items() if key not in constant} | SCORED | columns(rows) | others
    gains = [finite(row.get("psnr"), row.get("psnr_noisy")) for row in rows]
    for row, gain in zip(rows, gains, strict=True):
        row["gain"] = gain[0] - gain[1] if len(gain) == 2 else None
    shown = rows if len(rows) <= TABLE else _extremes(rows)
    anchors = {(str(entry["image"]), entry["sigma"]): entry["id"] for entry in reversed(pictures)}
    for row in shown:
        row["anchor"] = anchors.get((row["image"], number(row.get("sigma"))))
    return {"columns": heads, "rows": shown, "total": len(rows)}


def _extremes(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    groups: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[result_of(result_row(row))].append(row)
    each = max(1, EXTREMES // 2 // len(groups))
    chosen: list[dict[str, Any]] = []
    for group in groups.values():
        ranked = sorted(group, key=_psnr, reverse=True)
        chosen += ranked if len(ranked) <= 2 * each else ranked[:each] + ranked[-each:]
    return chosen


def _psnr(row: Row) -> float:
    value = number(row.get("psnr"))
    return -math.inf if value is None else value
