"""What belongs below a table: checks, counts and warnings, a line each."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping

from denoiser.noise.levels import GREY_LEVELS
from denoiser.reports.tables.format import FEW_PICTURES, NARROW, TIMED, shown
from denoiser.reports.tables.grid import Column, grid
from denoiser.runs.reading import Row, number, told

TOLERANCE = 0.05  # dB between the noisy input's PSNR and what its sigma makes it, if nothing is clipped
LAW = "20 log10(255 / sigma)"


def notes(content: Row) -> list[str]:
    """What belongs below a table: the noisy input as a check, identical pictures, leaks, draws, how sure it is."""
    found = told(content)
    lines = [*noisy_inputs(found["rows"], content.get("protocol")), *identical(found["rows"])]
    lines += [*infinite(found["rows"]), *(f"LEAK: {leak}" for leak in leaks(found)), *unknown(found["methods"])]
    lines += [f"{content['draws']} draws of noise, averaged per picture"] if several_draws(content) else []
    return lines + accuracy(found["rows"])


def several_draws(content: Row) -> bool:
    """Whether figures are means over several draws of noise."""
    return (number(content.get("draws")) or 1) > 1


def accuracy(rows: Iterable[Row]) -> list[str]:
    """How sure intervals and times are, where there are any."""
    rows = list(rows)
    narrow = any(row["psnr_interval"] and (row["n_images"] or 0) < FEW_PICTURES for row in rows)
    timed = any(row["seconds_per_megapixel"] is not None for row in rows)
    return [NARROW] * narrow + [TIMED] * timed


def noisy_inputs(rows: Iterable[Row], protocol: object) -> list[str]:
    """The PSNR of the noisy input at each level, a line for each data and noise, and whether it is as it must be.

    White Gaussian noise that is not clipped has 20 log10(255 / sigma) dB: 20.17 at sigma 25.
    """
    rows = [row for row in rows if row["psnr_noisy"] is not None]
    made = grid(rows, protocol)
    groups = itertools.groupby(made.columns, key=made.place)
    near = _tolerance(rows)
    return [
        _noisy_input(place, {column: made.noisy[column].psnr for column in of}, protocol, near) for place, of in groups
    ]


def _tolerance(rows: Iterable[Row]) -> float:
    """How far from its law the noisy input may be: 4 standard deviations of what the draw of the noise makes of it."""
    counts = [row["values"] for row in rows if row["values"]]
    return max(TOLERANCE, 40 / math.log(10) * math.sqrt(2 / min(counts))) if counts else TOLERANCE


def _noisy_input(place: str, levels: Mapping[Column, float | None], protocol: object, near: float) -> str:
    line = f"noisy input on {place}: " + ", ".join(_at(*level) for level in levels.items())
    off = {column: _difference(column, psnr) for column, psnr in levels.items()}
    if protocol != "published" or None in off.values():
        return line
    far = [_at(column, value, "+") for column, value in off.items() if abs(value or 0.0) > near]
    said = f"differs from {LAW}: {', '.join(far)}" if far else f"{LAW}, as expected"
    return f"{line} ({said})"


def _at(column: Column, value: float | None, sign: str = "") -> str:
    level = "" if column.sigma is None else f" at sigma {column.sigma:g}"
    return f"{shown(value, f'{sign}.2f')} dB{level}"


def _difference(column: Column, psnr: float | None) -> float | None:
    """How far the noisy input is from what unclipped Gaussian noise of its level makes it; None for other noise."""
    if psnr is None or column.noise != "gaussian" or not column.sigma or not math.isfinite(psnr):
        return None
    return psnr - 20 * math.log10(GREY_LEVELS / column.sigma)


def identical(rows: Iterable[Row]) -> list[str]:
    """Pictures that came back identical to the clean one, whose PSNR is infinite: counted, never averaged."""
    return [
        f"identical to the clean picture, so infinite PSNR, left out of the mean: {row['infinite']} of "
        f"{shown(row['n_images'], '.0f')} ({row['method']} on {row['data']}, {Column.of(row).level})"
        for row in rows
        if row["infinite"]
    ]


def infinite(rows: Iterable[Row]) -> list[str]:
    """Other figures that are infinite for some pictures: counted, never averaged."""
    counts = [(row, name, count) for row in rows for name, count in row["n_infinite"].items() if name != "psnr"]
    return [
        f"{name} is infinite for {count} of {shown(row['n_images'], '.0f')} pictures, left out of the mean "
        f"({row['method']} on {row['data']}, {Column.of(row).level})"
        for row, name, count in counts
    ]


def unknown(methods: Iterable[Row]) -> list[str]:
    """Which methods could not be compared with the pictures of their training."""
    names = ", ".join(method["method"] for method in methods if method["unknown"])
    return [f"whether these pictures were trained or selected on is not known: {names}"] if names else []


def leaks(found: Row) -> list[str]:
    """Which methods were trained or selected on pictures they are evaluated on, and on how many of them."""
    count = max((int(row["n_images"] or 0) for row in found["rows"]), default=0)
    told_of = [(method["method"], len(method["leak"])) for method in found["methods"] if method["leak"]]
    return [f"{method} was trained or selected on {leaked} of {count}" for method, leaked in told_of]
