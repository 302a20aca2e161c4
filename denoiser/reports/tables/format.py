"""Values as text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from denoiser.metrics.protocols import PROTOCOLS
from denoiser.noise.levels import SIGMA, LevelKind
from denoiser.runs.columns import Column, Output
from denoiser.runs.parse import finite, number, pair
from denoiser.runs.row import Difference, Row

FEW_PICTURES = 20
"""Number of pictures below which a bootstrap interval of the mean is noticeably too narrow."""
NARROW = f"with fewer than {FEW_PICTURES} images the interval is too narrow"
TIMED = "time: the median over pictures, without the first"  # which is slower: it warms up
UNITS = (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3))


def shown(value: object, spec: str = ".2f") -> str:
    """A number in that format, "inf" if it is infinite, "-" if there is none."""
    parsed = number(value)
    return "-" if parsed is None else f"{parsed:{spec}}".removesuffix(".")  # "#.2g" makes "23." of 23


def short(value: object) -> str:
    """A large number: 556,096 is "0.56 M", 36,600,000,000 is "36.6 G"; "-" if there is none."""
    if not (parsed := finite(value)):
        return "-"
    unit, size = next(((unit, size) for unit, size in UNITS if abs(parsed[0]) >= 0.1 * size), ("", 1.0))
    scaled = parsed[0] / size
    return f"{scaled:.{2 if scaled < 10 else 1 if scaled < 100 else 0}f} {unit}" if unit else f"{scaled:g}"


def speed(value: object) -> str:
    """Seconds per megapixel in two significant digits: "120", "23", "7.8", "0.0011"; "-" if there are none."""
    if not (parsed := finite(value)):
        return "-"
    rounded = float(f"{parsed[0]:.1e}")
    return f"{rounded:.{max(0, 1 - math.floor(math.log10(abs(rounded)))) if rounded else 0}f}"


def brackets(ends: object, spec: str = ".2f") -> str:
    """An interval as "[28.71, 29.76]"; nothing where there is none."""
    low_high = pair(ends)
    return f"[{low_high[0]:{spec}}, {low_high[1]:{spec}}]" if low_high else ""


def spec(column: Column, page: bool = False) -> str:
    """The format of a column's numbers.

    Args:
        column: a column of numbers.
        page: whether it is for a page or the table after a training, which may have other decimals.
    """
    decimals = column.page_decimals if page and column.page_decimals is not None else column.decimals
    return {"general": "g", "count": ".0f", "gain": f"+.{decimals}f"}.get(column.style, f".{decimals}f")


def figure(column: Column, value: object, page: bool = False) -> str:
    """A value of a column as text, see `spec`."""
    if column.words:
        return str(value)
    written = {"short": short, "speed": speed}.get(column.style)
    return written(value) if written else shown(value, spec(column, page))


def cell(column: Column, row: Row, output: Output) -> str:
    """A row's value in a table of text, with its interval where the table shows it: "29.23 [28.71, 29.76]"."""
    page = output == "run"
    ends = row.intervals.get(column.key) if output in column.interval else None
    return f"{figure(column, row.value(column), page)} {brackets(ends, spec(column, page))}".rstrip()


def head(column: Column, output: Output) -> str:
    """The head of a column in a table of text: "PSNR (dB) [95 %]"."""
    unit = f" ({column.unit})" if column.unit else ""
    return f"{column.head}{unit}" + (" [95 %]" if output in column.interval else "")


def level_kinds(rows: Iterable[Row | Difference]) -> list[LevelKind]:
    """The kinds of the rows' noise levels; sigma without rows."""
    return list(dict.fromkeys(row.level_kind for row in rows)) or [SIGMA]


def level_head(kinds: Sequence[LevelKind]) -> str:
    """The head of one column for noise levels of these kinds."""
    return kinds[0].head if len(kinds) == 1 else "Noise level"


def level_figure(row: Row | Difference | None, kinds: Sequence[LevelKind]) -> str:
    """A row's noise level in that column; named where there are several kinds."""
    if row is None or row.level is None:
        return "-"
    return shown(row.level, "g") if len(kinds) == 1 else row.level_kind.text(row.level)


def stated(protocol: object) -> str:
    """The line above every table: the protocol, and what it means."""
    name = str(protocol)
    return f"protocol {name}: {PROTOCOLS[name].short if name in PROTOCOLS else 'not known'}; means over images"
