"""Methods x noise levels, laid out as in papers: a line per method, a column per data, noise and noise level."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from denoiser.noise.levels import SIGMA, LevelKind
from denoiser.reports.tables.format import shown, spec
from denoiser.runs.columns import COLUMNS, Column
from denoiser.runs.row import Row

GREY_OR_COLOUR = {1: ", grey", 3: ", colour", None: ""}
NOISY = "noisy"
"""The baseline that returns its input."""
WORDS = {"none": "no noise", "real": "real noise"}
SCORED = tuple(column for column in COLUMNS if "comparison" in column.shown)
"""The figures of a cell: the first stands out, and has its standard deviation over seeds."""


class Condition(NamedTuple):
    """What methods are compared on: test pictures, noise and noise level."""

    data: str
    noise: str
    level: float | None  # None where the noise has none
    channels: int | None = None
    folder: str | None = None  # the name of the user's folder
    images: int = 0
    level_kind: LevelKind = SIGMA

    @classmethod
    def from_row(cls, row: Row) -> Condition:
        """The condition of a result."""
        return cls(row.data, row.noise, row.level, row.channels, row.folder, row.n_images or 0, row.level_kind)

    @property
    def words(self) -> str:
        """The noise in words; only other noise than Gaussian is named where there is a level."""
        if self.level is None:
            return WORDS.get(self.noise, self.noise)
        level = self.level_kind.text(self.level)
        return level if self.noise == "gaussian" else f"{self.noise}, {level}"

    @property
    def pictures(self) -> tuple[str, int | None, str | None]:
        """What identifies the pictures, except their number."""
        return self.data, self.channels, self.folder

    @property
    def family(self) -> Condition:
        """The condition without its level, used as group header and plot title."""
        return self._replace(level=None)


def picture_words(conditions: Collection[Condition]) -> dict[Condition, str]:
    """The pictures of each condition in words: the data, and what differs from others of that data.

    As in "photos, grey" beside "photos, colour", or "folder holiday" beside "folder street".
    """
    return {one: _picture_words(one, [other for other in conditions if other.data == one.data]) for one in conditions}


def _picture_words(condition: Condition, others: Sequence[Condition]) -> str:
    folders, channels = {other.folder for other in others}, {other.channels for other in others}
    words = f"{condition.data} {condition.folder or ''}".rstrip() if len(folders) > 1 else condition.data
    return words + (GREY_OR_COLOUR[condition.channels] if len(channels) > 1 else "")


@dataclass(frozen=True)
class Cell:
    """Mean scores by figure, their standard deviations over seeds, and the numbers of seeds and images."""

    figures: Mapping[str, float | None] = field(default_factory=dict)
    sd: Mapping[str, float] = field(default_factory=dict)
    seeds: int = 1
    images: int = 0


@dataclass
class Grid:
    """Cells by line and condition under one protocol, and the scores of the noisy input."""

    protocol: str
    cells: dict[tuple[str, Condition], Cell] = field(default_factory=dict)
    noisy: dict[Condition, Cell] = field(default_factory=dict)

    def put(self, row: Row, sd: Mapping[str, float] | None = None, seeds: int = 1) -> None:
        """Add a result, or a mean over seeds; the baseline `noisy` makes no line.

        Args:
            row: the result; its method is the line.
            sd: standard deviations over seeds, by figure.
            seeds: how many there are.
        """
        condition, images = Condition.from_row(row), row.n_images or 0
        inputs = {column.key: row.figures.get(f"{column.key}_noisy") for column in SCORED}
        self.noisy.setdefault(condition, Cell(inputs, images=images))
        if row.method != NOISY:
            self.cells[row.method, condition] = Cell(row.figures, sd or {}, seeds, images)

    @property
    def lines(self) -> list[str]:
        """The names of the lines, in the order they came."""
        return list(dict.fromkeys(line for line, _ in self.cells))

    @property
    def conditions(self) -> list[Condition]:
        """The columns: those of the same data and noise together, sorted by noise level."""
        families = list(dict.fromkeys(condition.family for condition in self.noisy))
        return sorted(self.noisy, key=lambda one: (families.index(one.family), one.level or 0.0))

    def pictures(self, condition: Condition) -> str:
        """The pictures of a column in words, with their number where others of the same name have another."""
        counts = {other.images for other in self.noisy if other.pictures == condition.pictures}
        return picture_words(self.noisy)[condition] + (f", n = {condition.images}" if len(counts) > 1 else "")

    def without_level(self, condition: Condition) -> str:
        """The pictures in words, and the noise where it is not Gaussian."""
        noise = "" if condition.noise == "gaussian" else f" ({WORDS.get(condition.noise, condition.noise)})"
        return self.pictures(condition) + noise

    def words(self, condition: Condition) -> str:
        """A column in words."""
        return f"{self.pictures(condition)}, {condition.words}"

    @property
    def missing(self) -> int:
        """The number of empty cells."""
        return len(self.lines) * len(self.noisy) - len(self.cells)

    @property
    def seeds(self) -> list[int]:
        """The numbers of seeds that cells are means over, in ascending order."""
        return sorted({cell.seeds for cell in self.cells.values()}) or [1]

    @property
    def images(self) -> str:
        """The number of images of each data: "bsd68 n = 68, set12 n = 12"; all numbers where columns differ."""
        counts: dict[str, dict[str, None]] = {}
        for condition, words in picture_words(self.conditions).items():
            counts.setdefault(words, {})[str(condition.images)] = None
        return ", ".join(f"{words} n = {' and '.join(numbers)}" for words, numbers in counts.items())

    def figure(self, line: str, condition: Condition, column: Column, page: bool = False) -> str:
        """A figure of a cell as it is shown; "-" for an empty cell."""
        return shown(self.cells.get((line, condition), Cell()).figures.get(column.key), spec(column, page))

    def best(self, line: str, condition: Condition, column: Column, page: bool = False) -> bool:
        """Whether a line has the highest figure of its column, as it is shown; never where it is alone."""
        figures = {name: self.figure(name, condition, column, page) for name in self.lines}
        values = [float(figure) for figure in figures.values() if figure != "-"]
        return len(values) > 1 and figures[line] != "-" and float(figures[line]) == max(values)

    def text(self, line: str, condition: Condition, mark: Callable[[str], str], plus_minus: str, empty: str) -> str:
        """A cell as "29.23 / 0.8281", with the standard deviation over seeds if there are several.

        Args:
            line: the name of the line.
            condition: the column.
            mark: makes the best figure bold.
            plus_minus: the sign before the standard deviation.
            empty: the text of an empty cell.
        """
        cell = self.cells.get((line, condition))
        if cell is None:
            return empty
        parts = []
        for column in SCORED:
            value, sd = self.figure(line, condition, column), cell.sd.get(column.key)
            spread = "" if sd is None or column is not SCORED[0] else f"{plus_minus}{sd:{spec(column)}}"
            parts.append((mark(value) if self.best(line, condition, column) else value) + spread)
        return " / ".join(parts)

    def noisy_figure(self, condition: Condition, column: Column, page: bool = False) -> str:
        """A figure of the noisy input as it is shown."""
        return shown(self.noisy[condition].figures.get(column.key), spec(column, page))

    def noisy_text(self, condition: Condition) -> str:
        """The cell of the noisy input."""
        return " / ".join(self.noisy_figure(condition, column) for column in SCORED)


def grid(rows: Iterable[Row], protocol: object) -> Grid:
    """The rows of one run as methods x (data, noise, level)."""
    cells = Grid(str(protocol))
    for row in rows:
        cells.put(row)
    return cells
