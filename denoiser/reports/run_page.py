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
from denoiser.reports.tables.format import level_kinds
from denoiser.reports.tables.grid import grid
from denoiser.runs.csv_files import csv_rows
from denoiser.runs.parse import finite
from denoiser.runs.reading import Run, config_text, read
from denoiser.runs.seeds import over_seeds


def write_report(folder: Path) -> Path:
    """Write `report.html` for a run folder, see `write_run_page`.

    Raises:
        DenoiserError: there is no such folder (exit code 2), or it cannot be written (3).
    """
    if not folder.is_dir():
        raise DenoiserError(f"there is no such run folder ({folder})", "give a run folder")
    return write_run_page(read(folder))


def write_run_page(run: Run) -> Path:
    """Write `report.html` into the run's folder, one file that shows all of the run, and return its path.

    The page states what is missing from the folder.

    Raises:
        DenoiserError: the folder cannot be written (exit code 3).
    """
    config, unresolved = config_text(run.folder)
    pictures, total = viewer.pictures(run.folder)
    kinds = level_kinds(run.rows)
    results = [over_seeds([row], [run.method(row.method).span(row)]) for row in run.rows]
    anchors = {(picture.image, picture.level): picture.id for picture in reversed(pictures)}
    return write_page(
        run.folder / "report.html",
        run=run,
        heading=_heading(run),
        rows=run.rows,
        grid=grid(run.rows, run.protocol),
        columns=run_figures.results_columns(run.rows),
        best=run_figures.best(run.rows),
        leads=run_figures.leads(run.rows, run.differences),
        checks=[
            *notes.noisy_inputs(run.rows, run.protocol),
            *notes.infinite(run.rows),
            *notes.unknown(run.methods),
            *notes.accuracy(run.rows),
        ],
        kinds=kinds,
        plots=[plots.against_level(results, kind) for kind in kinds],
        pictures=pictures,
        total=total,
        per_image=run_figures.per_image(run.folder, anchors),
        curves=_curves(run.folder),
        config=config,
        unresolved=unresolved,
    )


def _curves(folder: Path) -> Sequence[str]:
    """The loss and PSNR plots of a run; empty where nothing was recorded."""
    points = defaultdict(list)
    for row in csv_rows(folder / "metrics.csv"):
        for key in ("train/loss", "val/loss", "val/psnr"):
            if len(pair := finite(row.get("epoch"), row.get(key))) == 2:
                points[key].append((pair[0], pair[1]))
    return plots.curves(points)


def _heading(run: Run) -> str:
    """The methods and their data; the folder's name where there are no results."""
    if not run.rows:
        return f"Run {run.name}"
    methods = _names([row.method for row in run.rows], "methods")
    return f"{methods} on {_names([row.data for row in run.rows], 'data sets')}"


def _names(names: Sequence[str], plural: str) -> str:
    """Up to four names, or the number of more."""
    different = list(dict.fromkeys(names))
    return ", ".join(different) if len(different) < 5 else f"{len(different)} {plural}"
