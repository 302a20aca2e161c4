"""Results of several runs put together: each has its line and its column in one table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from denoiser.errors import DenoiserError
from denoiser.reports.comparison.models import Model, identified
from denoiser.reports.comparison.pictures import PictureScores, classes, csv_key, picture_scores
from denoiser.reports.tables.grid import NOISY, Condition
from denoiser.runs.gather import sweep
from denoiser.runs.reading import MethodFacts, Run
from denoiser.runs.row import Row
from denoiser.runs.seeds import SeedMean, over_seeds

TOLERANCE = {"psnr": 0.01, "ssim": 0.001}
"""Differences that rounding makes: the same weights in another precision or on another machine."""


@dataclass(frozen=True)
class Result:
    """A result row of a run in the merged table.

    Attributes:
        run: the run.
        row: one of its rows.
        facts: what is recorded of the row's method.
        model: the model behind it.
        condition: its column.
        pictures: the scores of every picture.
        line: the name of its line.
    """

    run: Run
    row: Row
    facts: MethodFacts
    model: Model
    condition: Condition
    pictures: PictureScores = field(default_factory=dict)
    line: str = ""

    @property
    def noise(self) -> tuple[str, ...]:
        """Equal for results of one condition whose noise is the same."""
        return str(self.run.protocol), str(self.run.seed), str(self.run.draws)

    @property
    def home(self) -> Run:
        """The run that trained the model where that is known, else the result's own."""
        return self.model.run or self.run

    @property
    def seeds(self) -> Hashable:
        """The protocol, the seed of the noise and the seed of the training; None where that is not known."""
        return *self.noise[:2], self.model.run and self.model.run.seed


def results(runs: Sequence[Run], labels: Mapping[Path, str] | None = None) -> list[Result]:
    """The rows of the finished runs, each with its line and its column.

    A line is a model and the overrides of its training that columns do not show; seeds share a line. Results that
    agree count once, and the evaluation of a model counts instead of its own test.

    Args:
        runs: the runs.
        labels: words that are added to the lines of a run or of a sweep, by its folder.

    Raises:
        DenoiserError: a line has two different results for the same column and seed, or two unrelated models.
    """
    finished = [run for run in runs if run.finished]
    models = identified(finished)
    several = []
    for run in finished:
        scores = picture_scores(run.folder)
        for row in run.rows:
            model = models[run.folder, row.method]
            facts = run.method(row.method)
            if model.run:
                facts = replace(facts, kind="run", params=model.run.params, macs=model.run.macs)
            line = model.name + _label(labels or {}, run, model)
            several.append(Result(run, row, facts, model, Condition.from_row(row), scores.get(csv_key(row), {}), line))
    return _once(_in_columns(several))


def pooled(several: Sequence[Result]) -> list[SeedMean]:
    """The result of each line and column, a mean over seeds; its method is the name of the line."""
    pools: dict[tuple[str, Condition], list[Result]] = defaultdict(list)
    for result in several:
        pools[result.line, result.condition].append(result)
    return [
        over_seeds([_row(one) for one in pool], [one.facts.span(one.row) for one in pool]) for pool in pools.values()
    ]


def _row(result: Result) -> Row:
    condition = result.condition
    return replace(result.row, method=result.line, channels=condition.channels, folder=condition.folder)


def _label(labels: Mapping[Path, str], run: Run, model: Model) -> str:
    """The label of the result's own folder, else of the run that trained its model."""
    folders = [folder for one in (run, model.run) if one for folder in (one.folder, sweep(one.folder))]
    return next((f" [{labels[folder]}]" for folder in folders if folder in labels), "")


def _in_columns(several: Sequence[Result]) -> list[Result]:
    """Each in the column of its pictures; runs that do not record which theirs are go with those that do."""
    kinds: dict[str, set[tuple[int | None, str | None]]] = defaultdict(set)
    for result in several:
        kinds[result.row.data].add((result.row.channels, result.row.folder))
    recorded = {data: kind - {(None, None)} for data, kind in kinds.items()}
    groups: dict[Condition, list[int]] = defaultdict(list)
    for i, result in enumerate(several):
        kind = recorded[result.row.data]
        channels, folder = next(iter(kind)) if len(kind) == 1 else (result.row.channels, result.row.folder)
        groups[result.condition._replace(channels=channels, folder=folder)].append(i)
    columns: dict[int, Condition] = {}
    for condition, members in groups.items():
        columns |= zip(members, _split(condition, [several[i] for i in members]), strict=True)
    return [replace(result, condition=columns[i]) for i, result in enumerate(several)]


def _split(condition: Condition, several: Sequence[Result]) -> Iterable[Condition]:
    """A column for each set of pictures; if there are several, named for the first run that has them."""
    numbers = classes([(result.noise, result.pictures) for result in several])
    first = {number: one.run.name for number, one in reversed(list(zip(numbers, several, strict=True)))}
    if len(first) == 1:
        return [condition] * len(several)
    return [condition._replace(folder=f"{condition.folder or ''} [{first[i]}]".lstrip()) for i in numbers]


def _once(several: Sequence[Result]) -> list[Result]:
    """Each result once, in the order they came."""
    scored = [result for result in several if result.row.method != NOISY]
    _check_models(scored)
    by_seed: dict[Hashable, Result] = {}
    for result in sorted(scored, key=lambda one: not one.run.evaluation):
        first = by_seed.setdefault((result.line, result.condition, result.seeds), result)
        apart = first.run is not result.run or first.model.key != result.model.key
        if apart and not _agree(first.row, result.row):
            raise _clash(first, result)
    evaluated = {_weights(result) for result in scored if result.run.evaluation and result.model.key}
    counted = {id(one) for one in by_seed.values() if one.run.evaluation or _weights(one) not in evaluated}
    return [result for result in several if result.row.method == NOISY or id(result) in counted]


def _weights(result: Result) -> Hashable:
    return result.line, result.model.key, result.condition, result.noise[0]


def _agree(first: Row, second: Row) -> bool:
    pairs = [(first.figures.get(key), second.figures.get(key), most) for key, most in TOLERANCE.items()]
    return all(a == b or (a is not None and b is not None and abs(a - b) < most) for a, b, most in pairs)


def _check_models(several: Sequence[Result]) -> None:
    """Weights of unknown training have a line of their own: nobody can say that they differ in the seed alone."""
    firsts: dict[str, Result] = {}
    for result in several:
        first = firsts.setdefault(result.line, result)
        keys, runs = (first.model.key, result.model.key), (first.model.run, result.model.run)
        if keys[0] != keys[1] and None in runs and (None not in keys or any(runs)):
            raise DenoiserError(
                f"{result.line} is two models ({first.run.folder}, {result.run.folder})", _fix(first, result)
            )


def _clash(first: Result, second: Result) -> DenoiserError:
    column = f"{second.row.data}, {second.condition.words}, seed {second.home.seed}"
    folders = ", ".join(str(folder) for folder in _folders(first, second))
    return DenoiserError(f"{second.line} has two results on {column} ({folders})", _fix(first, second))


def _folders(first: Result, second: Result) -> tuple[Path, Path]:
    """The folders of two results; of two models of one evaluation, those of their trainings."""
    if first.run is second.run:
        return first.home.folder, second.home.folder
    return first.run.folder, second.run.folder


def _fix(first: Result, second: Result) -> str:
    """A label for the second; for an evaluation rather than for the training, whose label its evaluations share."""
    labelled = first if first.run.evaluation and not second.run.evaluation else second
    folder = _folders(first, second)[labelled is second]
    return f"--label {folder}=NAME, which adds [NAME] to its line"
