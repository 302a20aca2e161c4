"""Whose results are in several runs: the same weights are one model, whoever evaluated them and under what name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from denoiser.machine.files import sha256_of
from denoiser.runs.gather import names
from denoiser.runs.reading import Row

BEST = Path("checkpoints", "best.ckpt")
Models = dict[tuple[Path, str], "Model"]
"""By run folder and method."""


@dataclass(frozen=True)
class Model:
    """What a line of a comparison is of.

    Attributes:
        name: of the line, before overrides.
        key: the same for the same weights; None where that is not known.
        own: overrides of its training.
        run: that trained it; None where it is not among the runs.
        source: the file that was evaluated, or None.
        facts: what its training tells of it.
    """

    name: str
    key: Hashable = None
    own: tuple[str, ...] = ()
    run: Row | None = None
    source: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def identified(runs: Iterable[Row]) -> Models:
    """The model behind every method of every run.

    Models of one name are told apart by the overrides of their trainings, or by the folders that hold their files.
    """
    runs = list(runs)
    trained = _less_common(
        {
            (run["folder"], row["method"]): _trained(run, row["method"])
            for run in runs
            if _training(run)
            for row in run["rows"]
        }
    )
    known = {model.key: model for model in reversed(trained.values()) if model.key}
    found = dict(trained)
    for run in (run for run in runs if not _training(run)):
        for row in run["rows"]:
            one = _evaluated(run, row["method"])
            found[run["folder"], row["method"]] = known.get(one.key, one)
    return _told_apart(found)


def _training(run: Row) -> bool:
    return bool(run["kind"] != "evaluation")


def _fact(run: Row, method: str) -> Row:
    return next((fact for fact in run["methods"] if fact["method"] == method), {})


def _trained(run: Row, method: str) -> Model:
    fact, file = _fact(run, method), run["folder"] / BEST
    own = tuple(o for o in run["overrides"] if o != f"model={method}" and not o.startswith("seed="))
    key = str(fact.get("sha256") or "") or (sha256_of(file) if file.is_file() else None)  # older runs do not say it
    return Model(method, key, own, run, None, {"kind": "run", "params": run["params"], "macs": run["macs"]})


def _evaluated(run: Row, method: str) -> Model:
    """A baseline is known by its name, a file by its hash, under the name without what tells it apart there."""
    fact = _fact(run, method)
    if not fact.get("sha256"):
        return Model(method, (fact.get("kind"), method) if fact.get("kind") == "baseline" else None)
    source = str(fact.get("source") or run["name"])
    name = method if Path(source).stem == method else re.sub(r" \(.*\)$", "", method)
    return Model(name, str(fact["sha256"]), source=source)


def _less_common(found: Models) -> Models:
    """Without the overrides that all trainings of one method share."""
    of = defaultdict(list)
    for model in found.values():
        of[model.name].append(set(model.own))
    common = {name: set.intersection(*owns) for name, owns in of.items()}
    return {
        at: replace(model, own=tuple(o for o in model.own if o not in common[model.name]))
        for at, model in found.items()
    }


def _told_apart(found: Models) -> Models:
    """Files of one name are called by their folders too, where several models have that name."""
    keys: dict[str, set[Hashable]] = defaultdict(set)
    for model in found.values():
        keys[model.name].add(model.run["folder"] if model.run else model.key)
    files = list(dict.fromkeys(_place(model.source) for model in found.values() if model.source))
    labels = dict(zip(files, names(files), strict=True))
    return {
        at: replace(model, name=f"{model.name} ({labels[_place(model.source)]})")
        if model.source and len(keys[model.name]) > 1
        else model
        for at, model in found.items()
    }


def _place(source: str) -> Path:
    """What a file is called by: a run's folder for its best checkpoint, else the file without its ending."""
    file = Path(source)
    return file.parents[1] if file.parts[-2:] == BEST.parts else file.with_suffix("")
