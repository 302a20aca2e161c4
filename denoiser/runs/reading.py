"""A run folder or an evaluation's folder, read once into an object, whatever of it is missing or damaged."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from denoiser.config import register_resolvers
from denoiser.noise.levels import LEVEL_KEYS, LEVEL_KINDS, SIGMA, LevelKind
from denoiser.runs.csv_files import csv_rows
from denoiser.runs.folder import RESULTS, overrides, results
from denoiser.runs.parse import Range, dicts, load, number, pair, text, whole
from denoiser.runs.row import Difference, Row
from denoiser.runs.smoke import stamped

NEEDED = ("status", "protocol", "seed", "rows")
"""The keys of results.json without which it is damaged."""
WORDS = ("kind", "protocol", "seed", "command", "commit", "device", "precision", "memory_format", "train_data")
NUMBERS = ("seconds", "params", "macs", "train_images", "epochs", "steps")


@dataclass(frozen=True)
class MethodFacts:
    """What an evaluation or a training records of a method.

    Attributes:
        method: its name in the rows.
        kind: `run`, `checkpoint`, `weights` or `baseline`.
        source: its file.
        sha256: the hash of that file.
        architecture: in words.
        trained_on: the data of its training.
        trained_levels: the lowest and the highest noise level of its training, by the key of their kind.
        params: learned numbers.
        macs: multiply-accumulates for a 256 x 256 image.
        leak: test pictures that it was trained or selected on.
        unknown: whether it is not known on which pictures it was trained.
    """

    method: str
    kind: str | None = None
    source: str | None = None
    sha256: str | None = None
    architecture: str | None = None
    trained_on: str | None = None
    trained_levels: Mapping[str, Range] = field(default_factory=dict)
    params: float | None = None
    macs: float | None = None
    leak: tuple[str, ...] = ()
    unknown: bool = False

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> MethodFacts:
        """An entry of `methods` in results.json; what is missing or damaged there is None here."""
        leak = content.get("leak")
        spans = {kind: pair(content.get(f"trained_{kind}")) for kind in LEVEL_KEYS}
        return cls(
            method=str(content.get("method")),
            kind=text(content.get("kind")),
            source=text(content.get("source")),
            sha256=text(content.get("sha256")),
            architecture=text(content.get("architecture")),
            trained_on=text(content.get("trained_on")),
            trained_levels={kind: span for kind, span in spans.items() if span},
            params=number(content.get("params")),
            macs=number(content.get("macs")),
            leak=tuple(map(str, leak)) if isinstance(leak, list) else (),
            unknown=content.get("kind") in ("checkpoint", "weights") and leak is None,
        )

    def span(self, row: Row) -> Range | None:
        """The lowest and the highest level of its training, of the kind of a row's level; None where there are none."""
        return self.trained_levels.get(row.level_kind.key)

    @property
    def smoke(self) -> str | None:
        """The stamp of weights that a few batches trained; None for others."""
        return stamped(self.trained_on)

    @property
    def level_kind(self) -> LevelKind:
        """What the noise levels of its training are; sigma where they are not recorded."""
        return next((kind for kind in LEVEL_KINDS if kind.key in self.trained_levels), SIGMA)

    @property
    def trained(self) -> Range | None:
        """The lowest and the highest noise level of its training; None where they are not recorded."""
        return self.trained_levels.get(self.level_kind.key)


@dataclass(frozen=True)
class Run:
    """A training run or an evaluation.

    Attributes:
        folder: its folder.
        name: its name in a comparison.
        status: `ok`, `failed`, `interrupted`; `missing` without results.json, `damaged` where that has no status.
        error: why it did not finish.
        rows: the results.
        methods: what is recorded of the methods of these rows.
        differences: the paired differences that an evaluation made.
        overrides: the overrides of its command.
        has_page: whether the folder has a report.html.

    The other attributes are what results.json records of the run, None where it does not.
    """

    folder: Path
    name: str
    status: str
    error: str | None = None
    kind: str | None = None
    protocol: str | None = None
    seed: str | None = None
    draws: int = 1
    rows: tuple[Row, ...] = ()
    methods: tuple[MethodFacts, ...] = ()
    differences: tuple[Difference, ...] = ()
    overrides: tuple[str, ...] = ()
    has_page: bool = False
    command: str | None = None
    commit: str | None = None
    device: str | None = None
    precision: str | None = None
    memory_format: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None
    params: float | None = None
    macs: float | None = None
    train_data: str | None = None
    train_images: float | None = None
    epochs: float | None = None
    steps: float | None = None

    @property
    def finished(self) -> bool:
        """Whether it came to its end and has results."""
        return self.status == "ok"

    @property
    def evaluation(self) -> bool:
        """Whether it scored trained models and baselines; else it trained the model that it scored."""
        return self.kind == "evaluation"

    @property
    def smoke(self) -> str | None:
        """The stamp of a training of a few batches; None for others."""
        return None if self.evaluation else next((facts.smoke for facts in self.methods if facts.smoke), None)

    def method(self, name: str) -> MethodFacts:
        """What is recorded of a method; nothing but its name where that is all."""
        return next((facts for facts in self.methods if facts.method == name), MethodFacts(name))


def read(folder: Path) -> Run:
    """A run folder or an evaluation's folder."""
    content = results(folder)
    status, error = _status(folder, content)
    config = load(folder / ".hydra/config.yaml", yaml.safe_load, {})
    return replace(
        from_results(content, folder, _pictures(config.get("data"))),
        status=status,
        error=error,
        overrides=tuple(overrides(folder)),
        has_page=(folder / "report.html").is_file(),
    )


def from_results(content: Mapping[str, Any], folder: Path = Path(), pictures: Mapping[str, Any] | None = None) -> Run:
    """A run from the content of its `results.json`.

    Args:
        content: the content.
        folder: its folder; `results.csv` in it shows what old results do not count.
        pictures: `channels` and `place` for rows that do not record them.
    """
    words = {key: text(content.get(key)) for key in WORDS}
    numbers = {key: number(content.get(key)) for key in NUMBERS}
    versions = content.get("versions")
    methods = tuple(map(MethodFacts.from_json, dicts(content.get("methods"))))
    entries = [{**(pictures or {}), **entry} for entry in dicts(content.get("rows"))]
    facts: dict[str, Any] = {**words, **numbers}
    return Run(
        folder=folder,
        name=folder.name,
        status=str(content.get("status")),
        draws=whole(content.get("draws")) or 1,
        versions=versions if isinstance(versions, dict) else {},
        rows=_rows(entries, methods, folder / "results.csv"),
        methods=methods,
        differences=tuple(map(Difference.from_json, dicts(content.get("comparisons")))),
        **facts,
    )


def _status(folder: Path, content: Mapping[str, Any]) -> tuple[str, str | None]:
    """The status and error of a run, also of one whose results.json has none."""
    if not (folder / RESULTS).exists():
        return "missing", "no readable results.json"
    if isinstance(content.get("status"), str):
        return content["status"], text(content.get("error"))
    lacking = ", ".join(key for key in NEEDED if key not in content) or "a readable status"
    return "damaged", f"results.json is damaged: it lacks {lacking}"


def _pictures(data: object) -> dict[str, Any]:
    """`channels` and `place` of the pictures by the configuration, for results that do not record them."""
    keys = data if isinstance(data, dict) else {}
    folder = None if keys.get("test") else keys.get("path") or keys.get("clean")  # `test` is another, named set
    return {"channels": keys.get("channels"), "place": Path(folder).name if isinstance(folder, str) else None}


def _rows(entries: Sequence[Mapping[str, Any]], methods: Sequence[MethodFacts], per_image: Path) -> tuple[Row, ...]:
    """The rows, each with the costs of its method and the number of identical outputs."""
    rows = [Row.from_json(entry) for entry in entries]
    facts = {method.method: method for method in methods}
    identical: Counter[Any] = Counter()
    if any(row.n_identical is None for row in rows):  # older runs did not count them
        images = map(Row.from_json, csv_rows(per_image))
        identical.update(row.key for row in images if row.psnr == math.inf)
    whole_rows = []
    for row in rows:
        method = facts.get(row.method, MethodFacts(row.method))
        count = row.n_identical or identical[row.key]
        whole_rows.append(replace(row, n_identical=count, params=method.params, macs=method.macs))
    return tuple(whole_rows)


def config_text(folder: Path) -> tuple[str, str]:
    """A run's configuration as YAML, and why its interpolations are not resolved; nothing where they are."""
    content = load(folder / ".hydra/config.yaml", str, "")
    register_resolvers()
    try:
        return (OmegaConf.to_yaml(OmegaConf.create(content), resolve=True) if content else ""), ""
    except (OmegaConfBaseException, yaml.YAMLError, ValueError, TypeError, RecursionError, AssertionError) as error:
        return content, str(error).partition("\n")[0] or "it holds no keys"  # OmegaConf asserts that without a word
