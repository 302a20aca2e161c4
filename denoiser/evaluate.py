"""`denoiser evaluate`: checkpoints, published weights and classical baselines on the same noise, in one table."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from denoiser.cli import failures
from denoiser.config import EVALUATE, METHOD_KEYS, options
from denoiser.errors import SOME_FAILED, DenoiserError
from denoiser.evaluation.score_methods import score_methods
from denoiser.machine.files import write_text
from denoiser.runs.application import recorded, run_application, stopped
from denoiser.runs.folder import Record, absolute_paths, claim, command_line

if TYPE_CHECKING:
    from omegaconf import DictConfig


HELP = """denoiser evaluate: score denoisers on one noise, per image, in one table.

  denoiser evaluate checkpoint=RUN data=cbsd68                       a run, on test pictures
  denoiser evaluate checkpoint=photo data=cbsd68                     weights that come with the package: photo, grey
  denoiser evaluate 'checkpoint=[a,b]' 'baseline=[nlm,bm3d]' ...     several methods, with paired differences
  denoiser evaluate weights=dncnn_25.pth data=bsd68 noise.sigma=25   published weights
  denoiser evaluate ... 'test.sigma=[15,25,50]'                      several noise levels
  denoiser evaluate -m data=set12,bsd68 ...                          a sweep, with one summary
  denoiser evaluate --cfg job                                        shows every key and its value

It writes into outputs/DATE/TIME (hydra.run.dir=DIR: elsewhere): results.csv, results.json, table.md, table.tex,
report.html and images/.

baseline: noisy, nlm, tv, wavelet, bm3d
data: {data}
noise: {noise}
"""
TRAINING = ("model", "objective", "optimizer", "trainer", "callbacks", "logger", "resume")
OF_BATCHES = ("batch_size", "patch_size", "crops_per_image", "flip", "num_workers", "split_seed", "images", "size")
"""Keys of data that only a training has use for."""
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
    with recorded(record, AGAIN, _write_report):
        record.content |= score_methods(cfg, out_dir)
    _finished(record)
    if record.content["error"]:
        what, fix = record.content["error"].splitlines()[:2]  # of the first; results.json has all
        raise DenoiserError(what.removeprefix("error: "), fix.removeprefix("fix: "), SOME_FAILED)
    return record.content


def _write_report(folder: Path) -> Path:
    from denoiser.reports.run_page import write_report

    return write_report(folder)


def _write_summary(folder: Path) -> Path:
    from denoiser.reports.sweep_page import write_summary

    return write_summary(folder)


def _finished(record: Record) -> None:
    from denoiser.reports.run_page import write_run_page
    from denoiser.reports.tables import render
    from denoiser.reports.tables.format import printable
    from denoiser.runs.reading import read

    record.finish(status="ok")
    run = read(record.folder)
    write_text(record.folder / "table.md", render.markdown(run))
    write_text(record.folder / "table.tex", render.latex(run))
    page = write_run_page(run)
    print(printable(render.text(run)), f"report: {page}", record.folder, sep="\n")


def _job(cfg: DictConfig, folder: Path, overrides: Sequence[str]) -> None:
    """`evaluate` for the command: an interruption comes out as two lines."""
    try:
        evaluate(cfg, folder, overrides)
    except KeyboardInterrupt as stop:
        raise stopped(folder, AGAIN, stop) from None


def usage() -> str:
    """The command's help."""
    data = [name for name in options("data") if name != "synthetic"]  # which is there to train on
    return HELP.format(data=", ".join(data), noise=", ".join(options("noise")))


def check(arguments: Sequence[str]) -> None:
    """Refuse what would be left without effect.

    Raises:
        DenoiserError: a key is of a training, or names methods a second time, which Hydra would take instead.
    """
    given = [argument.lstrip("+~").partition("=")[::2] for argument in arguments]
    for key, value in given:
        if key.partition(".")[0] in TRAINING or key in [f"data.{name}" for name in OF_BATCHES]:
            fix = "leave it out; checkpoint=RUN, weights=FILE or baseline=NAME say what is evaluated"
            raise DenoiserError(f"'{key}' is of a training ({key}={value})", fix)
    for kind in METHOD_KEYS:
        several = [value for key, value in given if key == kind]
        if len(several) > 1:
            raise DenoiserError(f"{kind} is given twice ({kind})", f"'{kind}=[{','.join(several)}]'")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return failures.guarded(lambda: _command(given))


def _command(arguments: Sequence[str]) -> int:
    if {"-h", "--help"} & set(arguments):
        print(usage())
        return 0
    check(arguments)
    return run_application(EVALUATE, arguments, _job, _write_summary)


if __name__ == "__main__":
    sys.exit(main())
