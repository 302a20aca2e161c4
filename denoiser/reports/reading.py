"""What a run folder says, whatever of it is missing or damaged."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import yaml  # type: ignore[import-untyped]
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from denoiser.config import register_resolvers

Row = Mapping[str, Any]
T = TypeVar("T", list[Any], dict[str, Any], str)

FACTS = "status protocol seed commit command device seconds params macs train_data train_images epochs steps error kind"
METHOD = "method kind source sha256 architecture trained_on trained_sigma params macs leak"
SCORES = ("psnr", "ssim", "psnr_noisy", "ssim_noisy")
EVALUATED = ("psnr_y", "psnr_y_noisy", "sigma_estimated", "seconds_per_megapixel")  # what evaluations alone have
INTERVALS = ("psnr_interval", "ssim_interval")
NAMES = ("method", "data", "noise")
NOT_FURTHER = {*NAMES, "sigma", "image", "n_images", "n_identical", *SCORES, *EVALUATED, *INTERVALS}
result_of = itemgetter("method", "data", "noise", "sigma")  # what a result row is a result of


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


def result_row(row: Row) -> dict[str, Any]:
    """A result row with every key: names as text, numbers as floats or None, and the gain in dB where it is defined.

    Intervals are pairs or None; metrics beyond PSNR and SSIM are in `further`, by name.
    """
    named = {key: str(row.get(key) or "-") for key in NAMES}
    values: dict[str, Any] = {key: number(row.get(key)) for key in ("sigma", "n_images", *SCORES, *EVALUATED)}
    both = finite(values["psnr"], values["psnr_noisy"])
    values |= {key: pair(row.get(key)) for key in INTERVALS}
    further = {key: found for key in row if key not in NOT_FURTHER and (found := number(row[key])) is not None}
    return {**named, **values, "further": further, "gain": both[0] - both[1] if len(both) == 2 else None}


def pair(value: object) -> list[float] | None:
    """Two finite numbers such as the ends of an interval, or None."""
    found = finite(*value) if isinstance(value, (list, tuple)) else []
    return found if len(found) == 2 else None


def further(rows: Iterable[Row]) -> list[str]:
    """The names of the metrics beyond PSNR and SSIM that any of these rows of `read` has."""
    return list(dict.fromkeys(name for row in rows for name in row["further"]))


def dicts(found: object) -> list[dict[str, Any]]:
    """Those entries of a list that are dictionaries; none of what is no list."""
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def load(path: Path, parse: Callable[[str], object], empty: T) -> T:
    """What `parse` makes of a file; `empty` if the file is missing, unreadable or holds something else."""
    try:
        found = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError, csv.Error):
        return empty
    return found if isinstance(found, type(empty)) else empty


def csv_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a file with column heads; none where it cannot be read."""
    return load(path, lambda text: list(csv.DictReader(io.StringIO(text))), [])


def read(folder: Path) -> dict[str, Any]:
    """A run folder's or an evaluation's facts, overrides, methods and result rows, whatever of it is missing."""
    results = load(folder / "results.json", json.loads, {}) or dict(status="missing", error="no readable results.json")
    facts = {**dict.fromkeys(FACTS.split()), "draws": 1, **results}
    return {
        **facts,
        **told(facts, folder / "results.csv"),
        "overrides": [str(item) for item in load(folder / ".hydra/overrides.yaml", yaml.safe_load, [])],
        "job": folder.name,
        "page": (folder / "report.html").is_file(),
    }


def told(content: Row, per_image: Path | None = None) -> dict[str, Any]:
    """The rows, methods and comparisons of a results.json with every key that a reader may ask for.

    Args:
        content: what results.json holds; older ones lack keys.
        per_image: results.csv, where infinite figures are counted if results.json does not say how many there are.
    """
    given = dicts(content.get("rows"))
    same: Counter[Any] = Counter()
    if per_image and any(row.get("n_identical") is None for row in given):
        pictures = map(result_row, csv_rows(per_image))
        same.update(result_of(row) for row in pictures if row["psnr"] == math.inf)
    rows = [(row, result_row(row)) for row in given]
    whole = [{**row, "infinite": int(number(raw.get("n_identical")) or same[result_of(row)])} for raw, row in rows]
    methods = [{**dict.fromkeys(METHOD.split()), **found} for found in dicts(content.get("methods"))]
    for method in methods:
        method |= {"method": str(method["method"]), "trained_sigma": pair(method["trained_sigma"])}
        method["leak"] = method["leak"] if isinstance(method["leak"], list) else []
    return {"rows": whole, "methods": methods, "comparisons": dicts(content.get("comparisons"))}


def config_text(folder: Path) -> tuple[str, str]:
    """A run's configuration as YAML with every interpolation resolved, and why not where it is left as it stands."""
    text = load(folder / ".hydra/config.yaml", str, "")
    register_resolvers()
    try:
        return (OmegaConf.to_yaml(OmegaConf.create(text), resolve=True) if text else ""), ""
    except (OmegaConfBaseException, yaml.YAMLError, ValueError, TypeError, RecursionError, AssertionError) as error:
        return text, str(error).partition("\n")[0] or "it holds no keys"  # which OmegaConf asserts without a word
