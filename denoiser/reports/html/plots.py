"""The plots of a page: losses over epochs, PSNR against the noise level."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from denoiser.reports.html.svg import Line, Point, plot
from denoiser.runs.reading import finite, pair

Ranges = Mapping[str, Sequence[float] | None]


def curves(points: Mapping[str, Sequence[tuple[float, float]]]) -> list[Markup]:
    """The plots of a run's losses and validation PSNR over its epochs; nothing where nothing was recorded.

    Args:
        points: (epoch, value) for "train/loss", "val/loss" and "val/psnr" (dB).
    """
    train, val, psnr = ([Point(*point) for point in points[key]] for key in ("train/loss", "val/loss", "val/psnr"))
    best = min(val, key=lambda point: point.y, default=None)
    lowest = f"Lowest validation loss: {best.y:.4g}, epoch {best.x:g}." if best else "No validation loss recorded."
    mean = "Mean over the validation images, after each epoch."
    return [
        plot("loss", [Line("training loss", train), Line("validation loss", val)], "epoch", "loss", lowest),
        plot("psnr", [Line("validation PSNR", psnr)], "epoch", "PSNR (dB)", mean),
    ]


def against_sigma(
    rows: Sequence[Mapping[str, Any]], ranges: Ranges | None = None, name: str = "sigma", order: Sequence[str] = ()
) -> Markup:
    """PSNR against sigma: a line per method and overrides, its training range shaded, the noisy input dashed.

    Args:
        rows: method, data, noise, sigma (grey levels of 255), psnr, psnr_noisy (dB); where known psnr_sd (over seeds),
            psnr_interval, trained_sigma, and `own`, the overrides in which a row's jobs differ from others.
        ranges: the lowest and highest noise level that a method was trained on, for rows that do not say.
        name: of the plot, different for each of a page.
        order: of the lines, by their labels, so that each has the same colour in several plots.

    Returns:
        The figure, or nothing below two noise levels.
    """
    rows = [row for row in rows if len(finite(row["sigma"], row["psnr"])) == 2]
    if len({row["sigma"] for row in rows}) < 2:
        return Markup("")
    inputs = [{**row, "method": "noisy input", "own": (), "psnr": row["psnr_noisy"]} for row in rows]
    rows = [row for row in rows if row["method"] != "noisy"]  # the baseline of that name is the dashed line
    lines = _by_label(rows, ("noise.sigma=", "test.sigma="))
    if any(len({row["sigma"] for row in line}) < len(line) for line in lines.values()):
        lines = _by_label(rows, ())  # models of several levels, each tested at several: a line each
    spread = "psnr_sd" if any(row.get("psnr_sd") is not None for row in rows) else "psnr_interval"
    places = {label: i for i, label in enumerate([*order, *(label for label in lines if label not in order)])}
    drawn = [
        Line(label, _points(line, spread), span=_span(line, ranges or {}), place=places[label])
        for label, line in lines.items()
    ]
    noisy = _by_label([row for row in inputs if finite(row["psnr"])], ())
    drawn += [Line(label, _points(line, ""), dashed=True) for label, line in noisy.items()]
    return plot(name, drawn, "sigma (grey levels of 255)", "PSNR (dB)", _caption(lines.values(), spread, ranges or {}))


def _by_label(rows: Sequence[Mapping[str, Any]], drop: tuple[str, ...]) -> dict[str, list[Mapping[str, Any]]]:
    """Rows by line: a line is a method, its data and its overrides except those that start with `drop`."""
    lines = defaultdict(list)
    several = [key for key in ("data", "noise") if len({row[key] for row in rows}) > 1]
    for row in rows:
        own = [item for item in row.get("own", ()) if not item.startswith(drop) and item != f"model={row['method']}"]
        lines[", ".join([row["method"], *own, *(row[key] for key in several)])].append(row)
    return lines


def _points(line: Sequence[Mapping[str, Any]], spread: str) -> list[Point]:
    """A point per noise level, with the bar that `spread` names."""
    return sorted({row["sigma"]: _point(row, spread) for row in line}.values())


def _point(row: Mapping[str, Any], spread: str) -> Point:
    sd, ends = row.get(spread) if spread == "psnr_sd" else None, pair(row.get(spread))
    below, above = (row["psnr"] - ends[0], ends[1] - row["psnr"]) if ends else (sd or 0.0, sd or 0.0)
    return Point(row["sigma"], row["psnr"], max(0.0, below), max(0.0, above))


def _trained(row: Mapping[str, Any], ranges: Ranges) -> tuple[float, ...]:
    return tuple(pair(row.get("trained_sigma")) or pair(ranges.get(row["method"])) or ())


def _span(line: Sequence[Mapping[str, Any]], ranges: Ranges) -> Sequence[float] | None:
    """The range that all models of a line were trained on; None where they differ or it is not known."""
    found = {_trained(row, ranges) for row in line}
    return found.pop() or None if len(found) == 1 else None


def _caption(lines: Collection[Sequence[Mapping[str, Any]]], spread: str, ranges: Ranges) -> str:
    rows = [row for line in lines for row in line]
    bars = {"psnr_sd": "Mean over seeds; bars: sd, from two seeds on.", "psnr_interval": "Mean over images."}[spread]
    if spread == "psnr_interval" and any(pair(row.get(spread)) for row in rows):
        bars = "Mean over images; bars: 95 % intervals."
    own = [line for line in lines if len({_trained(row, ranges) for row in line}) > 1]
    each = own and all(_trained(row, ranges) == (row["sigma"], row["sigma"]) for line in own for row in line)
    return bars + (" Along a line without shading, each level has a model trained at that level." if each else "")
