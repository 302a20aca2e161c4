"""What a run folder says, whatever of it is missing or damaged."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import yaml  # type: ignore[import-untyped]
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from denoiser.config import register_resolvers

Row = Mapping[str, Any]
T = TypeVar("T", list[Any], dict[str, Any], str)

FACTS = "status protocol seed commit command device seconds params macs train_data train_images epochs steps error"
SCORES = ("psnr", "ssim", "psnr_noisy", "ssim_noisy")
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
    """A result row with every key: names as text, numbers as floats or None, and the gain in dB where it is defined."""
    named = {key: str(row.get(key) or "-") for key in ("method", "data", "noise")}
    values: dict[str, Any] = {key: number(row.get(key)) for key in ("sigma", "n_images", *SCORES)}
    both = finite(values["psnr"], values["psnr_noisy"])
    return {**named, **values, "gain": both[0] - both[1] if len(both) == 2 else None}


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
    """A run folder's facts, overrides and result rows, whatever of it is missing."""
    results = load(folder / "results.json", json.loads, {}) or dict(status="missing", error="no readable results.json")
    same = Counter(
        result_of(row) for row in map(result_row, csv_rows(folder / "results.csv")) if row["psnr"] == math.inf
    )
    rows = map(result_row, dicts(results.get("rows")))
    return {
        **dict.fromkeys(FACTS.split()),
        **results,
        "rows": [{**row, "infinite": same[result_of(row)]} for row in rows],
        "overrides": [str(item) for item in load(folder / ".hydra/overrides.yaml", yaml.safe_load, [])],
        "job": folder.name,
        "page": (folder / "report.html").is_file(),
    }


def config_text(folder: Path) -> tuple[str, str]:
    """A run's configuration as YAML with every interpolation resolved, and why not where it is left as it stands."""
    text = load(folder / ".hydra/config.yaml", str, "")
    register_resolvers()
    try:
        return (OmegaConf.to_yaml(OmegaConf.create(text), resolve=True) if text else ""), ""
    except (OmegaConfBaseException, yaml.YAMLError, ValueError, TypeError, RecursionError, AssertionError) as error:
        return text, str(error).partition("\n")[0] or "it holds no keys"  # which OmegaConf asserts without a word
