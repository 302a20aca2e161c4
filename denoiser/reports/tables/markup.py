"""Tables in Markdown and in LaTeX."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from denoiser.reports.tables.format import shown, stated
from denoiser.reports.tables.grid import Column, Grid

LATEX = {
    "\\": r"\textbackslash{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "–": "--",  # noqa: RUF001
    "−": "$-$",  # noqa: RUF001
    "±": r"$\pm$",
}


def markdown(above: str, lines: Sequence[Sequence[str]], words: int) -> str:
    """A Markdown table.

    Args:
        above: a line of text above it.
        lines: the heads and the rows.
        words: how many of the first columns are words: they are set to the left, and signs in them are escaped.
    """
    marks = ["---" if i < words else "---:" for i in range(len(lines[0]))]
    heads, *rows = [[escaped(cell) if i < words else cell for i, cell in enumerate(line)] for line in lines]
    return "\n".join([above, "", *(f"| {' | '.join(line)} |" for line in (heads, marks, *rows)), ""])


def escaped(text: str) -> str:
    """Text without a meaning in Markdown or HTML."""
    plain = re.sub(r"\s+", " ", text).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"[\\|*`\[\]]|(?<!\w)_|_(?!\w)", r"\\\g<0>", plain)


def grid_markdown(grid: Grid) -> str:
    """A grid as Markdown: a line per method, PSNR / SSIM, the best in bold."""
    columns = grid.columns
    lines = [["method", *(escaped(grid.words(column)) for column in columns)]]
    lines += [["noisy input", *(grid.noisy_text(column) for column in columns)]]
    for line in grid.lines:
        cells = (grid.text(line, column, lambda value: f"**{value}**", " ± ", "–") for column in columns)  # noqa: RUF001
        lines.append([line, *cells])
    return markdown(stated(grid.protocol), lines, 1)


def latex(grid: Grid, caption: str) -> str:
    """A grid as a LaTeX table with booktabs: PSNR / SSIM, the best of each column in bold.

    Args:
        grid: what to set.
        caption: plain text that follows the protocol and the counts of images.
    """
    columns, rule = grid.columns, r"    \midrule"
    best = " The best of each column is in bold." if len(grid.lines) > 1 else ""
    spread = r" $\pm$ is the standard deviation over seeds." if grid.seeds else ""
    stand = f"PSNR (dB) / SSIM, {tex(stated(grid.protocol))}; {tex(grid.images)}.{best}{spread} {tex(caption)}"
    lines = [
        r"% needs \usepackage{booktabs}",
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{stand.strip()}}}",
        rf"  \label{{tab:{re.sub('[^a-z0-9]+', '-', grid.protocol.lower())}}}",
        rf"  \begin{{tabular}}{{l{'c' * len(columns)}}}",
        r"    \toprule",
        *_heads(grid),
        rule,
        _row("Noisy input", [grid.noisy_text(column) for column in columns]),
        *[rule] * bool(grid.lines),
        *(_row(tex(line), [_cell(grid, line, column) for column in columns]) for line in grid.lines),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def plain_latex(label: str, caption: str, lines: Sequence[Sequence[str]], words: int) -> str:
    """A LaTeX table of lines of plain text, with booktabs.

    Args:
        label: what `tab:` is followed by.
        caption: plain text.
        lines: the heads and the rows.
        words: how many of the first columns are words: they are set to the left.
    """
    head, *rows = [_row(tex(line[0]), [tex(cell) for cell in line[1:]]) for line in lines]
    table = [
        r"% needs \usepackage{booktabs}",
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{tex(caption)}}}",
        rf"  \label{{tab:{re.sub('[^a-z0-9]+', '-', label.lower())}}}",
        rf"  \begin{{tabular}}{{{'l' * words + 'r' * (len(lines[0]) - words)}}}",
        *(r"    \toprule", head, r"    \midrule", *rows, r"    \bottomrule"),
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(table) + "\n"


def tex(text: str) -> str:
    """Plain text for LaTeX."""
    return "".join(LATEX.get(sign, sign) for sign in re.sub(r"\s+", " ", text))


def _heads(grid: Grid) -> list[str]:
    """Data over noise levels: one head over the columns of the same data and noise."""
    columns, over, rules, first = grid.columns, [""], [], 2
    for name, group in itertools.groupby(columns, key=grid.place):
        last = first + len(list(group)) - 1
        over.append(rf"\multicolumn{{{last - first + 1}}}{{c}}{{{tex(name)}}}")
        rules.append(rf"\cmidrule(lr){{{first}-{last}}}")
        first = last + 1
    levels = ["" if column.sigma is None else rf"$\sigma = {shown(column.sigma, 'g')}$" for column in columns]
    return [_row(over[0], over[1:]), "    " + "".join(rules), _row("Method", levels)]


def _row(head: str, cells: Sequence[str]) -> str:
    return "    " + " & ".join([head, *cells]) + r" \\"


def _cell(grid: Grid, line: str, column: Column) -> str:
    return grid.text(line, column, lambda value: rf"\textbf{{{value}}}", r" $\pm$ ", "--")
