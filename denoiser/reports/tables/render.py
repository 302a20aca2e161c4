"""Results as tables of text: for a terminal, in Markdown and in LaTeX."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from denoiser.reports.tables import markup
from denoiser.reports.tables.format import brackets, cell, head, shown, stated
from denoiser.reports.tables.grid import grid
from denoiser.reports.tables.notes import accuracy, leaks, notes, smoke
from denoiser.runs.columns import Output
from denoiser.runs.reading import Run
from denoiser.runs.row import Difference, Row, columns

FEW = 12
"""Number of paired differences that a terminal shows; the page and table.md have them all."""
WORDS = 3
"""Number of columns of words at the left of a table: method, data, noise."""


def table(rows: Sequence[Row], output: Output) -> list[tuple[str, ...]]:
    """The heads of a table and a line for each row."""
    shown_columns = columns(rows, output)
    heads = tuple(head(column, output) for column in shown_columns)
    return [heads, *(tuple(cell(column, row, output) for column in shown_columns) for row in rows)]


def aligned(lines: Sequence[Sequence[str]], words: int = WORDS) -> list[str]:
    """Lines of equal length, their columns under one another: words to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(f"{c:{'<' if i < words else '>'}{widths[i]}}" for i, c in enumerate(line)) for line in lines]


def text(run: Run) -> str:
    """The table that a terminal shows, with notes below that of an evaluation."""
    lines = [stated(run.protocol), *aligned(table(run.rows, "text" if run.evaluation else "run"))]
    below = [*notes(run), *few(differences(run.differences))] if run.evaluation else smoke(run.methods)
    return "\n".join([*lines, *below])


def markdown(run: Run) -> str:
    """An evaluation in Markdown, for a README or an issue."""
    below = [f"- {line}" for line in notes(run) + differences(run.differences)]
    return markup.markdown(stated(run.protocol), table(run.rows, "markdown"), WORDS) + "\n" + "\n".join(below) + "\n"


def latex(run: Run) -> str:
    """An evaluation as two LaTeX tables (booktabs).

    The first is that of papers: methods x noise levels, PSNR / SSIM, the best in bold. The second has every figure with
    its interval.
    """
    caption = [f"Seed {run.seed}" + (f", {run.draws} draws" if run.draws > 1 else "")]
    caption += ["pictures that a method was trained or selected on are among them: " + leak for leak in leaks(run)]
    caption += smoke(run.methods)
    first = markup.latex(grid(run.rows, run.protocol), "; ".join(caption) + ".")
    every = "; ".join([stated(run.protocol), *caption, *accuracy(run.rows)]) + "."
    return f"{first}\n{markup.plain_latex(f'{run.protocol}-all', every, table(run.rows, 'latex'), WORDS)}"


def few(lines: Sequence[str]) -> list[str]:
    """The first of many differences, which are those of the first method, and how many more there are."""
    return [*lines[:FEW], *([f"... {len(lines) - FEW} more differences in report.html"] if len(lines) > FEW else [])]


def differences(rows: Iterable[Difference]) -> list[str]:
    """A line for each paired difference: "unet - nlm = +0.21 dB [0.18, 0.24] (set12, sigma 25, n = 12, paired)"."""
    return [_difference(row) for row in rows]


def _difference(row: Difference) -> str:
    value = f"{shown(row.psnr, '+.2f')} dB {brackets(row.interval)}".rstrip()
    return f"{row.a} − {row.b} = {value} ({row.where}, n = {shown(row.n_images, '.0f')}, paired)"  # noqa: RUF001
