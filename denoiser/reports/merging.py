"""Results of several runs put together: which of them belong on one line of a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from denoiser.reports.grid import Column
from denoiser.reports.reading import Row
from denoiser.reports.summary import over_seeds

PLACES = (
    "noise.sigma=",
    "test.sigma=",
    "data=",
    "data.test=",
    "noise.clip=",
    "protocol=",
)  # overrides that a table's columns and protocol tell


@dataclass(frozen=True)
class Result:
    """A result row of a run, and the line of the merged table that it belongs on.

    Attributes:
        run: as `reading.read` gives it, with its `name`.
        row: one of its rows.
        fact: what the run says of the row's method.
        own: what tells its model from others of the same name: overrides, or the file that was evaluated.
        line: the name of its line.
    """

    run: Row
    row: Row
    fact: Row
    own: tuple[str, ...] = ()
    line: str = ""

    @property
    def column(self) -> Column:
        """What it is a result on."""
        return Column.of(self.row)

    @property
    def trained(self) -> bool:
        """Whether it comes from the run that trained the model, not from an evaluation."""
        return bool(self.run["kind"] != "evaluation")

    @property
    def noise(self) -> tuple[Hashable, ...]:
        """What makes its noise the same as another's on the same column."""
        return self.run["protocol"], self.run["seed"], self.run["draws"]


def results(runs: Sequence[Row]) -> list[Result]:
    """The rows of the finished runs, each with its line.

    Rows that differ only in `seed` share a line. Where one line would hold two results for the same place, its runs'
    overrides tell them apart, else their folders. Evaluations of the same file that agree are one result.
    """
    finished = [run for run in runs if run["status"] == "ok"]
    found = [_result(run, row) for run in finished for row in run["rows"]]
    return _by_folder(_by_overrides(_once(_less_common(found))))


def pooled(found: Sequence[Result]) -> list[dict[str, Any]]:
    """A row for each line and column, a mean over seeds; `method` is the line's name, `own` is empty."""
    pools: dict[tuple[str, Column], list[Row]] = defaultdict(list)
    for one in found:
        pools[one.line, one.column].append({**one.row, "trained_sigma": one.fact.get("trained_sigma")})
    return [{**over_seeds(rows), "method": line, "own": ()} for (line, _), rows in pools.items()]


def _result(run: Row, row: Row) -> Result:
    fact: Row = next((method for method in run["methods"] if method["method"] == row["method"]), {})
    trained = {"method": row["method"], "kind": "run", "params": run["params"], "macs": run["macs"]}
    if run["kind"] != "evaluation":  # overrides of an evaluation are no part of a model
        own = tuple(o for o in run["overrides"] if o != f"model={row['method']}" and not o.startswith("seed="))
        return Result(run, row, {**fact, **trained}, own)
    file = fact.get("sha256")
    return Result(run, row, fact, (f"{fact.get('kind')} {str(file)[:8]}",) if file else ())


def _less_common(found: Sequence[Result]) -> list[Result]:
    """Without the overrides that all results of the same method share; a file stays told from trainings of its name."""
    of = defaultdict(list)
    for one in found:
        of[one.row["method"], one.trained].append(set(one.own))
    common = {key: set.intersection(*owns) for key, owns in of.items()}
    common |= {(method, False): set() for method, trained in of if trained}
    return [
        replace(one, own=tuple(o for o in one.own if o not in common[one.row["method"], one.trained])) for one in found
    ]


def _once(found: Sequence[Result]) -> list[Result]:
    """Without what was evaluated twice with the same outcome: a baseline that stood in two evaluations is one."""
    first: dict[Hashable, Result] = {}
    for i, one in enumerate(found):
        again = one.fact.get("kind") in ("baseline", "weights", "checkpoint")
        scores = one.row["psnr"], one.row["ssim"], one.row["n_images"]
        key = (one.row["method"], one.own, one.column, one.noise, scores) if again else i
        first.setdefault(key, one)
    return list(first.values())


def _by_overrides(found: Sequence[Result]) -> list[Result]:
    """Named for the method and its own overrides, without those of PLACES where that leaves every place to one run."""
    short = [_named(one, tuple(item for item in one.own if not item.startswith(PLACES))) for one in found]
    clashing = {one.row["method"] for one in _clashing(short)}
    return [
        _named(one, one.own) if one.row["method"] in clashing else named
        for one, named in zip(found, short, strict=True)
    ]


def _by_folder(found: Sequence[Result]) -> list[Result]:
    """Lines that still hold two results for one place are one for each run."""
    clashing = {one.line for one in _clashing(found)}
    return [replace(one, line=f"{one.line} [{one.run['name']}]") if one.line in clashing else one for one in found]


def _named(one: Result, own: Sequence[str]) -> Result:
    return replace(one, line=", ".join([one.row["method"], *own]))


def _clashing(found: Sequence[Result]) -> list[Result]:
    places: dict[Hashable, list[Result]] = defaultdict(list)
    for one in found:
        places[one.line, one.column, one.noise[:2]].append(one)  # more draws of a seed hold its first
    return [one for several in places.values() if len(several) > 1 for one in several]
