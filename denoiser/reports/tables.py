"""Results as tables of text: for a terminal, in Markdown and in LaTeX."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from denoiser.reports import typeset
from denoiser.reports.grid import Column, Grid
from denoiser.reports.reading import Row, dicts, further, number, pair, result_row, told
from denoiser.reports.wording import interval, short, shown, stated

GREY_LEVELS = 255
TOLERANCE = 0.05  # dB between the noisy input's PSNR and what its sigma makes it, if nothing is clipped
LAW = "20 log10(255 / sigma)"
FEW = 12  # paired differences that a terminal shows; the page and table.md have them all
TEXT = 3  # the first columns of a table are words: method, data, noise


def table(rows: Sequence[Row], protocol: str) -> str:
    """The results as aligned plain text for a terminal: a line that states the protocol, column heads, the rows.

    Args:
        rows: `rows` of results.json; PSNR in dB, SSIM at most 1, sigma in grey levels of 255 or None.
        protocol: "published" or "clipped", stated in the first line.
    """
    lines = [("method", "data", "noise", "sigma", "n", "PSNR noisy -> PSNR", "gain", "SSIM noisy -> SSIM")]
    for row in map(result_row, rows):
        psnr = f"{shown(row['psnr_noisy']):>5} -> {shown(row['psnr']):>5}"
        ssim = f"{shown(row['ssim_noisy'], '.3f'):>5} -> {shown(row['ssim'], '.3f'):>5}"
        counts = shown(row["sigma"], "g"), shown(row["n_images"], ".0f")
        lines.append((row["method"], row["data"], row["noise"], *counts, psnr, shown(row["gain"], "+.2f"), ssim))
    return "\n".join((stated(protocol), *aligned(lines)))


def aligned(lines: Sequence[Sequence[str]], words: int = TEXT) -> list[str]:
    """Lines of equal length, their columns under one another: words to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(f"{c:{'<' if i < words else '>'}{widths[i]}}" for i, c in enumerate(line)) for line in lines]


def text(content: Row) -> str:
    """What a terminal shows of a results.json: of an evaluation all figures, and below the table what to know of them.

    Args:
        content: of results.json, of a training run or an evaluation.
    """
    if content.get("kind") != "evaluation":
        return table(dicts(content.get("rows")), str(content.get("protocol")))
    found = told(content)
    return "\n".join(
        (stated(content.get("protocol")), *aligned(evaluated(found)), *notes(content), *few(comparisons(content)))
    )


def markdown(content: Row) -> str:
    """The same as Markdown, for a README or an issue."""
    found = told(content)
    below = [f"- {line}" for line in notes(content) + comparisons(content)]
    return typeset.markdown(stated(content.get("protocol")), evaluated(found), TEXT) + "\n" + "\n".join(below) + "\n"


def latex(content: Row) -> str:
    """The same as a LaTeX table (booktabs) as in papers: methods x noise levels, PSNR / SSIM, the best in bold."""
    found = told(content)
    caption = [f"Seed {content.get('seed')}" + (f", {content['draws']} draws" if several_draws(content) else "")]
    caption += ["pictures that a method was trained or selected on are among them: " + leak for leak in leaks(found)]
    return typeset.latex(grid(found["rows"], content.get("protocol")), "; ".join(caption) + ".")


def several_draws(content: Row) -> bool:
    """Whether figures are means over several draws of noise."""
    return (number(content.get("draws")) or 1) > 1


def evaluated(found: Row) -> list[tuple[str, ...]]:
    """An evaluation's table: the heads and a line per row, with columns only for what any of the rows has."""
    rows, facts = found["rows"], {method["method"]: method for method in found["methods"]}
    names = further(rows)
    heads = ["method", "data", "noise", "sigma", "n", "PSNR (dB) [95 %]", "SSIM", "PSNR Y"]
    lines = [(*heads, *names, "sigma est.", "params", "MACs", "s/MP")]
    for row in rows:
        own = facts.get(row["method"], {})
        place = row["method"], row["data"], row["noise"], shown(row["sigma"], "g"), shown(row["n_images"], ".0f")
        scores = interval(row["psnr"], row["psnr_interval"]), shown(row["ssim"], ".4f"), shown(row["psnr_y"])
        more = [shown(row["further"].get(name), ".4f") for name in names]
        cost = short(own.get("params")), short(own.get("macs")), shown(row["seconds_per_megapixel"], "#.2g")
        lines.append((*place, *scores, *more, shown(row["sigma_estimated"], ".1f"), *cost))
    needed = {*range(7), *(i for i in range(len(lines[0])) if any(line[i] != "-" for line in lines[1:]))}
    return [tuple(cell for i, cell in enumerate(line) if i in needed) for line in lines]


def notes(content: Row) -> list[str]:
    """What belongs below a table: the noisy input as a check, identical pictures, leaks, draws."""
    found = told(content)
    lines = [*noisy_inputs(found["rows"], content.get("protocol")), *identical(found["rows"])]
    lines += [f"LEAK: {leak}" for leak in leaks(found)]
    lines += [f"{content['draws']} draws of noise, averaged per picture"] if several_draws(content) else []
    return lines


def few(lines: Sequence[str]) -> list[str]:
    """The first of many differences, which are those of the first method, and how many more there are."""
    return [*lines[:FEW], *([f"... {len(lines) - FEW} more differences in report.html"] if len(lines) > FEW else [])]


def noisy_inputs(rows: Iterable[Row], protocol: object) -> list[str]:
    """The PSNR of the noisy input at each level, a line for each data and noise, and whether it is as it must be.

    White Gaussian noise that is not clipped has 20 log10(255 / sigma) dB: 20.17 at sigma 25.
    """
    groups: dict[tuple[str, str], dict[Column, float]] = {}
    for row in rows:
        if row["psnr_noisy"] is not None:
            groups.setdefault((row["data"], row["noise"]), {}).setdefault(Column.of(row), row["psnr_noisy"])
    return [_noisy_input(levels, protocol) for levels in groups.values()]


def _noisy_input(levels: Mapping[Column, float], protocol: object) -> str:
    ordered = sorted(levels.items(), key=lambda level: level[0].sigma or 0.0)
    line = f"noisy input on {ordered[0][0].place}: " + ", ".join(_at(*level) for level in ordered)
    off = {column: _difference(column, psnr) for column, psnr in ordered}
    if protocol != "published" or None in off.values():
        return line
    far = [_at(column, value, "+") for column, value in off.items() if abs(value or 0.0) > TOLERANCE]
    said = f"differs from {LAW}: {', '.join(far)}" if far else f"{LAW}, as expected"
    return f"{line} ({said})"


def _at(column: Column, value: float | None, sign: str = "") -> str:
    level = "" if column.sigma is None else f" at sigma {column.sigma:g}"
    return f"{shown(value, f'{sign}.2f')} dB{level}"


def _difference(column: Column, psnr: float) -> float | None:
    """How far the noisy input is from what unclipped Gaussian noise of its level makes it; None for other noise."""
    known = column.noise == "gaussian" and column.sigma and math.isfinite(psnr)
    return psnr - 20 * math.log10(GREY_LEVELS / column.sigma) if known and column.sigma else None


def identical(rows: Iterable[Row]) -> list[str]:
    """Pictures that came back identical to the clean one, whose PSNR is infinite: counted, never averaged."""
    return [
        f"identical to the clean picture, so infinite PSNR, left out of the mean: {row['infinite']} of "
        f"{shown(row['n_images'], '.0f')} ({row['method']} on {Column.of(row).words})"
        for row in rows
        if row["infinite"]
    ]


def leaks(found: Row) -> list[str]:
    """Which methods were trained or selected on pictures they are evaluated on, and on how many of them."""
    count = max((int(row["n_images"] or 0) for row in found["rows"]), default=0)
    told_of = [(method["method"], len(method["leak"])) for method in found["methods"] if method["leak"]]
    return [f"{method} was trained or selected on {leaked} of {count}" for method, leaked in told_of]


def comparisons(content: Row) -> list[str]:
    """A line for each paired difference: "unet - nlm = +0.21 dB [0.18, 0.24] (set12, sigma 25, n = 12, paired)"."""
    return [difference(row) for row in told(content)["comparisons"]]


def difference(row: Row) -> str:
    """One paired difference in words, from an entry of `comparisons` in results.json."""
    level = f", sigma {shown(row['sigma'], 'g')}" if number(row.get("sigma")) is not None else ""
    place = f"{row.get('data')}{level}, n = {shown(row.get('n_images'), '.0f')}, paired"
    value, ends = number(row.get("psnr")), pair(row.get("interval"))
    spread = f" [{ends[0]:.2f}, {ends[1]:.2f}]" if ends else ""
    return f"{row.get('a')} − {row.get('b')} = {shown(value, '+.2f')} dB{spread} ({place})"  # noqa: RUF001


def grid(rows: Iterable[Row], protocol: object) -> Grid:
    """The rows of one results.json, as `reading.told` gives them, as methods x (data, noise, sigma)."""
    made = Grid(str(protocol))
    for row in rows:
        made.put(row["method"], row)
    return made
