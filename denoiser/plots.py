"""The pictures of a page: curves as inline SVG, test strips as data URIs; nothing is loaded from elsewhere."""

from __future__ import annotations

import base64
import io
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator, MaxNLocator, NullLocator
from PIL import Image

Point = tuple[float, float, float]  # x, y, half the height of the bar through it

COLOURS = 7  # --line-0 ... --line-6 in report.html's style; the last one is left to the dashed reference lines
MARKERS = {"o": "●", "s": "■", "^": "▲", "D": "◆", "v": "▼"}  # matplotlib's and the key's sign for the same marker
KEY = Markup('<li><span style="color:var(--line-{})">{}</span> {}</li>')
FIGURE = Markup(
    '<figure class="plot"><ul class="key">{}</ul><div role="img" aria-label="{}">{}</div>'
    "<figcaption>{}</figcaption></figure>"
)
GAP = 2  # white pixels between the panels of a strip

# Matplotlib wants real colours and the page wants its own, which follow light and dark: these stand in for them.
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


@dataclass(frozen=True)
class Line:
    """One line of a plot; a dashed one is a reference. All values are finite."""

    label: str
    points: Sequence[Point]
    dashed: bool = False


def plot(name: str, lines: Sequence[Line], x: str, y: str, caption: str = "") -> Markup:
    """A line plot as an HTML figure with its caption and its key, in HTML because that wraps and takes any sign.

    Args:
        name: a word that no other plot of the page has; the drawing is the same for the same arguments.
        lines: what to draw; lines without points are left out.
        x: label of the horizontal axis.
        y: label of the vertical axis; logarithmic for positive values that span more than a factor of ten.
        caption: one sentence under the plot.

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
        for i, line in enumerate(lines):
            marker = "" if line.dashed else list(MARKERS)[i % len(MARKERS)]
            colour = COLOURS - 1 if line.dashed else i % (COLOURS - 1)
            look: dict[str, Any] = (
                {"linestyle": "--"} if line.dashed else {"marker": marker if len(line.points) <= 30 else ""}
            )
            xs, ys, sds = zip(*line.points, strict=True)
            bars = sds if any(sds) else None
            axes.errorbar(xs, ys, bars, color=_LINES[colour], linewidth=1.6, markersize=4, capsize=3, **look)
            key += KEY.format(colour, MARKERS.get(marker, "╌╌"), line.label)
        _scale(axes, [point for line in lines for point in line.points])
        svg = _svg(figure, name)
    return FIGURE.format(key, f"{y} against {x}", svg, caption)


def _scale(axes: Axes, points: Sequence[Point]) -> None:
    """Ticks at the few values of x, else at whole numbers; a logarithmic height where the values ask for it."""
    places, heights = sorted({point[0] for point in points}), [point[1] for point in points]
    axes.xaxis.set_major_locator(FixedLocator(places) if len(places) < 9 else MaxNLocator(integer=True))
    if min(heights) > 0 and max(heights) > 10 * min(heights):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_locator(NullLocator())


def _svg(figure: Figure, name: str) -> Markup:
    """The figure as an SVG element in the page's colours, its ids apart from those of other plots on the page."""
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


def curves(points: Mapping[str, Sequence[tuple[float, float]]]) -> list[Markup]:
    """The plots of a run's losses and validation PSNR over its epochs; nothing where nothing was recorded.

    Args:
        points: (epoch, value) for "train/loss", "val/loss" and "val/psnr" (dB).
    """
    train, val, psnr = ([(*point, 0.0) for point in points[key]] for key in ("train/loss", "val/loss", "val/psnr"))
    best = min(val, key=lambda point: point[1], default=None)
    lowest = f"Lowest validation loss: {best[1]:.4g}, epoch {best[0]:g}." if best else "No validation loss recorded."
    mean = "Mean over the validation images, after each epoch."
    return [
        plot("loss", [Line("training loss", train), Line("validation loss", val)], "epoch", "loss", lowest),
        plot("psnr", [Line("validation PSNR", psnr)], "epoch", "PSNR (dB)", mean),
    ]


def _by_label(rows: Sequence[Mapping[str, Any]], drop: tuple[str, ...]) -> dict[str, dict[float, Point]]:
    """Points by line and sigma; a line is a method, its data and its overrides except those that start with `drop`."""
    lines: dict[str, dict[float, Point]] = defaultdict(dict)
    several = [key for key in ("data", "noise") if len({row[key] for row in rows}) > 1]
    for row in rows:
        own = [item for item in row["own"] if not item.startswith(drop) and item != f"model={row['method']}"]
        label = ", ".join([row["method"], *own, *(row[key] for key in several)])
        lines[label][row["sigma"]] = (row["sigma"], row["psnr"], row["psnr_sd"] or 0.0)
    return lines


def against_sigma(pool: Sequence[Mapping[str, Any]]) -> Markup:
    """PSNR against sigma, a line per method and overrides, the noisy input dashed; nothing below two noise levels.

    Args:
        pool: rows with method, data, noise, sigma (grey levels of 255), psnr, psnr_sd, psnr_noisy (dB) and `own`, the
            overrides in which a row's jobs differ from others.
    """
    rows = [row for row in pool if row["sigma"] is not None and row["psnr"] is not None]
    if len({row["sigma"] for row in rows}) < 2:
        return Markup("")
    lines = _by_label(rows, ("noise.sigma=", "test.sigma="))
    if sum(map(len, lines.values())) < len(rows):  # models of several levels, each tested at several: a line each
        lines = _by_label(rows, ())
    inputs = [{**row, "method": "noisy input", "own": (), "psnr": row["psnr_noisy"], "psnr_sd": None} for row in rows]
    noisy = _by_label([row for row in inputs if row["psnr"] is not None], ())
    drawn = [Line(label, sorted(points.values())) for label, points in lines.items()]
    drawn += [Line(label, sorted(points.values()), dashed=True) for label, points in noisy.items()]
    return plot(
        "sigma", drawn, "sigma (grey levels of 255)", "PSNR (dB)", "Mean over seeds; bars: sd, from two seeds on."
    )


@dataclass(frozen=True)
class Strip:
    """A test image as a page shows it: data URIs of its panels, their width in pixels, whether every pixel is exact."""

    panels: tuple[str, ...]
    width: int
    exact: bool


def strip(path: Path, budget: int) -> Strip | None:
    """Cut a strip into its four panels, so that a page can set them side by side or two by two.

    Args:
        path: a PNG of four pictures of equal width with 2 px gaps; any other width is kept in one piece.
        budget: bytes that the panels may take together; beyond it they become JPEG, smaller and smaller.

    Returns:
        The panels, or None if the file is missing or not an image.
    """
    try:
        with Image.open(path) as opened:
            whole = opened if opened.mode == "L" else opened.convert("RGB")
            width, rest = divmod(whole.width - 3 * GAP, 4)
            width, count = (width, 4) if width > 0 and rest == 0 else (whole.width, 1)
            cuts = [whole.crop((i * (width + GAP), 0, i * (width + GAP) + width, whole.height)) for i in range(count)]
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    kind, scale = "png", 1.0
    while sum(map(len, files := [_encode(cut, kind, scale) for cut in cuts])) > budget and scale > 0.01:
        kind, scale = "jpeg", scale * (0.75 if kind == "jpeg" else 1)
    return Strip(tuple(f"data:image/{kind};base64,{base64.b64encode(f).decode()}" for f in files), width, kind == "png")


def _encode(image: Image.Image, kind: str, scale: float) -> bytes:
    buffer = io.BytesIO()
    image.resize([max(1, round(side * scale)) for side in image.size]).save(buffer, kind, quality=92)  # PNG ignores it
    return buffer.getvalue()
