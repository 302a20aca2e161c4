"""The models behind the results of several runs: the same weights are one model, whoever evaluated them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from denoiser.machine.files import sha256_of
from denoiser.noise.levels import LEVEL_KEYS
from denoiser.runs.reading import Run
from denoiser.runs.row import Row

BEST = Path("checkpoints", "best.ckpt")
IN_COLUMNS = ("seed", "noise", "noise.clip", *(f"test.{key}" for key in LEVEL_KEYS), "data.test", "protocol")
"""Overrides that never name a line: seeds are pooled, and columns or tables show the others."""
PICTURES = ("data", "data.path", "data.noisy", "data.clean", "data.csv")
"""Overrides that columns show where a model is tested on the data of its training."""


@dataclass(frozen=True)
class Model:
    """The model behind a result.

    Attributes:
        name: the name of its line.
        key: the same for the same weights; None where they are not recorded.
        run: the run that trained it; None where that is not among the runs.
    """

    name: str
    key: Hashable = None
    run: Run | None = None


def identified(runs: Sequence[Run]) -> dict[tuple[Path, str], Model]:
    """The model behind every method of every run, by folder and method."""
    evaluated = _evaluated_rows(runs)
    trained = {
        (run.folder, row.method): _trained(run, row.method, evaluated)
        for run in runs
        if not run.evaluation
        for row in run.rows
    }
    by_key = {model.key: model for model in reversed(trained.values()) if model.key}
    models = dict(trained)
    for run in (run for run in runs if run.evaluation):
        for row in run.rows:
            model = _evaluated(run, row.method)
            models[run.folder, row.method] = by_key.setdefault(model.key, model) if model.key else model
    return models


def _evaluated_rows(runs: Sequence[Run]) -> Mapping[Hashable, Sequence[Row]]:
    """The rows of all evaluations by the hash of the weights."""
    rows: dict[Hashable, list[Row]] = defaultdict(list)
    for run in (run for run in runs if run.evaluation):
        for row in run.rows:
            rows[run.method(row.method).sha256].append(row)
    return rows


def line_name(method: str, overrides: Iterable[str], elsewhere: Collection[str] = ()) -> str:
    """The name of a trained model's line: the model, and the overrides of its training that columns do not show.

    >>> line_name("unet", ["model=unet", "optimizer.lr=1e-3", "noise.sigma=15", "seed=2"])
    'unet, optimizer.lr=1e-3'

    The training's noise level or data stays where the model is tested at another level or on other data:

    >>> line_name("unet", ["noise.sigma=15", "test.sigma=[15,50]"])
    'unet, noise.sigma=15'

    Args:
        method: the model.
        overrides: the overrides of the training.
        elsewhere: overrides that columns do not show, because an evaluation has another level or other data.
    """
    values = {key: value for key, _, value in (item.lstrip("+").partition("=") for item in overrides)}
    shown = {key: None for key in IN_COLUMNS}
    for key in LEVEL_KEYS:
        if values.get(f"test.{key}", values.get(f"noise.{key}")) == values.get(f"noise.{key}"):
            shown[f"noise.{key}"] = None
    if "data.test" not in values:
        shown |= dict.fromkeys(PICTURES)
    hidden = shown.keys() - set(elsewhere)
    left = [f"{k}={value}" for k, value in values.items() if k not in hidden and (k, value) != ("model", method)]
    return ", ".join([method, *left])


def _trained(run: Run, method: str, evaluated: Mapping[Hashable, Sequence[Row]]) -> Model:
    file = run.folder / BEST
    key = run.method(method).sha256 or (sha256_of(file) if file.is_file() else None)  # older runs do not record it
    rows = evaluated.get(key, ()) if key else ()
    elsewhere: set[str] = set()
    if not {row.level for row in rows} <= {row.level for row in run.rows}:
        elsewhere.update(f"noise.{key}" for key in LEVEL_KEYS)
    if not {(row.data, row.folder) for row in rows} <= {(row.data, row.folder) for row in run.rows}:
        elsewhere.update(PICTURES)
    return Model(line_name(method, run.overrides, elsewhere), key, run)


def _evaluated(run: Run, method: str) -> Model:
    """A file is known by its hash, a baseline by its name."""
    facts = run.method(method)
    return Model(method, facts.sha256 or (("baseline", method) if facts.kind == "baseline" else None))
