"""Several runs, sweeps and evaluations as one comparison: a page, a table in Markdown and LaTeX, and all figures."""

from __future__ import annotations

import csv
import io
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from denoiser.errors import DenoiserError
from denoiser.machine.files import write_text
from denoiser.reports.comparison.differences import differences
from denoiser.reports.comparison.merge import Result, pooled, results
from denoiser.reports.html import plots
from denoiser.reports.html.render import write_page
from denoiser.reports.tables import markup
from denoiser.reports.tables.format import FEW_PICTURES, NARROW, TIMED, printable, shown, stated
from denoiser.reports.tables.grid import NOISY, Column, Grid, grid
from denoiser.reports.tables.notes import noisy_inputs
from denoiser.reports.tables.render import aligned, difference, few
from denoiser.runs.gather import names
from denoiser.runs.reading import Row, csv_rows, read

FILES = ("report.html", "table.md", "table.tex", "results.csv")
FACTS = ("kind", "trained_sigma", "trained_on", "sha256", "leak", "params", "macs")


def write_comparison(folders: Sequence[Path], out: Path, overwrite: bool = False) -> str:
    """Write report.html, table.md, table.tex and results.csv into a folder; gives back the tables for a terminal.

    Args:
        folders: run and evaluation folders, see `runs.gather`.
        out: the folder; it is made.
        overwrite: replace an earlier comparison there.

    Raises:
        DenoiserError: the folder holds such files or a run (exit code 2), or cannot be written (3).
    """
    _check(out, overwrite)
    runs = [
        {**read(folder), "folder": folder, "name": name} for folder, name in zip(folders, names(folders), strict=True)
    ]
    found = results(runs)
    sections = [_section(protocol, several) for protocol, several in _by_protocol(found).items()]
    texts = {"table.md": [section["markdown"] for section in sections]}
    texts |= {"table.tex": [section["latex"] for section in sections], "results.csv": [_per_image(runs)]}
    for name, parts in texts.items():
        write_text(out / name, printable("\n".join(parts), "utf-8"))  # a folder's name need not be UTF-8
    links = [{**run, "link": _link(run["folder"] / "report.html", out) if run["page"] else ""} for run in runs]
    write_page(
        out / "report.html", "comparison.html", runs=links, sections=sections, models=_models(found), timed=TIMED
    )
    return "\n\n".join([section["text"] for section in sections] or ["no run finished with results"]) + _broken(runs)


def _broken(runs: Sequence[Row]) -> str:
    """A line for each run that did not finish, with its reason."""
    lines = [(run["name"], run["status"], str(run["error"] or "").partition("\n")[0]) for run in runs]
    return "".join(f"\n{name}: {status}: {error}" for name, status, error in lines if status != "ok")


def _check(out: Path, overwrite: bool) -> None:
    if (out / "results.json").exists() or (out / ".hydra").exists():
        raise DenoiserError(f"the folder holds a run ({out})", "give another folder: -o FOLDER")
    there = [name for name in FILES if (out / name).exists()]
    if there and not overwrite:
        raise DenoiserError(f"the folder holds {there[0]} already ({out})", "-o another folder, or --overwrite")


def _link(page: Path, out: Path) -> str:
    return quote(os.fsencode(Path(os.path.relpath(page, out.resolve())).as_posix()))


def _by_protocol(found: Sequence[Result]) -> dict[str, list[Result]]:
    """Figures of different protocols never share a table."""
    protocols = defaultdict(list)
    for one in found:
        protocols[str(one.run["protocol"])].append(one)
    return protocols


def _section(protocol: str, found: Sequence[Result]) -> dict[str, Any]:
    """All that is shown of the results under one protocol."""
    rows, pairs = pooled(found), differences(found)
    made = grid(rows, protocol)
    pairs = [{**pair, "data": made.pictures(pair["column"])} for pair in pairs]
    words, notes, leaks = [difference(pair) for pair in pairs], _notes(found, made), _leaks(found)
    warned = [f"LEAK: {line} was {seen}" for line, seen in leaks.items()]
    narrow = [NARROW] * any(pair["n_images"] < FEW_PICTURES for pair in pairs)
    below = [_counts(found, made), *noisy_inputs(rows, protocol), *notes, *warned, *narrow]
    heads = [["method", *map(made.words, made.columns)]]
    body = [[line, *(made.text(line, column, str, " ± ", "–") for column in made.columns)] for line in made.lines]  # noqa: RUF001
    body.append(["noisy input", *map(made.noisy_text, made.columns)])
    page = {"protocol": protocol, "grid": made, "rows": rows, "differences": pairs, "notes": notes, "leaks": leaks}
    return {
        **page,
        "noisy": noisy_inputs(rows, protocol),
        "narrow": narrow,
        "counts": _counts(found, made),
        "plots": _plots(rows, made, protocol),
        "text": "\n".join([stated(protocol), *aligned(heads + body, 1), *below, *few(words)]),
        "markdown": markup.grid_markdown(made) + "\n" + "".join(f"- {line}\n" for line in (*below, *words)),
        "latex": markup.latex(made, " ".join([_drawn(found), *(f"{line}." for line in (*notes, *warned, *narrow))])),
    }


def _counts(found: Sequence[Result], made: Grid) -> str:
    """How many images and seeds there are."""
    low, high = (of([cell.seeds for cell in made.cells.values()], default=1) for of in (min, max))
    over = f"; ± is the standard deviation (n - 1) over {low if low == high else f'{low} to {high}'} seeds"
    return f"{made.images}; {_drawn(found)[:-1].lower()}" + over * made.seeds


def _notes(found: Sequence[Result], made: Grid) -> list[str]:
    """What is missing from the table."""
    empty = f"{made.missing} of {len(made.lines) * len(made.columns)} cells are empty (–): no finished run has them"  # noqa: RUF001
    same = sum(one.row["infinite"] for one in found)
    infinite = f"outputs identical to the clean picture (infinite PSNR, left out of the means): {same}"
    return [empty] * bool(made.missing) + [infinite] * bool(same)


def _leaks(found: Sequence[Result]) -> dict[str, str]:
    """The lines whose model has seen pictures that it is tested on."""
    seen = [(one.line, len(one.fact.get("leak") or ()), shown(one.row["n_images"], ".0f")) for one in found]
    return {line: f"trained or selected on {count} of {images} pictures" for line, count, images in seen if count}


def _drawn(found: Sequence[Result]) -> str:
    """The seeds and draws of noise, for a caption."""
    noise = _seeds(one.run for one in found)
    trained = _seeds(one.home for one in found if one.model.run)
    apart = f" of the noise, {trained.lower()} of the training" if trained and trained != noise else ""
    draws = {str(one.run["draws"]) for one in found} - {"1"}
    several = f", draws of noise: {', '.join(sorted(draws))}" if draws else ""
    return f"{noise}{apart}{several}."


def _seeds(runs: Iterable[Row]) -> str:
    seeds = sorted({str(run["seed"]) for run in runs}, key=lambda seed: (len(seed), seed))
    return f"Seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}" if seeds else ""


def _plots(rows: Sequence[Row], made: Grid, protocol: str) -> dict[str, str]:
    """PSNR against sigma for each data and noise that has several levels; a line has one colour in all of them."""
    found = {}
    for i, kind in enumerate(dict.fromkeys(column.kind for column in made.columns)):
        mine = [row for row in rows if Column.of(row).kind == kind]
        name = f"sigma-{re.sub('[^a-z]', '', protocol.lower())}-{i}"
        place = made.place(next(column for column in made.columns if column.kind == kind))
        found[place] = plots.against_sigma(mine, name=name, order=made.lines)
    return {place: plot for place, plot in found.items() if plot}


def _per_image(runs: Sequence[Row]) -> str:
    """The rows of the finished runs' results.csv under one another, with the run, its seed and its protocol."""
    own = [{"run": run["name"], "protocol": run["protocol"], "seed": run["seed"]} for run in runs]
    rows = [
        {**place, **row}
        for place, run in zip(own, runs, strict=True)
        if run["status"] == "ok"
        for row in csv_rows(run["folder"] / "results.csv")
    ]
    heads = list(dict.fromkeys(key for row in rows for key in row if key)) or ["run", "protocol", "seed"]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, heads, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _models(found: Sequence[Result]) -> list[dict[str, Any]]:
    """What is known of each line's model, as its first evaluation tells it, else its training."""
    of = defaultdict(list)
    for one in (one for one in found if one.row["method"] != NOISY):
        of[one.line].append(one)
    return [_model(line, sorted(several, key=lambda one: one.trained)) for line, several in of.items()]


def _model(line: str, several: Sequence[Result]) -> dict[str, Any]:
    first = several[0]
    facts = {**dict.fromkeys(FACTS), **first.fact, "line": line, "speed": first.row["seconds_per_megapixel"]}
    same = len({one.model.key for one in several}) == 1  # else there is one for each seed
    return {**facts, "sha256": facts["sha256"] if same else None}
