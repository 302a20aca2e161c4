"""Scores as papers set them: a line per method, a column per data, noise and noise level."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from denoiser.reports.reading import Row
from denoiser.reports.wording import shown

WORDS = {"none": "no noise", "real": "real noise"}


class Column(NamedTuple):
    """What a score is a score on."""

    data: str
    noise: str
    sigma: float | None  # grey levels of 255; None where the noise has no such level

    @classmethod
    def of(cls, row: Mapping[str, object]) -> Column:
        """The column of a result row."""
        sigma = row["sigma"]
        return cls(str(row["data"]), str(row["noise"]), sigma if isinstance(sigma, (int, float)) else None)

    @property
    def level(self) -> str:
        """The noise in words; that it is Gaussian goes without saying where it has a level."""
        if self.sigma is None:
            return WORDS.get(self.noise, self.noise)
        level = f"sigma {shown(self.sigma, 'g')}"
        return level if self.noise == "gaussian" else f"{self.noise}, {level}"

    @property
    def place(self) -> str:
        """The data, and the noise where it is not Gaussian."""
        return self.data if self.noise == "gaussian" else f"{self.data} ({WORDS.get(self.noise, self.noise)})"

    @property
    def words(self) -> str:
        """All of it in words."""
        return f"{self.data}, {self.level}"


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
        """Enter a result row, with sd and n (seeds) where it is a mean over seeds."""
        column, images = Column.of(row), int(row["n_images"] or 0)
        spread = row.get("psnr_sd"), row.get("ssim_sd"), int(row.get("n") or 1)
        self.cells[line, column] = Cell(row["psnr"], row["ssim"], *spread, images)
        self.noisy.setdefault(column, Cell(row["psnr_noisy"], row["ssim_noisy"], images=images))

    @property
    def lines(self) -> list[str]:
        """The names of the lines, in the order they came."""
        return list(dict.fromkeys(line for line, _ in self.cells))

    @property
    def above(self) -> bool:
        """Whether the noisy input needs a line of its own: it is not among the methods."""
        return "noisy" not in self.lines

    @property
    def columns(self) -> list[Column]:
        """The columns: those of the same data and noise together, by rising noise level."""
        kinds = list(dict.fromkeys((column.data, column.noise) for column in self.noisy))
        return sorted(self.noisy, key=lambda column: (kinds.index(column[:2]), column.sigma or 0.0))

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
        """How many images each data has: "bsd68 n = 68, set12 n = 12"; a range where cells differ."""
        counts: dict[str, list[int]] = {}
        for (_, column), cell in self.cells.items():
            counts.setdefault(column.data, []).append(cell.images)
        spans = {data: (min(found), max(found)) for data, found in counts.items()}
        return ", ".join(
            f"{data} n = {low}" + (f" to {high}" if high > low else "") for data, (low, high) in spans.items()
        )

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
