"""Results as tables of text: for a terminal, in Markdown and in LaTeX."""

from __future__ import annotations

from collections.abc import Sequence

from denoiser.reports.tables import markup
from denoiser.reports.tables.format import brackets, interval, short, shown, speed, stated
from denoiser.reports.tables.grid import grid
from denoiser.reports.tables.notes import accuracy, leaks, notes, several_draws
from denoiser.runs.reading import Row, dicts, further, number, result_row, told

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
    below = [f"- {line}" for line in notes(content) + comparisons(content)]
    lines = evaluated(told(content), ssim_interval=True)
    return markup.markdown(stated(content.get("protocol")), lines, TEXT) + "\n" + "\n".join(below) + "\n"


def latex(content: Row) -> str:
    """The same as two LaTeX tables (booktabs).

    First as in papers: methods x noise levels, PSNR / SSIM, the best in bold; then every figure with its interval.
    """
    found, protocol = told(content), content.get("protocol")
    caption = [f"Seed {content.get('seed')}" + (f", {content['draws']} draws" if several_draws(content) else "")]
    caption += ["pictures that a method was trained or selected on are among them: " + leak for leak in leaks(found)]
    first = markup.latex(grid(found["rows"], protocol), "; ".join(caption) + ".")
    said = "; ".join([stated(protocol), *caption, *accuracy(found["rows"])]) + "."
    lines = evaluated(found, ssim_interval=True)
    return f"{first}\n{markup.plain_latex(f'{protocol}-all', said, lines, TEXT)}"


def evaluated(found: Row, ssim_interval: bool = False) -> list[tuple[str, ...]]:
    """An evaluation's table: the heads and a line per row, with columns only for what any of the rows has."""
    rows, facts = found["rows"], {method["method"]: method for method in found["methods"]}
    names = further(rows)
    ssim = "SSIM [95 %]" if ssim_interval else "SSIM"
    heads = ["method", "data", "noise", "sigma", "n", "PSNR (dB) [95 %]", ssim, "PSNR Y"]
    lines = [(*heads, *names, "sigma est.", "params", "MACs", "s/MP")]
    for row in rows:
        own = facts.get(row["method"], {})
        place = row["method"], row["data"], row["noise"], shown(row["sigma"], "g"), shown(row["n_images"], ".0f")
        means = interval(row["psnr"], row["psnr_interval"]), shown(row["psnr_y"])
        similar = interval(row["ssim"], row["ssim_interval"] if ssim_interval else None, ".4f")
        scores = means[0], similar, means[1]
        more = [shown(row["further"].get(name), ".4f") for name in names]
        cost = short(own.get("params")), short(own.get("macs")), speed(row["seconds_per_megapixel"])
        lines.append((*place, *scores, *more, shown(row["sigma_estimated"], ".1f"), *cost))
    needed = {*range(7), *(i for i in range(len(lines[0])) if any(line[i] != "-" for line in lines[1:]))}
    return [tuple(cell for i, cell in enumerate(line) if i in needed) for line in lines]


def few(lines: Sequence[str]) -> list[str]:
    """The first of many differences, which are those of the first method, and how many more there are."""
    return [*lines[:FEW], *([f"... {len(lines) - FEW} more differences in report.html"] if len(lines) > FEW else [])]


def comparisons(content: Row) -> list[str]:
    """A line for each paired difference: "unet - nlm = +0.21 dB [0.18, 0.24] (set12, sigma 25, n = 12, paired)"."""
    return [difference(row) for row in told(content)["comparisons"]]


def difference(row: Row) -> str:
    """One paired difference in words, from an entry of `comparisons` in results.json."""
    level = f", sigma {shown(row['sigma'], 'g')}" if number(row.get("sigma")) is not None else ""
    place = f"{row.get('data')}{level}, n = {shown(row.get('n_images'), '.0f')}, paired"
    value = " ".join([f"{shown(row.get('psnr'), '+.2f')} dB", *filter(None, [brackets(row.get("interval"))])])
    return f"{row.get('a')} − {row.get('b')} = {value} ({place})"  # noqa: RUF001
