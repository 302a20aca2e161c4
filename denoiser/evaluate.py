"""`denoiser evaluate`: checkpoints, published weights and classical baselines on the same noise, in one table."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from denoiser.cli import main as cli
from denoiser.cli.asked import check, usage
from denoiser.config import EVALUATE
from denoiser.errors import SOME_FAILED, DenoiserError
from denoiser.machine.files import write_text
from denoiser.noise.levels import require
from denoiser.runs.application import recorded, run_application, stopped
from denoiser.runs.folder import Record, absolute_paths, claim, command_line

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from denoiser.data.base import PairsDataModule
    from denoiser.evaluation.methods import Method
    from denoiser.evaluation.scoring import Scorer
    from denoiser.runs.results import Scores

AGAIN = "repeat the command; an evaluation starts anew"


def evaluate(cfg: DictConfig, out_dir: Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Score methods and report into a folder. Importing this module does not import torch; calling this does.

    Args:
        cfg: the composed configuration, see `denoiser.config.compose(..., EVALUATE)`.
        out_dir: the folder; it is made.
        overrides: what was asked for on the command line, for the record.

    Returns:
        What `results.json` holds.

    Raises:
        DenoiserError: what is asked for is not there or not possible, the folder is taken, or a checkpoint was trained
            or selected on pictures of the evaluation; or a method's output was not finite, and the others are written
            (exit code 1).
        KeyboardInterrupt: interrupted; `results.json` says so.
    """
    cfg, out_dir = absolute_paths(cfg), Path(out_dir).absolute()
    record = Record(out_dir, cfg.seed, command_line(EVALUATE, overrides))
    record.content |= {"kind": "evaluation", "draws": int(cfg.draws)}
    claim(out_dir, cfg, overrides)
    with recorded(record, AGAIN):
        record.content |= _scored(cfg, out_dir)
    _finished(record)
    if record.content["error"]:
        what, fix = record.content["error"].splitlines()[:2]  # of the first; results.json has all
        raise DenoiserError(what.removeprefix("error: "), fix.removeprefix("fix: "), SOME_FAILED)
    return record.content


def _scored(cfg: DictConfig, folder: Path) -> dict[str, Any]:
    """Score every method; gives back what `results.json` gains."""
    from denoiser.evaluation.batches import evaluation, loader
    from denoiser.evaluation.methods import methods, several
    from denoiser.evaluation.scoring import Scorer
    from denoiser.machine import hardware
    from denoiser.metrics.torchmetrics import further
    from denoiser.runs import results
    from denoiser.training import assemble

    device = hardware.device(cfg.device)
    extra = {str(name): further(str(name)) for name in several(cfg.metrics)}
    data = assemble.evaluated(cfg)
    drawn = not data.real_pairs and data.protocol.noise.name != "none"
    require(drawn or cfg.draws == 1, "draws", cfg.draws, "not possible where no noise is drawn", "1")
    made = methods(cfg, data, device)
    pairs = evaluation(data, int(cfg.draws))
    leaked = _leaks(made, data, cfg.allow_leak)
    told = not data.real_pairs and data.protocol.noise.name == "gaussian"
    scorer = Scorer(pairs, loader(pairs, cfg.batch_size, cfg.num_workers), device, told, extra)
    columns = {"data": data.name, "noise": "real" if data.real_pairs else str(data.protocol.noise)}
    scores: dict[str, Scores] = {}
    failed: list[DenoiserError] = []
    for method in made:
        try:
            scores[method.name] = scorer.score(method)
        except DenoiserError as error:
            failed.append(error)
            continue
        write_text(folder / "results.csv", results.per_image(columns, pairs, scores))  # what is there is kept
    if not scores:
        raise failed[0]
    made = [method for method in made if method.name in scores]
    _draw(scorer, made, scores, folder)
    exact = [method.name for method in made if method.exact]  # their difference to others is the gain
    where = {"channels": data.channels, "place": data.place, "values": pairs.values}
    only = made[0] if len(made) == 1 else None
    return {
        "protocol": assemble.protocol_name(cfg),
        "device": hardware.describe(device),
        "params": only and only.params,
        "macs": only and only.macs,
        "rows": [{**row, **where} for row in results.summarise(columns, pairs, scores)],
        "methods": [{**method.facts(), "leak": leaked[method.name]} for method in made],
        "error": "\n".join(map(str, failed)) or None,
        "comparisons": results.compare(
            columns, pairs, {name: one for name, one in scores.items() if name not in exact}
        ),
    }


def _leaks(made: Sequence[Method], data: PairsDataModule, allowed: bool) -> dict[str, list[str] | None]:
    """For each method the pictures that it was trained or selected on, None where that is not known.

    Raises:
        DenoiserError: there are some, and that is not allowed.
    """
    from denoiser.data import leaks

    found = {method.name: leaks.among(method.seen, data) if method.kind != "baseline" else [] for method in made}
    for method in made:
        keys = found[method.name]
        if keys and not allowed:
            of = f"{len(keys)} of the {len(data.split(data.evaluated))} pictures"
            shown = ", ".join(keys[:5]) + (", ..." if len(keys) > 5 else "")
            raise DenoiserError(
                f"{method.name} was trained or selected on {of}: {shown} ({method.source})",
                "evaluate on other pictures, or allow_leak=true, which is stamped on the table",
            )
    return found


def _draw(scorer: Scorer, made: Sequence[Method], scores: Mapping[str, Scores], folder: Path) -> None:
    """Strips of some pictures with every method's output, the worst among them, see `strips`."""
    from denoiser.runs.strips import write_strips
    from denoiser.training.module import Score

    drawn = {method.name: scorer.on_cpu(method) for method in made}
    plain = {
        name: {item: Score(*(one[key] for key in Score._fields)) for item, one in figures.items()}
        for name, figures in scores.items()
    }
    write_strips(drawn, scorer.pairs, plain, folder / "images", error=False)


def _finished(record: Record) -> None:
    from denoiser.report import write_report
    from denoiser.reports.tables import render
    from denoiser.reports.tables.format import printable

    record.finish(status="ok")
    content = record.content
    write_text(record.folder / "table.md", render.markdown(content))
    write_text(record.folder / "table.tex", render.latex(content))
    page = write_report(record.folder)
    print(printable(render.text(content)), f"report: {page}", record.folder, sep="\n")


def _job(cfg: DictConfig, folder: Path, overrides: Sequence[str]) -> None:
    """`evaluate` for the command: an interruption comes out as two lines."""
    try:
        evaluate(cfg, folder, overrides)
    except KeyboardInterrupt as stop:
        raise stopped(folder, AGAIN, stop) from None


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return cli.guarded(lambda: _command(given))


def _command(arguments: Sequence[str]) -> int:
    if {"-h", "--help"} & set(arguments):
        print(usage())
        return 0
    check(arguments)
    return run_application(EVALUATE, arguments, _job)


if __name__ == "__main__":
    sys.exit(main())
