"""The page of one run or evaluation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from denoiser.errors import DenoiserError
from denoiser.reports import run_figures
from denoiser.reports.html import plots, viewer
from denoiser.reports.html.render import write_page
from denoiser.reports.tables import notes
from denoiser.reports.tables.grid import Grid
from denoiser.runs.reading import Row, config_text, csv_rows, finite, further, read


def _curves(folder: Path) -> Sequence[str]:
    """The loss and PSNR plots of a run; empty where nothing was recorded."""
    points = defaultdict(list)
    for row in csv_rows(folder / "metrics.csv"):
        for key in ("train/loss", "val/loss", "val/psnr"):
            if len(pair := finite(row.get("epoch"), row.get(key))) == 2:
                points[key].append((pair[0], pair[1]))
    return plots.curves(points)


def _heading(run: Row) -> str:
    """Which methods on which data; the folder's name where there are no results."""
    if not run["rows"]:
        return f"Run {run['job']}"
    named = {key: list(dict.fromkeys(row[key] for row in run["rows"])) for key in ("method", "data")}
    words = {"method": "methods", "data": "data sets"}
    return " on ".join(", ".join(n) if len(n) < 5 else f"{len(n)} {words[key]}" for key, n in named.items())


def write_report(folder: Path) -> Path:
    """Write `report.html`, one file that shows a run to someone who was not there, and return its path.

    What the folder lacks is stated on the page.

    Raises:
        DenoiserError: there is no such folder (exit code 2), or it cannot be written (3).
    """
    if not folder.is_dir():
        raise DenoiserError(f"there is no such run folder ({folder})", "name a folder that denoiser run has written")
    run = read(folder)
    rows = run_figures.marked(run["rows"])
    ranges = {method["method"]: method["trained_sigma"] for method in run["methods"]}
    config, unresolved = config_text(folder)
    grid = Grid(run["protocol"])
    for row in rows:
        grid.put(row["method"], row)
    compared = run_figures.compared(run["comparisons"])
    pictures, in_all = viewer.pictures(folder)
    return write_page(
        folder / "report.html",
        run=run,
        heading=_heading(run),
        evaluation=run["kind"] == "evaluation",
        rows=rows,
        grid=grid,
        columns=run_figures.columns(rows),
        further=further(rows),
        leads=run_figures.leads(rows, compared),
        checks=[
            *notes.noisy_inputs(rows, run["protocol"]),
            *notes.infinite(rows),
            *notes.unknown(run["methods"]),
            *notes.accuracy(rows),
        ],
        comparisons=compared,
        plot=plots.against_sigma(rows, ranges),
        pictures=pictures,
        in_all=in_all,
        per_image=run_figures.per_image(folder, pictures),
        curves=_curves(folder),
        config=config,
        unresolved=unresolved,
    )
