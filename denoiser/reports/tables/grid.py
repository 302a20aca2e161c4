"""Scores as papers set them: a line per method, a column per data, noise and noise level."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from denoiser.reports.tables.format import shown
from denoiser.runs.reading import Row

GREY_OR_COLOUR = {1: ", grey", 3: ", colour", None: ""}
NOISY = "noisy"  # the baseline that gives back its input
WORDS = {"none": "no noise", "real": "real noise"}


class Column(NamedTuple):
    """What a score is a score on."""

    data: str
    noise: str
    sigma: float | None  # grey levels of 255; None where the noise has no such level
    channels: int | None = None
    place: str | None = None  # the name of the user's folder
    images: int = 0

    @classmethod
    def of(cls, row: Row) -> Column:
        """The column of a result row."""
        sigma = row["sigma"] if isinstance(row["sigma"], (int, float)) else None
        pictures = row.get("channels"), row.get("place"), int(row["n_images"] or 0)
        return cls(str(row["data"]), str(row["noise"]), sigma, *pictures)

    @property
    def level(self) -> str:
        """The noise in words; that it is Gaussian goes without saying where it has a level."""
        if self.sigma is None:
            return WORDS.get(self.noise, self.noise)
        level = f"sigma {shown(self.sigma, 'g')}"
        return level if self.noise == "gaussian" else f"{self.noise}, {level}"

    @property
    def pictures(self) -> tuple[str, int | None, str | None]:
        """What tells its pictures from others, but for how many of them there are."""
        return self.data, self.channels, self.place

    @property
    def kind(self) -> Column:
        """The column without its level: what a head stands over, or what a plot is of."""
        return self._replace(sigma=None)


def pictures(columns: Collection[Column]) -> dict[Column, str]:
    """The pictures of each column in words: its data, and what tells them from others of these columns.

    As in "photos, grey" beside "photos, colour", or "folder holiday" beside "folder street".
    """
    return {column: _pictures(column, [other for other in columns if other.data == column.data]) for column in columns}


def _pictures(column: Column, others: Sequence[Column]) -> str:
    words = f"{column.data} {column.place or ''}" if len({other.place for other in others}) > 1 else column.data
    channels = GREY_OR_COLOUR[column.channels] if len({other.channels for other in others}) > 1 else ""
    return words.rstrip() + channels


@dataclass(frozen=True)
class Cell:
    """A mean score: PSNR in dB, SSIM, their standard deviations over seeds, and how many seeds and images there are."""

    psnr: float | None = None
    ssim: float | None = None
    psnr_sd: float | None = None
    ssim_sd: float | None = None
    seeds: int = 1
    images: int = 0


@dataclass
class Grid:
    """Cells by line and column under one protocol, and the noisy input's own scores."""

    protocol: str
    cells: dict[tuple[str, Column], Cell] = field(default_factory=dict)
    noisy: dict[Column, Cell] = field(default_factory=dict)

    def put(self, line: str, row: Row) -> None:
        """Enter a result row, with sd and n (seeds) where it is a mean over seeds; the noisy input is no line."""
        column, images = Column.of(row), int(row["n_images"] or 0)
        spread = row.get("psnr_sd"), row.get("ssim_sd"), int(row.get("n") or 1)
        self.noisy.setdefault(column, Cell(row["psnr_noisy"], row["ssim_noisy"], images=images))
        if row["method"] != NOISY:
            self.cells[line, column] = Cell(row["psnr"], row["ssim"], *spread, images)

    @property
    def lines(self) -> list[str]:
        """The names of the lines, in the order they came."""
        return list(dict.fromkeys(line for line, _ in self.cells))

    @property
    def columns(self) -> list[Column]:
        """The columns: those of the same data and noise together, by rising noise level."""
        kinds = list(dict.fromkeys(column.kind for column in self.noisy))
        return sorted(self.noisy, key=lambda column: (kinds.index(column.kind), column.sigma or 0.0))

    def pictures(self, column: Column) -> str:
        """The pictures of a column in words, with their number where others of the same name have another."""
        words = pictures(self.noisy)
        counts = {other.images for other in self.noisy if other.pictures == column.pictures}
        return words[column] + (f", n = {column.images}" if len(counts) > 1 else "")

    def place(self, column: Column) -> str:
        """The pictures in words, and the noise where it is not Gaussian."""
        noise = "" if column.noise == "gaussian" else f" ({WORDS.get(column.noise, column.noise)})"
        return self.pictures(column) + noise

    def words(self, column: Column) -> str:
        """All of a column in words."""
        return f"{self.pictures(column)}, {column.level}"

    @property
    def missing(self) -> int:
        """How many cells are empty."""
        return len(self.lines) * len(self.noisy) - len(self.cells)

    @property
    def seeds(self) -> bool:
        """Whether any cell is a mean over several seeds."""
        return any(cell.seeds > 1 for cell in self.cells.values())

    @property
    def images(self) -> str:
        """How many images there are of each data: "bsd68 n = 68, set12 n = 12"; all numbers where columns differ."""
        counts: dict[str, dict[str, None]] = {}
        for column, words in pictures(self.columns).items():
            counts.setdefault(words, {})[str(column.images)] = None
        return ", ".join(f"{words} n = {' and '.join(found)}" for words, found in counts.items())

    def best(self, line: str, column: Column, score: str, places: int) -> bool:
        """Whether a line is the best of its column by `psnr` or `ssim`, as it is shown; never where it is alone."""
        found = {name: self._rounded(name, column, score, places) for name in self.lines}
        known = [value for value in found.values() if value is not None]
        return len(known) > 1 and found[line] == max(known)

    def _rounded(self, line: str, column: Column, score: str, places: int) -> float | None:
        value = getattr(self.cells.get((line, column), Cell()), score)
        return None if value is None else round(value, places)

    def text(self, line: str, column: Column, mark: Callable[[str], str], plus_minus: str, none: str) -> str:
        """A cell as "29.23 / 0.8281", with sd over seeds if there are several; `mark` makes the best bold."""
        cell = self.cells.get((line, column))
        if cell is None:
            return none
        parts = []
        for score, places in (("psnr", 2), ("ssim", 4)):
            value, sd = shown(getattr(cell, score), f".{places}f"), getattr(cell, f"{score}_sd")
            spread = "" if sd is None or score == "ssim" else f"{plus_minus}{sd:.{places}f}"
            parts.append((mark(value) if self.best(line, column, score, places) else value) + spread)
        return " / ".join(parts)

    def noisy_text(self, column: Column) -> str:
        """The noisy input's own cell."""
        noisy = self.noisy[column]
        return f"{shown(noisy.psnr)} / {shown(noisy.ssim, '.4f')}"


def grid(rows: Iterable[Row], protocol: object) -> Grid:
    """The rows of one results.json, as `reading.told` gives them, as methods x (data, noise, sigma)."""
    made = Grid(str(protocol))
    for row in rows:
        made.put(row["method"], row)
    return made
