"""The rows of `results.json` as objects: a method's figures, and the differences of two methods."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from denoiser.noise.levels import LEVEL_KEYS, LEVEL_KINDS, SIGMA, LevelKind
from denoiser.runs.columns import BY_KEY, COLUMNS, Column, Output, metric
from denoiser.runs.parse import Range, finite, number, pair, text, whole

SCORES = ("psnr", "ssim", "psnr_noisy", "ssim_noisy")
"""The figures that every row has."""
INTERVALS = {column.key: f"{column.key}_interval" for column in COLUMNS if column.interval}
"""The key of the interval in results.json, for each figure that has one."""
WORDS = ("method", "data", "noise", "image", "place")
COUNTS = ("n_images", "n_identical", "n_infinite", "values", "channels")
NOT_FIGURES = frozenset((*WORDS, *LEVEL_KEYS, *COUNTS, *INTERVALS.values()))
"""The keys of a row in results.json or results.csv that hold no figure."""


@dataclass(frozen=True)
class Row:
    """What one method scored on one set of pictures at one noise level.

    Attributes:
        method: the denoiser.
        data: the test pictures.
        noise: the noise of the input.
        level: noise level; None for noise that has none. In the file, its key is that of its kind.
        n_images: number of pictures; None where it is not recorded.
        figures: means over pictures by their keys in `results.json`, in the file's order; None where there is no mean.
        intervals: the 95 % intervals of figures.
        n_identical: outputs that are identical to the clean picture: their PSNR is infinite and not in the mean.
        n_infinite: infinite values that were left out of the mean, by figure.
        channels: 1 or 3; None where it is not recorded.
        folder: name of the folder of the user's own pictures; `place` in the file.
        values: number of random values that the noise was drawn as.
        params: learned numbers of the method; `results.json` has them under `methods`.
        macs: multiply-accumulates of the method, also under `methods`.
        level_kind: what the level is.
    """

    method: str = "-"
    data: str = "-"
    noise: str = "-"
    level: float | None = None
    n_images: int | None = None
    figures: Mapping[str, float | None] = field(default_factory=dict)
    intervals: Mapping[str, Range | None] = field(default_factory=dict)
    n_identical: int | None = None
    n_infinite: Mapping[str, int] = field(default_factory=dict)
    channels: int | None = None
    folder: str | None = None
    values: int | None = None
    params: float | None = None
    macs: float | None = None
    level_kind: LevelKind = SIGMA

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Row:
        """A row of results.json or results.csv; what is missing or damaged there is None here."""
        figures = {str(key): number(value) for key, value in content.items() if key not in NOT_FIGURES}
        channels, counts = number(content.get("channels")), content.get("n_infinite")
        infinite = counts.items() if isinstance(counts, dict) else ()
        kind, level = noise_level(content)
        return cls(
            method=str(content.get("method") or "-"),
            data=str(content.get("data") or "-"),
            noise=str(content.get("noise") or "-"),
            level=level,
            n_images=whole(content.get("n_images")),
            figures={key: value for key, value in figures.items() if value is not None},
            intervals={key: pair(content.get(name)) for key, name in INTERVALS.items()},
            n_identical=whole(content.get("n_identical")),
            n_infinite={str(key): count for key, count in infinite if isinstance(count, int)},
            channels=int(channels) if channels in (1, 3) else None,
            folder=text(content.get("place") or None),
            values=whole(content.get("values")),
            level_kind=kind,
        )

    def to_json(self) -> dict[str, Any]:
        """The row as results.json holds it."""
        return {
            **{key: getattr(self, key) for key in ("method", "data", "noise")},
            **self.level_kind.entries(self.level),
            "n_images": self.n_images,
            **self.figures,
            "n_identical": self.n_identical,
            "n_infinite": dict(self.n_infinite),
            **{INTERVALS[key]: ends and list(ends) for key, ends in self.intervals.items()},
            "channels": self.channels,
            "place": self.folder,
            "values": self.values,
        }

    @property
    def key(self) -> tuple[str, str, str, float | None]:
        """What the row is a result of."""
        return self.method, self.data, self.noise, self.level

    @property
    def setting(self) -> tuple[str, str, float | None]:
        """What methods are compared on."""
        return self.data, self.noise, self.level

    @property
    def psnr(self) -> float | None:
        """PSNR of the output in dB."""
        return self.figures.get("psnr")

    @property
    def psnr_noisy(self) -> float | None:
        """PSNR of the input in dB."""
        return self.figures.get("psnr_noisy")

    @property
    def gain(self) -> float | None:
        """PSNR of the output minus that of the input in dB; None where one of them is missing or infinite."""
        both = finite(self.psnr, self.psnr_noisy)
        return both[0] - both[1] if len(both) == 2 else None

    @property
    def rank(self) -> float:
        """PSNR to sort by: a row without one comes below all."""
        return -math.inf if self.psnr is None else self.psnr

    def value(self, column: Column) -> Any:
        """The row's value in a column; None where it has none."""
        if column.key in LEVEL_KEYS:
            return self.level if column.key == self.level_kind.key else None
        return self.figures[column.key] if column.key in self.figures else getattr(self, column.key, None)


def noise_level(content: Mapping[str, Any]) -> tuple[LevelKind, float | None]:
    """The noise level of an entry of results.json or results.csv, and what it is."""
    levels = ((kind, number(content.get(kind.key))) for kind in LEVEL_KINDS)
    return next(((kind, level) for kind, level in levels if level is not None), (SIGMA, None))


def metrics(rows: Iterable[Row]) -> list[Column]:
    """The columns of the figures that have no entry in COLUMNS, in the order of the rows."""
    return [metric(key) for key in dict.fromkeys(key for row in rows for key in row.figures) if key not in BY_KEY]


def columns(rows: Sequence[Row], output: Output) -> list[Column]:
    """The columns of a table: those that it always has, and the others where any row has a value.

    That of a kind of noise levels is there if any row is of that kind; without rows, that of sigma is.
    """
    several, kinds = (*COLUMNS, *metrics(rows)), {row.level_kind.key for row in rows} or {SIGMA.key}
    filled = [
        column
        for column in several
        if (column.key in kinds if column.key in LEVEL_KEYS else column.always)
        or any(row.value(column) is not None for row in rows)
    ]
    return [column for column in filled if output in column.shown]


@dataclass(frozen=True)
class Difference:
    """PSNR of one method minus another's on the same pictures with the same noise.

    Attributes:
        a: the one method.
        b: the other.
        data: the pictures.
        noise: the noise of the input.
        level: noise level, or None; in the file, its key is that of its kind.
        n_images: number of pictures where both PSNR are finite.
        psnr: the mean difference in dB.
        interval: its 95 % interval over pictures.
        level_kind: what the level is.
    """

    a: str
    b: str
    data: str
    noise: str
    level: float | None
    n_images: int | None
    psnr: float | None
    interval: Range | None
    level_kind: LevelKind = SIGMA

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Difference:
        """An entry of `comparisons` in results.json; what is missing or damaged there is None here."""
        kind, level = noise_level(content)
        return cls(
            a=str(content.get("a") or "-"),
            b=str(content.get("b") or "-"),
            data=str(content.get("data") or "-"),
            noise=str(content.get("noise") or "-"),
            level=level,
            n_images=whole(content.get("n_images")),
            psnr=number(content.get("psnr")),
            interval=pair(content.get("interval")),
            level_kind=kind,
        )

    def to_json(self) -> dict[str, Any]:
        """The entry of `comparisons` in results.json."""
        return {
            **{key: getattr(self, key) for key in ("a", "b", "data", "noise")},
            **self.level_kind.entries(self.level),
            "n_images": self.n_images,
            "psnr": self.psnr,
            "interval": self.interval and list(self.interval),
        }

    @property
    def where(self) -> str:
        """The pictures and the noise level in words."""
        return self.data if self.level is None else f"{self.data}, {self.level_kind.text(self.level)}"
