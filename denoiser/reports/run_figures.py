"""The figures of a page beyond each method's means: the best methods, and the scores of every image."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from denoiser.noise.levels import LEVEL_KEYS
from denoiser.reports.tables.grid import NOISY
from denoiser.runs.columns import BY_KEY, Column
from denoiser.runs.csv_files import csv_rows
from denoiser.runs.parse import Range, finite
from denoiser.runs.row import Difference, Row, columns

TABLE = 2000
"""Number of rows of a table per image beyond which a page shows the best and the worst alone."""
EXTREMES = 200
"""Number of rows that it shows then."""
IMAGE = Column("image", "Image", "The test image.", style="words", always=True)
IMAGE_DECIMALS = 3
"""Decimals of further metrics, image by image."""


def results_columns(rows: Sequence[Row]) -> list[Column]:
    """The columns of a page's results; a wide table leaves out the data and noise that all rows have in common."""
    several = columns(rows, "html")
    same = len({(row.data, row.noise) for row in rows}) == 1 and any(not column.always for column in several)
    return [column for column in several if not (same and column.key in ("data", "noise"))]


def best(rows: Sequence[Row]) -> list[Row]:
    """The rows with the highest PSNR of their data, noise and noise level; none where there is one method."""
    highest: dict[Hashable, float] = {}
    for row in rows:
        highest[row.setting] = max(highest.get(row.setting, -math.inf), *finite(row.psnr), -math.inf)
    several = len({row.method for row in rows}) > 1
    return [row for row in rows if several and row.psnr == highest[row.setting]]


@dataclass(frozen=True)
class Lead:
    """The best result at a noise level.

    Attributes:
        row: the result.
        alike: other results whose difference to it has an interval that contains 0, by descending PSNR.
        sure: whether all other methods except the noisy input were compared with it and differ from it.
    """

    row: Row
    alike: tuple[Row, ...]
    sure: bool


def leads(rows: Sequence[Row], differences: Sequence[Difference] = ()) -> list[Lead]:
    """The best result of each noise level in ascending order; of more than four the first, the middle and the last.

    Args:
        rows: the results.
        differences: paired differences, whose intervals decide.
    """
    firsts = {row.setting: row for row in reversed(best(rows))}
    ascending = sorted(firsts.values(), key=lambda row: (row.data, row.noise, row.level or 0.0))
    few = ascending if len(ascending) < 5 else [ascending[0], ascending[len(ascending) // 2], ascending[-1]]
    ends: dict[Hashable, Range | None] = {
        (frozenset((pair.a, pair.b)), pair.data, pair.noise, pair.level): pair.interval for pair in differences
    }
    return [_lead(row, rows, ends) for row in few]


def _lead(row: Row, rows: Sequence[Row], ends: Mapping[Hashable, Range | None]) -> Lead:
    others = [other for other in rows if other.setting == row.setting and other.method not in (row.method, NOISY)]
    intervals = [ends.get((frozenset((row.method, other.method)), *row.setting)) for other in others]
    alike = [other for other, pair in zip(others, intervals, strict=True) if pair and pair[0] <= 0 <= pair[1]]
    ranked = sorted(alike, key=lambda other: other.rank, reverse=True)
    return Lead(row, tuple(ranked), not alike and all(intervals))


@dataclass(frozen=True)
class ImageRow:
    """The scores of one image.

    Attributes:
        image: its name.
        row: its scores.
        anchor: the id on the page of its picture; None where that is not shown.
    """

    image: str
    row: Row
    anchor: str | None = None


@dataclass(frozen=True)
class ImageTable:
    """The scores of every image.

    Attributes:
        columns: the columns.
        rows: the rows that are shown.
        total: the number of rows in results.csv.
    """

    columns: Sequence[Column]
    rows: Sequence[ImageRow]
    total: int


def per_image(folder: Path, anchors: dict[tuple[str, float | None], str] | None = None) -> ImageTable:
    """The rows of `results.csv`; of more than 2,000 the 200 with the best and worst PSNR, of each method and level.

    Args:
        folder: a run folder.
        anchors: the ids of the pictures that the page shows, by image and noise level.
    """
    lines = [line for line in csv_rows(folder / "results.csv") if line.get("image")]
    images = [ImageRow(line["image"], Row.from_json(line)) for line in lines]
    few = images if len(images) <= TABLE else _extremes(images)
    linked = [replace(line, anchor=(anchors or {}).get((line.image, line.row.level))) for line in few]
    return ImageTable(_image_columns([line.row for line in images]), linked, len(images))


def _image_columns(rows: Sequence[Row]) -> list[Column]:
    """The scores of outputs before those of inputs; no data, noise and level where all images have the same or none."""
    absent = {key for key in ("data", "noise") if len({row.value(BY_KEY[key]) for row in rows}) < 2}
    absent |= set() if any(row.level for row in rows) else set(LEVEL_KEYS)
    several = [column for column in columns(rows, "images") if column.key not in absent]
    several.sort(key=lambda column: (not column.always, column.always and column.key.endswith("_noisy")))
    return [IMAGE, *(c if c.key in BY_KEY else replace(c, decimals=IMAGE_DECIMALS) for c in several)]


def _extremes(images: Sequence[ImageRow]) -> list[ImageRow]:
    groups: dict[Hashable, list[ImageRow]] = defaultdict(list)
    for line in images:
        groups[line.row.key].append(line)
    each = max(1, EXTREMES // 2 // len(groups))
    ranked = [sorted(group, key=lambda line: line.row.rank, reverse=True) for group in groups.values()]
    return [line for group in ranked for line in (group if len(group) <= 2 * each else group[:each] + group[-each:])]
