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
NEEDED = ("status", "protocol", "seed", "rows")  # of results.json, without which it is damaged
PICTURES = ("channels", "place")  # which pictures, beyond the name of the data
COUNTS = ("n_images", "n_identical", "n_infinite", "values")
NOT_FURTHER = {*NAMES, *PICTURES, *COUNTS, "sigma", "image", *SCORES, *EVALUATED, *INTERVALS}
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
    gain = both[0] - both[1] if len(both) == 2 else None
    more = {"values": number(row.get("values")), "n_infinite": _counts(row.get("n_infinite"))}
    return {**named, **values, **more, **_pictures(row), "further": further, "gain": gain}


def _counts(found: object) -> dict[str, int]:
    """Counts by name; none of what is no such dictionary."""
    known = found.items() if isinstance(found, dict) else ()
    return {str(name): int(count) for name, count in known if isinstance(count, int)}


def _pictures(row: Row) -> dict[str, Any]:
    """Of how many channels the pictures are, 1 or 3, and the name of the folder they are in; None for the unknown."""
    channels, place = number(row.get("channels")), row.get("place")
    return {"channels": int(channels) if channels in (1, 3) else None, "place": str(place) if place else None}


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


def content(folder: Path) -> dict[str, Any]:
    """What a run's results.json holds; nothing where it cannot be read."""
    return load(folder / "results.json", json.loads, {})


def read(folder: Path) -> dict[str, Any]:
    """A run folder's or an evaluation's facts, overrides, methods and result rows, whatever of it is missing."""
    results = content(folder)
    facts = {**dict.fromkeys(FACTS.split()), "draws": 1, **results, **_damage(folder, results)}
    config = load(folder / ".hydra/config.yaml", yaml.safe_load, {})
    return {
        **facts,
        **told(facts, folder / "results.csv", _configured(config.get("data"))),
        "overrides": [str(item) for item in load(folder / ".hydra/overrides.yaml", yaml.safe_load, [])],
        "job": folder.name,
        "page": (folder / "report.html").is_file(),
    }


def _damage(folder: Path, results: Row) -> dict[str, str]:
    """The status and error of a run whose results.json says none."""
    if not (folder / "results.json").exists():
        return {"status": "missing", "error": "no readable results.json"}
    if isinstance(results.get("status"), str):
        return {}
    lacking = ", ".join(key for key in NEEDED if key not in results) or "a readable status"
    return {"status": "damaged", "error": f"results.json is damaged: it lacks {lacking}"}


def _configured(data: object) -> dict[str, Any]:
    """What the configuration says of the pictures, for results that do not say it themselves."""
    keys = data if isinstance(data, dict) else {}
    folder = None if keys.get("test") else keys.get("path") or keys.get("clean")  # `test` is another, named set
    return _pictures({"channels": keys.get("channels"), "place": Path(folder).name if isinstance(folder, str) else ""})


def told(content: Row, per_image: Path | None = None, known: Row | None = None) -> dict[str, Any]:
    """The rows, methods and comparisons of a results.json with every key that a reader may ask for.

    Args:
        content: what results.json holds; older ones lack keys.
        per_image: results.csv, where infinite figures are counted if results.json does not say how many there are.
        known: the `channels` and `place` of rows that do not tell them.
    """
    given = dicts(content.get("rows"))
    same: Counter[Any] = Counter()
    if per_image and any(row.get("n_identical") is None for row in given):
        pictures = map(result_row, csv_rows(per_image))
        same.update(result_of(row) for row in pictures if row["psnr"] == math.inf)
    rows = [(row, result_row({**(known or {}), **row})) for row in given]
    whole = [{**row, "infinite": int(number(raw.get("n_identical")) or same[result_of(row)])} for raw, row in rows]
    methods = [{**dict.fromkeys(METHOD.split()), **found} for found in dicts(content.get("methods"))]
    for method in methods:
        method |= {"method": str(method["method"]), "trained_sigma": pair(method["trained_sigma"])}
        method["unknown"] = method["kind"] in ("checkpoint", "weights") and method["leak"] is None
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
