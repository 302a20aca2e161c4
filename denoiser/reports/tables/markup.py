"""Tables in Markdown and in LaTeX."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence

from denoiser.reports.tables.format import head, stated
from denoiser.reports.tables.grid import SCORED, Condition, Grid

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
        words: number of columns of words at the left; signs in them are escaped. The others are set to the right.
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
    conditions = grid.conditions
    lines = [["Method", *(escaped(grid.words(condition)) for condition in conditions)]]
    lines += [["Noisy input", *map(grid.noisy_text, conditions)]]
    for line in grid.lines:
        cells = (grid.text(line, condition, "**{}**".format, " ± ", "–") for condition in conditions)  # noqa: RUF001
        lines.append([line, *cells])
    return markdown(stated(grid.protocol), lines, 1)


def latex(grid: Grid, caption: str) -> str:
    """A grid as a LaTeX table with booktabs: PSNR / SSIM, the best of each column in bold.

    Args:
        grid: the table.
        caption: plain text that follows the protocol and the counts of images.
    """
    best = " The best of each column is in bold." if len(grid.lines) > 1 else ""
    spread = r" $\pm$ is the standard deviation over seeds." if grid.seeds[-1] > 1 else ""
    scores = " / ".join(head(column, "comparison") for column in SCORED)
    above = f"{scores}, {tex(stated(grid.protocol))}; {tex(grid.images)}.{best}{spread} {tex(caption)}"
    body = [
        *_heads(grid),
        r"    \midrule",
        _row("Noisy input", map(grid.noisy_text, grid.conditions)),
        *[r"    \midrule"] * bool(grid.lines),
        *(_row(tex(line), [_cell(grid, line, condition) for condition in grid.conditions]) for line in grid.lines),
    ]
    return _table(grid.protocol, above.strip(), "l" + "c" * len(grid.conditions), body)


def plain_latex(label: str, caption: str, lines: Sequence[Sequence[str]], words: int) -> str:
    """A LaTeX table of lines of plain text, with booktabs.

    Args:
        label: follows `tab:` in the label.
        caption: plain text.
        lines: the heads and the rows.
        words: number of columns of words at the left; the others are set to the right.
    """
    head, *rows = [_row(tex(line[0]), map(tex, line[1:])) for line in lines]
    return _table(label, tex(caption), "l" * words + "r" * (len(lines[0]) - words), [head, r"    \midrule", *rows])


def _table(label: str, caption: str, alignment: str, body: Sequence[str]) -> str:
    lines = [
        r"% needs \usepackage{booktabs}",
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{caption}}}",
        rf"  \label{{tab:{re.sub('[^a-z0-9]+', '-', label.lower())}}}",
        rf"  \begin{{tabular}}{{{alignment}}}",
        *(r"    \toprule", *body, r"    \bottomrule"),
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def tex(text: str) -> str:
    """Plain text for LaTeX."""
    return "".join(LATEX.get(sign, sign) for sign in re.sub(r"\s+", " ", text))


def _heads(grid: Grid) -> list[str]:
    """Data over noise levels: one head over the columns of the same data and noise."""
    over, rules, first = [], [], 2
    for words, group in itertools.groupby(grid.conditions, key=grid.without_level):
        last = first + len(list(group)) - 1
        over.append(rf"\multicolumn{{{last - first + 1}}}{{c}}{{{tex(words)}}}")
        rules.append(rf"\cmidrule(lr){{{first}-{last}}}")
        first = last + 1
    levels = ["" if one.level is None else f"${one.level_kind.symbol} = {one.level:g}$" for one in grid.conditions]
    return [_row("", over), "    " + "".join(rules), _row("Method", levels)]


def _row(head: str, cells: Iterable[str]) -> str:
    return "    " + " & ".join([head, *cells]) + r" \\"


def _cell(grid: Grid, line: str, condition: Condition) -> str:
    return grid.text(line, condition, r"\textbf{{{}}}".format, r" $\pm$ ", "--")
