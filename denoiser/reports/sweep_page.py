"""A sweep's summary: a row per job, and means over seeds."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

from denoiser.errors import DenoiserError
from denoiser.machine.files import write_text
from denoiser.noise.levels import LevelKind
from denoiser.reports.html import plots
from denoiser.reports.html.render import write_page
from denoiser.reports.tables.format import level_figure, level_head, level_kinds, shown
from denoiser.reports.tables.notes import smoke
from denoiser.reports.tables.render import aligned
from denoiser.runs import gather
from denoiser.runs.columns import COLUMNS
from denoiser.runs.csv_files import csv_text
from denoiser.runs.reading import Run, read
from denoiser.runs.row import SCORES, Row
from denoiser.runs.seeds import SeedMean, over_seeds

SETTING = tuple(column for column in COLUMNS if "summary" in column.shown and column.key != "n_images")
"""The columns of summary.csv that say what a row is a result of; one that is not always there only with values."""


def write_summary(folder: Path) -> Path:
    """Write a sweep's `summary.csv` and `summary.html` from its job folders 0, 1, 2, ... and return the page's path.

    Raises:
        DenoiserError: the folder has no job folders (exit code 2), or it cannot be written (3).
    """
    jobs, common, results = _read(folder)
    write_text(folder / "summary.csv", _csv(results))
    means, kinds = _means(jobs, common), level_kinds(row for _, row in results if row)
    page: dict[str, Any] = {"jobs": jobs, "results": results, "common": common, "means": means, "kinds": kinds}
    return write_page(folder / "summary.html", **page, plots=[plots.against_level(means, kind) for kind in kinds])


def text(folder: Path) -> str:
    """The table of all jobs for a terminal.

    Raises:
        DenoiserError: the folder has no job folders (exit code 2).
    """
    jobs, common, results = _read(folder)
    kinds = level_kinds(row for _, row in results if row)
    words = ["Job", "Status", "Overrides", "Method", "Data"]
    heads = [*words, level_head(kinds), "Seed", "Images", "PSNR (dB)", "Gain (dB)", "SSIM", "Seconds"]
    lines = [_cells(job, row, common, kinds) for job, row in results]
    stamps: dict[str, list[str]] = defaultdict(list)
    for job in jobs:
        for line in smoke(job.methods):
            stamps[line].append(job.name)
    below = [f"job{'s' * (len(names) > 1)} {', '.join(names)}: {line}" for line, names in stamps.items()]
    return "\n".join([*aligned([heads, *lines], len(words)), *below])


def _cells(job: Run, row: Row | None, common: set[str], kinds: Sequence[LevelKind]) -> list[str]:
    own = shlex.join(item for item in job.overrides if item not in common) or "-"
    result = (row.n_images, row.psnr, row.gain, row.figures.get("ssim")) if row else (None,) * 4
    figures = map(shown, (*result, job.seconds), (".0f", ".2f", "+.2f", ".3f", ",.0f"))
    names = (row.method, row.data) if row else ("-", "-")
    return [job.name, job.status, own, *names, level_figure(row, kinds), job.seed or "-", *figures]


def _read(folder: Path) -> tuple[list[Run], set[str], list[tuple[Run, Row | None]]]:
    """The jobs, the overrides that all have, and the jobs with their rows; a job without results has one line too."""
    jobs = [read(job) for job in (gather.jobs(folder) if folder.is_dir() else [])]
    if not jobs:
        raise DenoiserError(f"no jobs 0, 1, 2, ... ({folder})", "name the folder of a sweep (denoiser run -m ...)")
    common = set(jobs[0].overrides).intersection(*(job.overrides for job in jobs))
    return jobs, common, [(job, row) for job in jobs for row in job.rows or (None,)]


def _means(jobs: Sequence[Run], common: set[str]) -> list[SeedMean]:
    """The finished jobs' results, one for all that differ only in `seed`."""
    pools: dict[tuple[tuple[str, ...], Hashable], list[tuple[Run, Row]]] = defaultdict(list)
    for job in (job for job in jobs if job.finished):
        overrides = tuple(item for item in job.overrides if item not in common and not item.startswith("seed="))
        for row in job.rows:
            pools[overrides, (*row.key, row.channels, row.folder)].append((job, row))
    return [
        over_seeds([row for _, row in pool], [job.method(row.method).span(row) for job, row in pool], overrides)
        for (overrides, _), pool in pools.items()
    ]


def _csv(results: Sequence[tuple[Run, Row | None]]) -> str:
    rows = [row for _, row in results if row]
    setting = [one for one in SETTING if one.always or any(row.value(one) is not None for row in rows)]
    keys = ["job", "status", "overrides", *(one.key for one in setting), "seed", "n_images", *SCORES, "seconds"]
    lines = (_line(job, row) for job, row in results)
    return csv_text([keys, *([line.get(key) for key in keys] for line in lines)])


def _line(job: Run, row: Row | None) -> dict[str, Any]:
    setting = {one.key: row.value(one) for one in SETTING} if row else {}
    result = {**setting, "n_images": row.n_images, **row.figures} if row else {}
    line = {"job": job.name, "status": job.status, "seed": job.seed, **result, "seconds": job.seconds}
    plain = {key: f"{value:.10g}" if isinstance(value, float) else value for key, value in line.items()}  # 68, not 68.0
    return {**plain, "overrides": shlex.join(job.overrides)}
