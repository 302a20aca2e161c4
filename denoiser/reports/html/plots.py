"""The plots of a page: losses over epochs, PSNR against the noise level."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from markupsafe import Markup

from denoiser.noise.levels import LEVEL_KEYS, SIGMA, LevelKind
from denoiser.reports.html.svg import Line, Point, plot
from denoiser.reports.tables.grid import NOISY
from denoiser.runs.parse import finite
from denoiser.runs.seeds import SeedMean

INPUT = "noisy input"
LEVELS = tuple(f"{group}.{key}=" for group in ("noise", "test") for key in LEVEL_KEYS)
"""Overrides that the horizontal axis shows."""


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


def against_level(
    results: Sequence[SeedMean], kind: LevelKind = SIGMA, name: str = "", order: Sequence[str] = ()
) -> Markup:
    """PSNR against the noise level: a line per method and overrides, its training range shaded, the noisy input dashed.

    Args:
        results: the results; bars show their standard deviations over seeds, else their intervals over images.
        kind: what the levels are; results with levels of other kinds are left out.
        name: of the plot, different for each of a page; by default the key of the kind.
        order: of the lines, by their labels, so that each has the same colour in several plots.

    Returns:
        The figure, or nothing below two noise levels.
    """
    results = [result for result in results if result.row.level_kind == kind]
    results = [result for result in results if len(finite(result.row.level, result.row.psnr)) == 2]
    if len({result.row.level for result in results}) < 2:
        return Markup("")
    outputs = [result for result in results if result.row.method != NOISY]  # which is the dashed line
    lines = _by_label(outputs, LEVELS)
    if any(len({result.row.level for result in line}) < len(line) for line in lines.values()):
        lines = _by_label(outputs, ())  # models of several levels, each tested at several: a line each
    over_seeds = any("psnr" in result.sd for result in results)
    indices = {label: i for i, label in enumerate([*order, *(label for label in lines if label not in order)])}
    drawn = [
        Line(label, _points(line, over_seeds), span=_span(line), index=indices[label]) for label, line in lines.items()
    ]
    noisy = _by_label([_input(result) for result in results if finite(result.row.psnr_noisy)], ())
    drawn += [Line(label, _points(line, True), dashed=True) for label, line in noisy.items()]
    caption = _caption(lines.values(), over_seeds)
    return plot(name or kind.key, drawn, kind.axis, "PSNR (dB)", caption, logarithmic=kind.logarithmic)


def _input(result: SeedMean) -> SeedMean:
    """The noisy input as a result without bars."""
    return SeedMean(replace(result.row, method=INPUT, figures={"psnr": result.row.psnr_noisy}, intervals={}))


def _by_label(results: Sequence[SeedMean], dropped: tuple[str, ...]) -> dict[str, list[SeedMean]]:
    """Results by line: the method, its data and noise where they differ, and its overrides but those `dropped`."""
    lines = defaultdict(list)
    data = len({result.row.data for result in results}) > 1
    noise = len({result.row.noise for result in results}) > 1
    for result in results:
        row = result.row
        overrides = [
            item for item in result.overrides if not item.startswith(dropped) and item != f"model={row.method}"
        ]
        lines[", ".join([row.method, *overrides, *[row.data] * data, *[row.noise] * noise])].append(result)
    return lines


def _points(line: Sequence[SeedMean], over_seeds: bool) -> list[Point]:
    """A point per noise level, with its bar."""
    return sorted({result.row.level: _point(result, over_seeds) for result in line}.values())


def _point(result: SeedMean, over_seeds: bool) -> Point:
    level, psnr = finite(result.row.level, result.row.psnr)
    if over_seeds:
        return Point(level, psnr, result.sd.get("psnr", 0.0), result.sd.get("psnr", 0.0))
    low, high = result.row.intervals.get("psnr") or (psnr, psnr)
    return Point(level, psnr, max(0.0, psnr - low), max(0.0, high - psnr))


def _span(line: Sequence[SeedMean]) -> Sequence[float] | None:
    """The range that all models of a line were trained on; None where they differ or it is not known."""
    ranges = {result.trained_levels for result in line}
    return ranges.pop() if len(ranges) == 1 else None


def _caption(lines: Collection[Sequence[SeedMean]], over_seeds: bool) -> str:
    results = [result for line in lines for result in line]
    bars = "Mean over images."
    if over_seeds:
        bars = "Mean over seeds; bars: sd, from two seeds on."
    elif any(result.row.intervals.get("psnr") for result in results):
        bars = "Mean over images; bars: 95 % intervals."
    apart = [line for line in lines if len({result.trained_levels for result in line}) > 1]
    each = apart and all(result.trained_levels == (result.row.level,) * 2 for line in apart for result in line)
    return bars + (" Along a line without shading, each level has a model trained at that level." if each else "")
