"""Run folders in, tables and pages out: the terminal's table, a run's `report.html`, a sweep's summary."""

from __future__ import annotations

import csv
import io
import json
import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import yaml  # type: ignore[import-untyped]
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from denoiser import plots
from denoiser.errors import DenoiserError
from denoiser.files import write_text

Row = Mapping[str, Any]
T = TypeVar("T", list[Any], dict[str, Any], str)

PICTURE_BYTES = 6_500_000  # in base64 a third more, which keeps a page under 10 MB
PROTOCOLS = {
    "published": "noise not clipped; output clamped to [0, 1] and rounded to 8 bits",
    "clipped": "noisy input and output clamped to [0, 1] and rounded to 8 bits",
}
FACTS = "status protocol seed commit command device seconds params macs train_data train_images epochs steps error"
SCORES = ("psnr", "ssim", "psnr_noisy", "ssim_noisy")
SUMMARY = ("job", "status", "overrides", "method", "data", "noise", "sigma", "seed", "n_images", *SCORES, "seconds")
_id = itemgetter("method", "data", "noise", "sigma")  # what a result row is a result of


def number(value: object) -> float | None:
    """`value` as a float, infinite ones included; None for what is missing, not a number or NaN."""
    try:
        found = float(value) if isinstance(value, (int, float, str)) else math.nan
    except (ValueError, OverflowError):
        return None
    return None if math.isnan(found) else found


def finite(*values: object) -> list[float]:
    """Those of `values` that are numbers and not infinite."""
    return [found for found in map(number, values) if found is not None and math.isfinite(found)]


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
    for row in map(_row, rows):
        psnr = f"{shown(row['psnr_noisy']):>5} -> {shown(row['psnr']):>5}"
        ssim = f"{shown(row['ssim_noisy'], '.3f'):>5} -> {shown(row['ssim'], '.3f'):>5}"
        counts = shown(row["sigma"], "g"), shown(row["n_images"], ".0f")
        lines.append((row["method"], row["data"], row["noise"], *counts, psnr, shown(row["gain"], "+.2f"), ssim))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ["  ".join(f"{c:{'<' if i < 3 else '>'}{widths[i]}}" for i, c in enumerate(line)) for line in lines]
    return "\n".join((f"protocol {protocol}: {PROTOCOLS.get(protocol, 'not known')}; means over images", *text))


def _row(row: Row) -> dict[str, Any]:
    """A result row with every key: names as text, numbers as floats or None, and the gain in dB where it is defined."""
    named = {key: str(row.get(key) or "-") for key in ("method", "data", "noise")}
    values: dict[str, Any] = {key: number(row.get(key)) for key in ("sigma", "n_images", *SCORES)}
    both = finite(values["psnr"], values["psnr_noisy"])
    return {**named, **values, "gain": both[0] - both[1] if len(both) == 2 else None}


def _dicts(found: object) -> list[dict[str, Any]]:
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _load(path: Path, parse: Callable[[str], object], empty: T) -> T:
    """What `parse` makes of a file; `empty` if the file is missing, unreadable or holds something else."""
    try:
        found = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError, csv.Error):
        return empty
    return found if isinstance(found, type(empty)) else empty


def _csv(path: Path) -> list[dict[str, str]]:
    return _load(path, lambda text: list(csv.DictReader(io.StringIO(text))), [])


def _read(folder: Path) -> dict[str, Any]:
    """A run folder's facts, overrides and result rows, whatever of it is missing."""
    results = _load(folder / "results.json", json.loads, {}) or dict(status="missing", error="no readable results.json")
    same = Counter(_id(row) for row in map(_row, _csv(folder / "results.csv")) if row["psnr"] == math.inf)
    rows = map(_row, _dicts(results.get("rows")))
    return {
        **dict.fromkeys(FACTS.split()),
        **results,
        "rows": [{**row, "infinite": same[_id(row)]} for row in rows],
        "overrides": [str(item) for item in _load(folder / ".hydra/overrides.yaml", yaml.safe_load, [])],
        "job": folder.name,
        "page": (folder / "report.html").is_file(),
    }


def _pictures(folder: Path) -> list[dict[str, Any]]:
    """The entries of images/index.json, each with its strip (None if there is no such image)."""
    index = _dicts(_load(folder / "images/index.json", json.loads, []))
    found = []
    for entry in index:
        file = Path(str(entry.get("file"))).name  # a name alone: nothing outside the run folder enters the page
        strip = plots.strip(folder / "images" / file, PICTURE_BYTES // len(index))
        found.append({"rank": "-", "image": "-", **entry, **_row(entry), "file": file, "strip": strip})
    return found


def _curves(folder: Path) -> Sequence[str]:
    """The loss and PSNR plots of a run; empty where nothing was recorded."""
    points = defaultdict(list)
    for row in _csv(folder / "metrics.csv"):
        for key in ("train/loss", "val/loss", "val/psnr"):
            if len(pair := finite(row.get("epoch"), row.get(key))) == 2:
                points[key].append((pair[0], pair[1]))
    return plots.curves(points)


def _write(target: Path, **page: object) -> Path:
    """Render the template of the target's name into it."""
    pages = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined)
    pages.filters["shown"] = shown
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
    config = _load(folder / ".hydra/config.yaml", str, "")
    curves, pictures = _curves(folder), _pictures(folder)
    return _write(folder / "report.html", run=_read(folder), curves=curves, pictures=pictures, config=config)


def _pool(jobs: Sequence[Row], common: set[str]) -> list[dict[str, Any]]:
    """The finished jobs' rows, one for all that differ only in `seed`: means, and sd with n - 1 (None for one)."""
    pools = defaultdict(list)
    for job in jobs:
        own = tuple(item for item in job["overrides"] if item not in common and not item.startswith("seed="))
        for row in job["rows"] if job["status"] == "ok" else []:
            pools[own, _id(row)].append(row)
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
    jobs = [_read(folder / name) for name in sorted(names, key=int)]
    common = set(jobs[0]["overrides"]).intersection(*(job["overrides"] for job in jobs))
    rows = [{**dict.fromkeys(SUMMARY), **job, **row} for job in jobs for row in job["rows"] or [{}]]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, SUMMARY, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        plain = {key: f"{value:.10g}" for key, value in row.items() if isinstance(value, float)}  # 68, not 68.0
        writer.writerow({**row, **plain, "overrides": " ".join(row["overrides"])})
    write_text(folder / "summary.csv", buffer.getvalue())
    page = {"jobs": jobs, "rows": rows, "common": common, "pool": (pool := _pool(jobs, common))}
    return _write(folder / "summary.html", **page, plot=plots.against_sigma(pool))
