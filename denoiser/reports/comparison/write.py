"""Several runs, sweeps and evaluations as one comparison: a page, a table in Markdown and LaTeX, and all figures."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from denoiser.errors import DenoiserError
from denoiser.machine.files import write_text
from denoiser.machine.terminal import printable
from denoiser.noise.levels import SIGMA
from denoiser.reports.comparison.differences import differences
from denoiser.reports.comparison.merge import Result, pooled, results
from denoiser.reports.html import plots
from denoiser.reports.html.render import write_page
from denoiser.reports.tables import markup, render
from denoiser.reports.tables.format import FEW_PICTURES, NARROW, TIMED, level_kinds, shown, stated
from denoiser.reports.tables.grid import NOISY, Condition, Grid
from denoiser.reports.tables.notes import noisy_inputs
from denoiser.runs.csv_files import csv_rows, csv_text
from denoiser.runs.gather import names
from denoiser.runs.reading import MethodFacts, Run, read
from denoiser.runs.seeds import SeedMean


class LineModel(NamedTuple):
    """A model behind a line of the tables.

    Attributes:
        facts: what is recorded of it, named for the line.
        seconds: per megapixel, if they were measured.
        runs: the names of the runs that trained and tested it.
        overrides: the overrides of its training; none where that is not among the runs.
    """

    facts: MethodFacts
    seconds: float | None
    runs: tuple[str, ...]
    overrides: tuple[str, ...]


FILES = ("report.html", "table.md", "table.tex", "results.csv")


def write_comparison(
    folders: Sequence[Path], out: Path, overwrite: bool = False, labels: Mapping[Path, str] | None = None
) -> str:
    """Write report.html, table.md, table.tex and results.csv into a folder; returns the tables for a terminal.

    Args:
        folders: run and evaluation folders, see `runs.gather`.
        out: the folder; created if missing.
        overwrite: replace an earlier comparison there.
        labels: words that are added to the lines of a run or a sweep, by its folder.

    Raises:
        DenoiserError: the folder holds such files or a run, or two results need a label (exit code 2), or the folder
            cannot be written (3).
    """
    _check(out, overwrite)
    runs = [replace(read(folder), name=name) for folder, name in zip(folders, names(folders), strict=True)]
    merged = results(runs, labels)
    sections = [_section(protocol, several) for protocol, several in _by_protocol(merged).items()]
    texts = {"table.md": [section["markdown"] for section in sections]}
    texts |= {"table.tex": [section["latex"] for section in sections], "results.csv": [_per_image(runs)]}
    for name, parts in texts.items():
        write_text(out / name, printable("\n".join(parts), "utf-8"))  # a folder's name need not be UTF-8
    links = [_link(run.folder / "report.html", out) if run.has_page else "" for run in runs]
    models = _models(merged)
    kinds = list(dict.fromkeys(model.facts.level_kind for model in models)) or [SIGMA]
    page = {"runs": runs, "links": links, "sections": sections, "models": models, "kinds": kinds, "timed": TIMED}
    write_page(out / "report.html", "comparison.html", **page)
    return "\n\n".join([section["text"] for section in sections] or ["no run finished with results"]) + _broken(runs)


def _broken(runs: Sequence[Run]) -> str:
    """A line for each run that did not finish, with its reason."""
    lines = [(run.name, run.status, (run.error or "").partition("\n")[0]) for run in runs if not run.finished]
    return "".join(f"\n{name}: {status}: {error}" for name, status, error in lines)


def _check(out: Path, overwrite: bool) -> None:
    if (out / "results.json").exists() or (out / ".hydra").exists():
        raise DenoiserError(f"the folder holds a run ({out})", "give another folder: -o FOLDER")
    existing = [name for name in FILES if (out / name).exists()]
    if existing and not overwrite:
        raise DenoiserError(f"the folder holds {existing[0]} already ({out})", "-o another folder, or --overwrite")


def _link(page: Path, out: Path) -> str:
    return quote(os.fsencode(Path(os.path.relpath(page, out.resolve())).as_posix()))


def _by_protocol(merged: Sequence[Result]) -> dict[str, list[Result]]:
    """Figures of different protocols never share a table."""
    protocols = defaultdict(list)
    for result in merged:
        protocols[str(result.run.protocol)].append(result)
    return protocols


def _section(protocol: str, merged: Sequence[Result]) -> dict[str, Any]:
    """The table under one protocol as text, Markdown, LaTeX and parts of a page."""
    means = pooled(merged)
    grid = Grid(protocol)
    for mean in means:
        grid.put(mean.row, mean.sd, mean.seeds or 1)
    pairs = [replace(pair, data=grid.pictures(condition)) for condition, pair in differences(merged)]
    noisy = noisy_inputs([mean.row for mean in means], protocol)
    words, notes, leaks, smoke = render.differences(pairs), _notes(merged, grid), _leaks(merged), _smoke(merged)
    warnings = [f"LEAK: {line} was {leak}" for line, leak in leaks.items()]
    warnings += [f"{line}: {stamp}" for line, stamp in smoke.items()]
    narrow = [NARROW] * any((pair.n_images or 0) < FEW_PICTURES for pair in pairs)
    counts = _counts(merged, grid)
    below = [counts, *noisy, *notes, *warnings, *narrow]
    caption = " ".join([_seeds(merged), *(f"{line}." for line in (*notes, *warnings, *narrow))])
    return {
        "protocol": protocol,
        "grid": grid,
        "rows": [mean.row for mean in means],
        "kinds": level_kinds(mean.row for mean in means),
        "differences": pairs,
        "notes": notes,
        "stamps": {line: [one[line] for one in (leaks, smoke) if line in one] for line in grid.lines},
        "noisy": noisy,
        "narrow": narrow,
        "counts": counts,
        "plots": _plots(means, grid),
        "text": "\n".join([stated(protocol), *render.aligned(_lines(grid), 1), *below, *render.few(words)]),
        "markdown": markup.grid_markdown(grid) + "\n" + "".join(f"- {line}\n" for line in (*below, *words)),
        "latex": markup.latex(grid, caption),
    }


def _lines(grid: Grid) -> list[list[str]]:
    """The table for a terminal."""
    heads = ["Method", *map(grid.words, grid.conditions)]
    lines = [[line, *(grid.text(line, at, str, " ± ", "–") for at in grid.conditions)] for line in grid.lines]  # noqa: RUF001
    return [heads, *lines, ["Noisy input", *map(grid.noisy_text, grid.conditions)]]


def _counts(merged: Sequence[Result], grid: Grid) -> str:
    """The numbers of images and seeds."""
    low, high = grid.seeds[0], grid.seeds[-1]
    over = f"; ± is the standard deviation (n - 1) over {low if low == high else f'{low} to {high}'} seeds"
    return f"{grid.images}; {_seeds(merged)[:-1].lower()}" + over * (high > 1)


def _notes(merged: Sequence[Result], grid: Grid) -> list[str]:
    """What is missing from the table."""
    cells = len(grid.lines) * len(grid.conditions)
    empty = f"{grid.missing} of {cells} cells are empty (–): no finished run has them"  # noqa: RUF001
    count = sum(result.row.n_identical or 0 for result in merged)
    infinite = f"outputs identical to the clean picture (infinite PSNR, left out of the means): {count}"
    return [empty] * bool(grid.missing) + [infinite] * bool(count)


def _leaks(merged: Sequence[Result]) -> dict[str, str]:
    """The lines whose model was trained or selected on pictures that it is tested on."""
    leaks = [(result.line, len(result.facts.leak), shown(result.row.n_images, ".0f")) for result in merged]
    return {line: f"trained or selected on {count} of {images} pictures" for line, count, images in leaks if count}


def _smoke(merged: Sequence[Result]) -> dict[str, str]:
    """The lines of which a few batches trained a model."""
    return {result.line: result.facts.smoke for result in reversed(merged) if result.facts.smoke}


def _seeds(merged: Sequence[Result]) -> str:
    """The seeds and draws of noise, for a caption."""
    noise = _seed_words(result.run for result in merged)
    trained = _seed_words(result.model.run for result in merged if result.model.run)
    apart = f" of the noise, {trained.lower()} of the training" if trained and trained != noise else ""
    draws = sorted({str(result.run.draws) for result in merged} - {"1"})
    several = f", draws of noise: {', '.join(draws)}" if draws else ""
    return f"{noise}{apart}{several}."


def _seed_words(runs: Iterable[Run]) -> str:
    seeds = sorted({str(run.seed) for run in runs}, key=lambda seed: (len(seed), seed))
    return f"Seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}" if seeds else ""


def _plots(means: Sequence[SeedMean], grid: Grid) -> dict[str, str]:
    """PSNR against the noise level for each data and noise with several levels; a line has one colour in all plots."""
    drawn = {}
    first = {condition.family: condition for condition in reversed(grid.conditions)}
    families = dict.fromkeys(condition.family for condition in grid.conditions)
    for i, family in enumerate(families):
        several = [mean for mean in means if Condition.from_row(mean.row).family == family]
        name = f"{family.level_kind.key}-{re.sub('[^a-z]', '', grid.protocol.lower())}-{i}"
        drawn[grid.without_level(first[family])] = plots.against_level(several, family.level_kind, name, grid.lines)
    return {words: plot for words, plot in drawn.items() if plot}


def _per_image(runs: Sequence[Run]) -> str:
    """The rows of the finished runs' results.csv under one another, with the run, its seed and its protocol."""
    rows = [
        {"run": run.name, "protocol": run.protocol, "seed": run.seed, **row}
        for run in runs
        if run.finished
        for row in csv_rows(run.folder / "results.csv")
    ]
    heads = list(dict.fromkeys(key for row in rows for key in row if key)) or ["run", "protocol", "seed"]
    return csv_text([heads, *([row.get(head) for head in heads] for row in rows)])


def _models(merged: Sequence[Result]) -> list[LineModel]:
    """The models behind each line, in the order of the lines, and the runs behind each."""
    models: dict[tuple[str, Hashable], list[Result]] = {}
    for result in merged:
        if result.row.method != NOISY:
            key = result.model.key or result.home.folder
            models.setdefault((result.line, key), []).append(result)
    order = list(dict.fromkeys(line for line, _ in models))
    return [_method(line, models[line, key]) for line, key in sorted(models, key=lambda model: order.index(model[0]))]


def _method(line: str, several: Sequence[Result]) -> LineModel:
    first = min(several, key=lambda result: not result.run.evaluation)
    runs = {run.name: run for result in several for run in (result.model.run, result.run) if run}
    trained = next((result.model.run for result in several if result.model.run), None)
    return LineModel(
        replace(first.facts, method=line),
        first.row.figures.get("seconds_per_megapixel"),
        tuple(runs),
        trained.overrides if trained else (),
    )
