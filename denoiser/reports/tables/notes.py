"""The notes below a table: checks, counts and warnings, a line each."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence

from denoiser.noise.levels import GREY_LEVELS
from denoiser.reports.tables.format import FEW_PICTURES, NARROW, TIMED, shown
from denoiser.reports.tables.grid import Condition, grid
from denoiser.runs.reading import MethodFacts, Run
from denoiser.runs.row import Row

TOLERANCE = 0.05
"""Smallest tolerance, in dB, of the noisy input's PSNR where nothing is clipped."""
GAUSSIAN_PSNR = "20 log10(255 / sigma)"
"""Formula of the noisy input's PSNR for unclipped white Gaussian noise."""


def notes(run: Run) -> list[str]:
    """The notes of an evaluation: the noisy input as a check, identical pictures, leaks, draws, accuracy."""
    return [
        *noisy_inputs(run.rows, run.protocol),
        *identical(run.rows),
        *infinite(run.rows),
        *(f"LEAK: {leak}" for leak in leaks(run)),
        *smoke(run.methods),
        *unknown(run.methods),
        *([f"{run.draws} draws of noise, averaged per picture"] if run.draws > 1 else []),
        *accuracy(run.rows),
    ]


def accuracy(rows: Sequence[Row]) -> list[str]:
    """How accurate intervals and times are, where there are any."""
    narrow = any(row.intervals.get("psnr") and (row.n_images or 0) < FEW_PICTURES for row in rows)
    timed = any(row.figures.get("seconds_per_megapixel") is not None for row in rows)
    return [NARROW] * narrow + [TIMED] * timed


def noisy_inputs(rows: Iterable[Row], protocol: str | None) -> list[str]:
    """The PSNR of the noisy input at each level, a line for each data and noise, and whether it is as expected.

    White Gaussian noise that is not clipped has 20 log10(255 / sigma) dB: 20.17 at sigma 25.
    """
    rows = [row for row in rows if row.psnr_noisy is not None]
    table, tolerance = grid(rows, protocol), _tolerance(rows)
    return [
        _noisy_input(
            words, {condition: table.noisy[condition].figures["psnr"] for condition in group}, protocol, tolerance
        )
        for words, group in itertools.groupby(table.conditions, key=table.without_level)
    ]


def _tolerance(rows: Iterable[Row]) -> float:
    """The tolerance of the noisy input's PSNR in dB: 4 standard deviations over draws of the noise."""
    counts = [row.values for row in rows if row.values]
    return max(TOLERANCE, 40 / math.log(10) * math.sqrt(2 / min(counts))) if counts else TOLERANCE


def _noisy_input(words: str, levels: Mapping[Condition, float | None], protocol: str | None, tolerance: float) -> str:
    line = f"noisy input on {words}: " + ", ".join(_at(*level) for level in levels.items())
    errors = {condition: _error(condition, psnr) for condition, psnr in levels.items()}
    if protocol != "published" or None in errors.values():
        return line
    far = [_at(condition, error, "+") for condition, error in errors.items() if abs(error or 0.0) > tolerance]
    return f"{line} ({f'differs from {GAUSSIAN_PSNR}: ' + ', '.join(far) if far else f'{GAUSSIAN_PSNR}, as expected'})"


def _at(condition: Condition, value: float | None, sign: str = "") -> str:
    level = "" if condition.level is None else f" at {condition.level_kind.text(condition.level)}"
    return f"{shown(value, f'{sign}.2f')} dB{level}"


def _error(condition: Condition, psnr: float | None) -> float | None:
    """PSNR of the noisy input minus that of unclipped Gaussian noise of its level; None for other noise."""
    if psnr is None or condition.noise != "gaussian" or not condition.level or not math.isfinite(psnr):
        return None
    return psnr - 20 * math.log10(GREY_LEVELS / condition.level)


def identical(rows: Iterable[Row]) -> list[str]:
    """Outputs that are identical to the clean picture, whose PSNR is infinite: counted, not averaged."""
    return [
        f"identical to the clean picture, so infinite PSNR, left out of the mean: {row.n_identical} of "
        f"{shown(row.n_images, '.0f')} {_where(row)}"
        for row in rows
        if row.n_identical
    ]


def infinite(rows: Iterable[Row]) -> list[str]:
    """Other figures that are infinite for some pictures: counted, not averaged."""
    return [
        f"{key} is infinite for {count} of {shown(row.n_images, '.0f')} pictures, left out of the mean {_where(row)}"
        for row in rows
        for key, count in row.n_infinite.items()
        if key != "psnr"
    ]


def _where(row: Row) -> str:
    return f"({row.method} on {row.data}, {Condition.from_row(row).words})"


def unknown(methods: Iterable[MethodFacts]) -> list[str]:
    """Methods whose training pictures are not known."""
    names = ", ".join(method.method for method in methods if method.unknown)
    return [f"not known whether trained or selected on these pictures: {names}"] if names else []


def smoke(methods: Iterable[MethodFacts]) -> list[str]:
    """Methods that a few batches trained."""
    return [f"{method.method}: {method.smoke}" for method in methods if method.smoke]


def leaks(run: Run) -> list[str]:
    """Methods that were trained or selected on pictures they are evaluated on, and on how many of them."""
    count = max((row.n_images or 0 for row in run.rows), default=0)
    return [
        f"{method.method} was trained or selected on {len(method.leak)} of {count}"
        for method in run.methods
        if method.leak
    ]
