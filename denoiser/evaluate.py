"""`denoiser evaluate`: checkpoints, published weights and classical baselines on the same noise, in one table."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from denoiser import cli
from denoiser.application import recorded, run_application, stopped
from denoiser.config import EVALUATE, options
from denoiser.errors import DenoiserError
from denoiser.files import write_text
from denoiser.folders import Record, absolute_paths, claim, command_line
from denoiser.levels import require

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from denoiser.data.base import PairsDataModule
    from denoiser.methods import Method
    from denoiser.results import Scores
    from denoiser.scoring import Scorer

HELP = """denoiser evaluate: score denoisers on one noise, per image, in one table.

  denoiser evaluate checkpoint=RUN data=set12 data.channels=1       a run, on test pictures
  denoiser evaluate checkpoint=[a,b] baseline=[nlm,bm3d] ...       several methods, with paired differences
  denoiser evaluate weights=dncnn_25.pth data=bsd68 noise.sigma=25  published weights
  denoiser evaluate ... test.sigma=[15,25,50]                       several noise levels
  denoiser evaluate -m data=set12,bsd68 ...                         a sweep, with one summary
  denoiser evaluate --cfg job                                       shows every key and its value

It writes into outputs/DATE/TIME (hydra.run.dir=DIR: elsewhere): results.csv, results.json, table.md, table.tex,
report.html and images/.

baseline: noisy, nlm, tv, wavelet, bm3d
data: {data}
noise: {noise}
"""
AGAIN = "repeat the command; an evaluation starts anew"
TRAINING = ("model", "objective", "optimizer", "trainer", "callbacks", "logger", "resume")


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
            or selected on pictures of the evaluation.
        KeyboardInterrupt: interrupted; `results.json` says so.
    """
    cfg, out_dir = absolute_paths(cfg), Path(out_dir).absolute()
    record = Record(out_dir, cfg.seed, command_line(EVALUATE, overrides))
    record.content |= {"kind": "evaluation", "draws": int(cfg.draws)}
    claim(out_dir, cfg, overrides)
    with recorded(record, AGAIN):
        record.content |= _scored(cfg, out_dir)
    _finished(record)
    return record.content


def _scored(cfg: DictConfig, folder: Path) -> dict[str, Any]:
    """Score every method; gives back what `results.json` gains."""
    from denoiser import assemble, hardware, results
    from denoiser.data.evaluation import evaluation, loader
    from denoiser.further import further
    from denoiser.methods import methods, several
    from denoiser.scoring import Scorer
    from denoiser.training import terminating

    device = hardware.device(cfg.device)
    extra = {str(name): further(str(name)) for name in several(cfg.metrics)}
    data = assemble.evaluated(cfg)
    drawn = not data.real_pairs and data.protocol.noise.name != "none"
    require(drawn or cfg.draws == 1, "draws", cfg.draws, "not possible where no noise is drawn", "1")
    made = methods(cfg, data.channels, device)
    pairs = evaluation(data, int(cfg.draws))
    leaked = _leaks(made, data, cfg.allow_leak)
    told = not data.real_pairs and data.protocol.noise.name == "gaussian"
    scorer = Scorer(pairs, loader(pairs, cfg.batch_size, cfg.num_workers), device, told, extra)
    with terminating():
        scores = {method.name: scorer.score(method) for method in made}
        columns = {"data": data.name, "noise": "real" if data.real_pairs else str(data.protocol.noise)}
        write_text(folder / "results.csv", results.per_image(columns, pairs, scores))
        _draw(scorer, made, scores, folder)
    only = made[0] if len(made) == 1 else None
    return {
        "protocol": assemble.protocol_name(cfg),
        "device": hardware.describe(device),
        "params": only and only.params,
        "macs": only and only.macs,
        "rows": results.summarise(columns, pairs, scores),
        "methods": [{**method.facts(), "leak": leaked[method.name]} for method in made],
        "comparisons": results.compare(columns, pairs, {name: one for name, one in scores.items() if name != "noisy"}),
    }


def _leaks(made: Sequence[Method], data: PairsDataModule, allowed: bool) -> dict[str, list[str]]:
    """For each method the pictures that it was trained or selected on; refused unless that is allowed."""
    from denoiser.data import leaks

    found = {method.name: leaks.among(method.seen, data) if method.seen else [] for method in made}
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
    """Pictures of the best, median and worst, with every method's output."""
    from denoiser.module import Score
    from denoiser.strips import write_strips

    drawn = {method.name: scorer.on_cpu(method) for method in made}
    plain = {
        name: {item: Score(*(one[key] for key in Score._fields)) for item, one in figures.items()}
        for name, figures in scores.items()
    }
    write_strips(drawn, scorer.pairs, plain, folder / "images", error=False)


def _finished(record: Record) -> None:
    from denoiser.report import write_report
    from denoiser.reports import tables
    from denoiser.reports.wording import printable

    record.finish(status="ok")
    content = record.content
    write_text(record.folder / "table.md", tables.markdown(content))
    write_text(record.folder / "table.tex", tables.latex(content))
    page = write_report(record.folder)
    print(printable(tables.text(content)), f"report: {page}", record.folder, sep="\n")


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
        print(HELP.format(data=", ".join(options("data")), noise=", ".join(options("noise"))))
        return 0
    for argument in arguments:
        key = argument.lstrip("+~").partition("=")[0].partition(".")[0]
        if key in TRAINING:
            raise DenoiserError(
                f"'{key}' is of a training ({argument})", "checkpoint=RUN, weights=FILE or baseline=NAME"
            )
    return run_application(EVALUATE, arguments, _job)


if __name__ == "__main__":
    sys.exit(main())
