"""A sweep's summary: a row per job, and means over seeds."""

from __future__ import annotations

import csv
import io
import shlex
import statistics
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from denoiser.errors import DenoiserError
from denoiser.machine.files import write_text
from denoiser.reports.html import plots
from denoiser.reports.html.render import write_page
from denoiser.runs import gather
from denoiser.runs.reading import INTERVALS, SCORES, Row, finite, read, result_of

SUMMARY = ("job", "status", "overrides", "method", "data", "noise", "sigma", "seed", "n_images", *SCORES, "seconds")


def _pool(jobs: Sequence[Row], common: set[str]) -> list[dict[str, Any]]:
    """The finished jobs' rows, one for all that differ only in `seed`."""
    pools = defaultdict(list)
    for job in jobs:
        own = tuple(item for item in job["overrides"] if item not in common and not item.startswith("seed="))
        trained = {method["method"]: method["trained_sigma"] for method in job["methods"]}
        for row in job["rows"] if job["status"] == "ok" else []:
            pools[own, result_of(row), row["channels"], row["place"]].append(
                {**row, "trained_sigma": trained.get(row["method"])}
            )
    return [{**over_seeds(rows), "own": own} for (own, *_), rows in pools.items()]


def over_seeds(rows: Sequence[Row]) -> dict[str, Any]:
    """Result rows of several seeds as one: means, `_sd` with n - 1 (None for one seed), and `n`, how many counted.

    The interval over images stays where there is one seed, `trained_sigma` where it is the same for all.
    """
    found = {**rows[0], "n": len(finite(*(row["psnr"] for row in rows)))}
    for key in (*SCORES, "gain"):
        values = finite(*(row[key] for row in rows))
        found[key] = statistics.fmean(values) if values else None
        found[f"{key}_sd"] = statistics.stdev(values) if len(values) > 1 else None
    if len(rows) > 1:
        found |= dict.fromkeys(INTERVALS)
    same = all(row["trained_sigma"] == rows[0]["trained_sigma"] for row in rows)
    return {**found, "trained_sigma": rows[0]["trained_sigma"] if same else None}


def write_summary(folder: Path) -> Path:
    """Write a sweep's `summary.csv` and `summary.html` from its job folders 0, 1, 2, ... and return the page's path.

    Raises:
        DenoiserError: the folder has no job folders (exit code 2), or it cannot be written (3).
    """
    jobs = [read(job) for job in (gather.jobs(folder) if folder.is_dir() else [])]
    if not jobs:
        raise DenoiserError(f"no jobs 0, 1, 2, ... ({folder})", "name the folder of a sweep (denoiser run -m ...)")
    common = set(jobs[0]["overrides"]).intersection(*(job["overrides"] for job in jobs))
    rows = [{**dict.fromkeys(SUMMARY), **job, **row} for job in jobs for row in job["rows"] or [{}]]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, SUMMARY, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        plain = {key: f"{value:.10g}" for key, value in row.items() if isinstance(value, float)}  # 68, not 68.0
        writer.writerow({**row, **plain, "overrides": shlex.join(row["overrides"])})
    write_text(folder / "summary.csv", buffer.getvalue())
    pool = _pool(jobs, common)
    plot = plots.against_sigma(pool)
    return write_page(folder / "summary.html", jobs=jobs, rows=rows, common=common, pool=pool, plot=plot)
