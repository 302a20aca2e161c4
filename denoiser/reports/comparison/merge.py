"""Results of several runs put together: which of them belong on one line and in one column of a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from denoiser.reports.comparison.models import Model, identified
from denoiser.reports.comparison.pictures import Scores, classes, place, scores
from denoiser.reports.sweep_page import over_seeds
from denoiser.reports.tables.grid import NOISY, Column
from denoiser.runs.gather import names, sweep
from denoiser.runs.reading import Row

PLACES = (
    "noise.sigma=",
    "test.sigma=",
    "data=",
    "data.test=",
    "noise.clip=",
    "protocol=",
)  # overrides that a table's columns and protocol tell
AGREE = {"psnr": 0.01, "ssim": 0.001}  # to rounding: the same weights in another precision or on another machine


@dataclass(frozen=True)
class Result:
    """A result row of a run, and the line of the merged table that it belongs on.

    Attributes:
        run: as `reading.read` gives it, with its `folder` and `name`.
        row: one of its rows.
        fact: what the run says of the row's method.
        model: whose result it is.
        pictures: the scores of every picture.
        column: what it is a result on.
        line: the name of its line.
    """

    run: Row
    row: Row
    fact: Row
    model: Model
    column: Column
    pictures: Scores = field(default_factory=dict)
    line: str = ""

    @property
    def trained(self) -> bool:
        """Whether it comes from the run that trained the model, not from an evaluation."""
        return bool(self.run["kind"] != "evaluation")

    @property
    def noise(self) -> tuple[str, ...]:
        """What makes its noise the same as another's on the same column."""
        return tuple(str(self.run[key]) for key in ("protocol", "seed", "draws"))

    @property
    def home(self) -> Row:
        """The run that trained the model where that is known, else its own."""
        return self.model.run or self.run


def results(runs: Sequence[Row]) -> list[Result]:
    """The rows of the finished runs, each with its line and its column.

    The same weights are one line whoever evaluated them, and models that differ only in `seed` share one. Where one
    line would hold two results for the same place, its runs' overrides tell them apart, else their sweeps or folders.
    """
    finished = [run for run in runs if run["status"] == "ok"]
    models = identified(finished)
    found = []
    for run in finished:
        of = scores(run["folder"])
        facts = {method["method"]: method for method in run["methods"]}
        for row in run["rows"]:
            model = models[run["folder"], row["method"]]
            fact = {**facts.get(row["method"], {}), **model.facts}
            found.append(Result(run, row, fact, model, Column.of(row), of.get(place(row), {})))
    return _by_folder(_by_overrides(_once(_columns(found))))


def pooled(found: Sequence[Result]) -> list[dict[str, Any]]:
    """A row for each line and column, a mean over seeds; `method` is the line's name, `own` is empty."""
    pools: dict[tuple[str, Column], list[Row]] = defaultdict(list)
    for one in found:
        pictures = {"channels": one.column.channels, "place": one.column.place}
        trained = {"trained_sigma": one.fact.get("trained_sigma")}
        pools[one.line, one.column].append({**one.row, **pictures, **trained})
    return [{**over_seeds(rows), "method": line, "own": ()} for (line, _), rows in pools.items()]


def _columns(found: Sequence[Result]) -> list[Result]:
    """Each in a column of its own pictures; runs that do not say of what kind theirs are go with those that do."""
    kinds: dict[str, set[tuple[Any, ...]]] = defaultdict(set)
    for one in found:
        kinds[one.row["data"]].add((one.column.channels, one.column.place))
    told = {data: known.pop() for data, of in kinds.items() if len(known := of - {(None, None)}) == 1}
    groups: dict[Column, list[Result]] = defaultdict(list)
    for one in found:
        channels, folder = told.get(one.row["data"], (one.column.channels, one.column.place))
        groups[one.column._replace(channels=channels, place=folder)].append(one)
    made = {id(one): column for key, several in groups.items() for one, column in _split(key, several)}
    return [replace(one, column=made[id(one)]) for one in found]


def _split(column: Column, found: Sequence[Result]) -> Iterable[tuple[Result, Column]]:
    """A column for each set of pictures, named for the first run that has them if there are several."""
    numbers = classes([(one.noise, one.pictures) for one in found])
    first = {number: one.run["name"] for number, one in reversed(list(zip(numbers, found, strict=True)))}
    for number, one in zip(numbers, found, strict=True):
        place = f"{column.place or ''} [{first[number]}]".lstrip()
        yield one, column if len(first) == 1 else column._replace(place=place)


def _once(found: Sequence[Result]) -> list[Result]:
    """Without what was measured twice: evaluations of one model that agree, and its own test beside an evaluation."""
    kept: dict[Hashable, list[Result]] = defaultdict(list)
    for one in sorted(found, key=lambda one: one.trained):
        there = kept[one.model.key, one.column, one.noise[0]]
        same = [other for other in there if other.noise == one.noise]
        twice = any(map(_agree, same, [one] * len(same))) if same else one.trained and bool(there)
        if not one.model.key or not twice:
            there.append(one)
    left = {id(one) for several in kept.values() for one in several}
    return [one for one in found if id(one) in left]


def _agree(one: Result, other: Result) -> bool:
    pairs = [(one.row[key], other.row[key], AGREE[key]) for key in AGREE]
    return all(a == b or (a is not None and b is not None and abs(a - b) < most) for a, b, most in pairs)


def _by_overrides(found: Sequence[Result]) -> list[Result]:
    """Named for the model and its own overrides, without those of PLACES where that leaves every place to one run."""
    short = [_named(one, [item for item in one.model.own if not item.startswith(PLACES)]) for one in found]
    clashing = {one.model.name for one in _clashing(short)}
    return [
        _named(one, one.model.own) if one.model.name in clashing else named
        for one, named in zip(found, short, strict=True)
    ]


def _by_folder(found: Sequence[Result]) -> list[Result]:
    """Lines that still hold two results for one place are one for each sweep, and else for each run."""
    sweeps = list(dict.fromkeys(sweep(one.home["folder"]) for one in found))
    called = dict(zip(sweeps, names(sweeps), strict=True))
    clashing = {one.line for one in _clashing(found)}
    apart = [
        replace(one, line=f"{one.line} [{called[sweep(one.home['folder'])]}]") if one.line in clashing else one
        for one in found
    ]
    still = {one.line for one in _clashing(apart)}
    return [
        replace(one, line=f"{before.line} [{one.run['name']}]") if one.line in still else one
        for one, before in zip(apart, found, strict=True)
    ]


def _named(one: Result, own: Sequence[str]) -> Result:
    return replace(one, line=", ".join([one.model.name, *own]))


def _clashing(found: Sequence[Result]) -> list[Result]:
    places: dict[Hashable, list[Result]] = defaultdict(list)
    for one in (one for one in found if one.row["method"] != NOISY):
        noise = one.noise[:2]  # more draws of a seed hold its first
        places[one.line, one.column, noise, str(one.home["seed"])].append(one)
    return [one for several in places.values() if len(several) > 1 for one in several]
