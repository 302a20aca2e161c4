"""Run folders in, tables and pages out: the terminal's table, a run's `report.html`, a sweep's summary."""

from __future__ import annotations

import csv
import io
import json
import shlex
import statistics
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from denoiser import plots
from denoiser.errors import DenoiserError
from denoiser.files import write_text
from denoiser.protocols import PROTOCOLS
from denoiser.reading import (
    SCORES,
    Row,
    config_text,
    csv_rows,
    dicts,
    finite,
    load,
    number,
    read,
    result_of,
    result_row,
)

PICTURE_BYTES = 6_500_000  # in base64 a third more, which keeps a page under 10 MB
SUMMARY = ("job", "status", "overrides", "method", "data", "noise", "sigma", "seed", "n_images", *SCORES, "seconds")


def shown(value: object, spec: str = ".2f") -> str:
    """A number for a reader in that format, "inf" if it is infinite, "-" if there is none."""
    found = number(value)
    return "-" if found is None else f"{found:{spec}}"


def table(rows: Sequence[Row], protocol: str) -> str:
    """The results as aligned plain text for a terminal: a line that states the protocol, column heads, the rows.

    Args:
        rows: `rows` of results.json; PSNR in dB, SSIM at most 1, sigma in grey levels of 255 or None.
        protocol: "published" or "clipped", stated in the first line.
    """
    lines = [("method", "data", "noise", "sigma", "n", "PSNR noisy -> PSNR", "gain", "SSIM noisy -> SSIM")]
    for row in map(result_row, rows):
        psnr = f"{shown(row['psnr_noisy']):>5} -> {shown(row['psnr']):>5}"
        ssim = f"{shown(row['ssim_noisy'], '.3f'):>5} -> {shown(row['ssim'], '.3f'):>5}"
        counts = shown(row["sigma"], "g"), shown(row["n_images"], ".0f")
        lines.append((row["method"], row["data"], row["noise"], *counts, psnr, shown(row["gain"], "+.2f"), ssim))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ["  ".join(f"{c:{'<' if i < 3 else '>'}{widths[i]}}" for i, c in enumerate(line)) for line in lines]
    stated = PROTOCOLS[protocol].short if protocol in PROTOCOLS else "not known"
    return "\n".join((f"protocol {protocol}: {stated}; means over images", *text))


def _pictures(folder: Path) -> list[dict[str, Any]]:
    """The entries of images/index.json, each with its strip (None if there is no such image)."""
    index = dicts(load(folder / "images/index.json", json.loads, []))
    found = []
    for entry in index:
        file = Path(str(entry.get("file"))).name  # a name alone: nothing outside the run folder enters the page
        strip = plots.strip(folder / "images" / file, PICTURE_BYTES // len(index))
        found.append({"rank": "-", "image": "-", **entry, **result_row(entry), "file": file, "strip": strip})
    return found


def _curves(folder: Path) -> Sequence[str]:
    """The loss and PSNR plots of a run; empty where nothing was recorded."""
    points = defaultdict(list)
    for row in csv_rows(folder / "metrics.csv"):
        for key in ("train/loss", "val/loss", "val/psnr"):
            if len(pair := finite(row.get("epoch"), row.get(key))) == 2:
                points[key].append((pair[0], pair[1]))
    return plots.curves(points)


def _write(target: Path, **page: object) -> Path:
    """Render the template of the target's name into it."""
    pages = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined)
    pages.filters |= {"shown": shown, "shell": shlex.join}
    pages.globals["protocols"] = PROTOCOLS
    html = pages.get_template(target.name).render(page)
    write_text(target, html.encode("utf-8", "replace").decode())  # an argument that is not UTF-8 still makes a page
    return target


def write_report(folder: Path) -> Path:
    """Write `report.html`, one file that shows a run to someone who was not there, and return its path.

    What the folder lacks is stated on the page.

    Raises:
        DenoiserError: there is no such folder (exit code 2), or it cannot be written (3).
    """
    if not folder.is_dir():
        raise DenoiserError(f"there is no such run folder ({folder})", "name a folder that denoiser run has written")
    config, unresolved = config_text(folder)
    page = {"run": read(folder), "curves": _curves(folder), "pictures": _pictures(folder)}
    return _write(folder / "report.html", **page, config=config, unresolved=unresolved)


def _pool(jobs: Sequence[Row], common: set[str]) -> list[dict[str, Any]]:
    """The finished jobs' rows, one for all that differ only in `seed`: means, and sd with n - 1 (None for one)."""
    pools = defaultdict(list)
    for job in jobs:
        own = tuple(item for item in job["overrides"] if item not in common and not item.startswith("seed="))
        for row in job["rows"] if job["status"] == "ok" else []:
            pools[own, result_of(row)].append(row)
    return [{**_mean(rows), "own": own} for (own, _), rows in pools.items()]


def _mean(rows: Sequence[Row]) -> dict[str, Any]:
    found = {**rows[0], "n": len(finite(*(row["psnr"] for row in rows)))}
    for key in (*SCORES, "gain"):
        values = finite(*(row[key] for row in rows))
        found[key] = statistics.fmean(values) if values else None
        found[f"{key}_sd"] = statistics.stdev(values) if len(values) > 1 else None
    return found


def write_summary(folder: Path) -> Path:
    """Write a sweep's `summary.csv` and `summary.html` from its job folders 0, 1, 2, ... and return the page's path.

    Raises:
        DenoiserError: the folder has no job folders (exit code 2), or it cannot be written (3).
    """
    names = [path.name for path in folder.glob("*") if path.is_dir() and path.name.isdecimal()]
    if not names:
        raise DenoiserError(f"no jobs 0, 1, 2, ... ({folder})", "name the folder of a sweep (denoiser run -m ...)")
    jobs = [read(folder / name) for name in sorted(names, key=int)]
    common = set(jobs[0]["overrides"]).intersection(*(job["overrides"] for job in jobs))
    rows = [{**dict.fromkeys(SUMMARY), **job, **row} for job in jobs for row in job["rows"] or [{}]]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, SUMMARY, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        plain = {key: f"{value:.10g}" for key, value in row.items() if isinstance(value, float)}  # 68, not 68.0
        writer.writerow({**row, **plain, "overrides": shlex.join(row["overrides"])})
    write_text(folder / "summary.csv", buffer.getvalue())
    page = {"jobs": jobs, "rows": rows, "common": common, "pool": (pool := _pool(jobs, common))}
    return _write(folder / "summary.html", **page, plot=plots.against_sigma(pool))
