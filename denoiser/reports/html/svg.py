"""Line plots as inline SVG in the colours of the page; nothing is loaded from elsewhere."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import matplotlib
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator, MaxNLocator, NullLocator

COLOURS = 7
"""Number of colours, --line-0 ... --line-6 in page.css; the last one is that of the dashed reference lines."""
MARKERS = {"o": "●", "s": "■", "^": "▲", "D": "◆", "v": "▼"}
"""Signs in the key for the markers of matplotlib."""
KEY = Markup('<li><span style="color:var(--line-{})">{}</span> {}</li>')
SHADED, DOTTED = ("▒", "shaded: noise levels trained on"), ("┆", "vertical: the one noise level trained on")
FIGURE = Markup(
    '<figure class="plot"><ul class="key">{}</ul><div role="img" aria-label="{}">{}</div>'
    "<figcaption>{}</figcaption></figure>"
)

# Matplotlib requires fixed colours, but those of the page change with light and dark mode: these are replaced by them.
_SOFT, _RULE = "#0a0b01", "#0a0b02"
_LINES = [f"#0a0c{i:02x}" for i in range(COLOURS)]
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 9.5,
    **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), _SOFT),
    **dict.fromkeys(("axes.edgecolor", "grid.color"), _RULE),
    **dict.fromkeys(("axes.spines.top", "axes.spines.right"), False),
    "axes.grid": True,
    "grid.linewidth": 0.6,
}


class Point(NamedTuple):
    """A point of a line, and the lengths of the bar below and above it."""

    x: float
    y: float
    below: float = 0.0
    above: float = 0.0


@dataclass(frozen=True)
class Line:
    """One line of a plot; a dashed one is a reference. All values are finite.

    `span` is a range of x that is shaded in the line's colour; a single value makes a vertical line. `index` selects
    colour and marker; by default it is the index of the line in the plot.
    """

    label: str
    points: Sequence[Point]
    dashed: bool = False
    span: Sequence[float] | None = None
    index: int | None = None


def plot(name: str, lines: Sequence[Line], x: str, y: str, caption: str = "", logarithmic: bool = False) -> Markup:
    """A line plot as an HTML figure with its caption and its key, in HTML because that wraps and takes any sign.

    Args:
        name: a word that no other plot of the page has. The same arguments make the same drawing.
        lines: the lines; those without points are left out.
        x: label of the horizontal axis.
        y: label of the vertical axis; logarithmic for positive values that span more than a factor of ten.
        caption: one sentence under the plot.
        logarithmic: whether the horizontal axis is logarithmic; its values are positive then.

    Returns:
        The `<figure>`, or nothing if there is no point to draw.
    """
    lines = [line for line in lines if line.points]
    if not lines:
        return Markup("")
    key = Markup("")
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(5, 3.1), layout="constrained")
        axes = figure.add_subplot(xlabel=x, ylabel=y)
        indexed = [(i if line.index is None else line.index, line) for i, line in enumerate(lines)]
        key += _spans(axes, [(_LINES[_colour(i, line)], line.span) for i, line in indexed if line.span])
        signs = [_draw(axes, i, line) for i, line in indexed]
        if logarithmic:
            axes.set_xscale("log")
            axes.xaxis.set_minor_locator(NullLocator())
            axes.xaxis.set_major_formatter("{x:g}")
        _scale(axes, [point for line in lines for point in line.points], logarithmic)
        svg = _svg(figure, name)
    entries = (KEY.format(_colour(i, line), sign, line.label) for (i, line), sign in zip(indexed, signs, strict=True))
    return FIGURE.format(Markup("").join(entries) + key, f"{y} against {x}", svg, caption)


def _colour(i: int, line: Line) -> int:
    return COLOURS - 1 if line.dashed else i % (COLOURS - 1)


def _draw(axes: Axes, i: int, line: Line) -> str:
    """Draw a line with the bars through its points. Returns its sign in the key."""
    marker = "" if line.dashed else list(MARKERS)[i % len(MARKERS)]
    look: dict[str, Any] = {"linestyle": "--"} if line.dashed else {"marker": marker if len(line.points) <= 30 else ""}
    xs, ys, below, above = zip(*line.points, strict=True)
    bars = (below, above) if any((*below, *above)) else None
    axes.errorbar(xs, ys, bars, color=_LINES[_colour(i, line)], linewidth=1.6, markersize=4, capsize=3, **look)
    return MARKERS.get(marker, "╌╌")


def _spans(axes: Axes, spans: Sequence[tuple[str, Sequence[float]]]) -> Markup:
    """Shade ranges of x, each with a bar at the foot that others do not cover. Returns their entries for the key."""
    at = Counter(min(span) for _, span in spans if min(span) == max(span))
    drawn: Counter[float | str] = Counter()
    for colour, span in spans:
        low, high = min(span), max(span)
        if low == high:  # lines at the same level alternate: each is dashed where the others are not
            turn = 3 * drawn[low], (3, 3 * max(1, at[low] - 1))
            axes.axvline(low, color=colour, linewidth=1.3, linestyle=turn, zorder=1)
            drawn[low] += 1
            continue
        axes.axvspan(low, high, color=colour, alpha=0.08, linewidth=0, zorder=0)
        height = 0.012 + 0.022 * drawn["bars"]
        drawn["bars"] += 1
        foot = axes.get_xaxis_transform()
        axes.plot([low, high], [height, height], color=colour, linewidth=3, solid_capstyle="butt", transform=foot)
    words = [SHADED] * bool(drawn["bars"]) + [DOTTED] * bool(at)
    return Markup("").join(KEY.format(COLOURS - 1, *word) for word in words)


def _scale(axes: Axes, points: Sequence[Point], logarithmic: bool) -> None:
    """Ticks at the values of x if they are few, else at whole numbers; logarithmic y for values of a wide range."""
    levels, heights = sorted({point[0] for point in points}), [point[1] for point in points]
    many = LogLocator(subs=(1, 2, 5)) if logarithmic else MaxNLocator(integer=True)
    axes.xaxis.set_major_locator(FixedLocator(levels) if len(levels) < 9 else many)
    if min(heights) > 0 and max(heights) > 10 * min(heights):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_locator(NullLocator())


def _svg(figure: Figure, name: str) -> Markup:
    """The figure as an SVG element in the colours of the page, with ids that no other plot of the page has."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True)
    head, body = buffer.getvalue().partition("<svg")[2].split(">", 1)
    head = re.sub(r' (?:xmlns(?::\w+)?|width|height|version)="[^"]*"', "", head)  # HTML needs no namespace
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", body)
    body = body.replace(_SOFT, "var(--soft)").replace(_RULE, "var(--rule)")
    for i, colour in enumerate(_LINES):
        body = body.replace(colour, f"var(--line-{i})")
    return Markup(f"<svg{head}>{body}")  # numbers and axis labels, which matplotlib has escaped
