"""`denoiser evaluate`: scores of checkpoints, published weights and classical baselines on the same noise."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from denoiser import trust
from denoiser.allowed import check_paths
from denoiser.cli import failures
from denoiser.cli.hydra_errors import sorted_arguments, split
from denoiser.config import EVALUATE, METHOD_KEYS, quoted
from denoiser.errors import SOME_FAILED, DenoiserError, nearest
from denoiser.evaluation.baseline import BASELINES
from denoiser.evaluation.score_methods import prepare, score_methods
from denoiser.machine.files import write_text
from denoiser.machine.signals import sigterm_interrupts
from denoiser.machine.terminal import say
from denoiser.reports.pages import summarise, write_report
from denoiser.runs.application import recorded, run_application, stopped
from denoiser.runs.folder import Record, absolute_paths, check_free, claim, command_line
from denoiser.search_path import options, searching
from denoiser.weights import shipped

if TYPE_CHECKING:
    from omegaconf import DictConfig


HELP = """denoiser evaluate: compare denoisers on the same noisy pictures, image by image, in one table.

  denoiser evaluate RUN data=cbsd68                                  a run, on a test set; the same as checkpoint=RUN
  denoiser evaluate photo data=cbsd68                                weights of this package: photo, grey, camera
  denoiser evaluate RUN RUN nlm bm3d data=cbsd68                     several methods, with paired differences
  denoiser evaluate weights=dncnn_25.pth data=bsd68 noise.sigma=25   published weights
  denoiser evaluate ... 'test.sigma=[15,25,50]'                      several noise levels
  denoiser evaluate -m data=set12,bsd68 ...                          a sweep, with one summary
  denoiser evaluate --cfg job                                        show every key and its value

It writes results.csv, results.json, table.md, table.tex, report.html and images/ into outputs/DATE/TIME, or into DIR
with hydra.run.dir=DIR.

Your own metric or baseline: its dotted path, with its package in trust, see CONTRIBUTING.md:
  denoiser evaluate 'trust=[mypkg]' baseline=mypkg.baseline.median 'metrics=[mypkg.metric.Sharpness]' ...

baseline: {baseline}
data: {data}
noise: {noise}
"""
TRAINING_GROUPS = ("model", "objective", "optimizer", "trainer", "callbacks", "logger", "resume")
LIKE = 0.6
"""How alike a word and the name of a method must be for the name to be meant."""
AGAIN = "repeat the command: an evaluation cannot be resumed"


def evaluate(cfg: DictConfig, out_dir: Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Score methods on the same noisy pictures and write the results into a folder.

    Args:
        cfg: the composed configuration, see `denoiser.config.compose(..., EVALUATE)`.
        out_dir: the folder, which is created.
        overrides: overrides of the command line, for the record.

    Returns:
        The content of `results.json`.

    Raises:
        DenoiserError: a method, the data or a key is missing or not possible, the folder holds a run already, or a
            checkpoint was trained or selected on pictures of the evaluation; or a method's output was not finite, and
            the results of the others are written (exit code 1).
        KeyboardInterrupt: the evaluation was interrupted; `results.json` records it.

    Example:
        >>> from denoiser.config import EVALUATE, compose
        >>> cfg = compose(["baseline=[nlm,tv]", "data=photos", "noise.sigma=25"], EVALUATE)
        >>> list(cfg.baseline), cfg.noise.sigma
        (['nlm', 'tv'], 25)
        >>> evaluate(cfg, Path("nlm_and_tv"))  # doctest: +SKIP
    """
    cfg, out_dir = absolute_paths(cfg), Path(out_dir).absolute()
    check_free(out_dir, cfg)
    record = Record(out_dir, cfg.seed, command_line(EVALUATE, overrides))
    record.content |= {"kind": "evaluation", "draws": int(cfg.draws)}
    with sigterm_interrupts(), trust.names_of_command(cfg.get("trust")):
        check_paths(cfg)
        _leave_out(cfg, overrides)
        evaluation = prepare(cfg)
        record.content |= {"trust": packages} if (packages := trust.needed()) else {}
        claim(out_dir, cfg, overrides)
        with recorded(record, AGAIN, write_report):
            record.content |= score_methods(evaluation, out_dir)
    _finished(record)
    if record.content["error"]:
        what, fix = record.content["error"].splitlines()[:2]  # the first error; results.json has all
        raise DenoiserError(what.removeprefix("error: "), fix.removeprefix("fix: "), SOME_FAILED)
    return record.content


def _leave_out(cfg: DictConfig, overrides: Sequence[str]) -> None:
    from denoiser.training.own_targets import leave_out_other_keys

    leave_out_other_keys(cfg, overrides)


def _finished(record: Record) -> None:
    from denoiser.reports.run_page import write_run_page
    from denoiser.reports.tables import render
    from denoiser.runs.reading import read

    record.finish(status="ok")
    run = read(record.folder)
    write_text(record.folder / "table.md", render.markdown(run))
    write_text(record.folder / "table.tex", render.latex(run))
    page = write_run_page(run)
    say(render.text(run), f"report: {page}", record.folder, sep="\n")


def _job(cfg: DictConfig, folder: Path, overrides: Sequence[str]) -> None:
    """Evaluate for the command, which shows an interruption as two lines."""
    try:
        evaluate(cfg, folder, overrides)
    except KeyboardInterrupt as interrupt:
        raise stopped(folder, AGAIN, interrupt) from None


def usage() -> str:
    """The command's help."""
    data = [name for name in options("data") if name not in ("synthetic", "mix")]  # only for training
    names = {"baseline": BASELINES, "data": data, "noise": options("noise")}
    return HELP.format(**{key: ", ".join(values) for key, values in names.items()})


def with_methods(words: Sequence[str]) -> list[str]:
    """Overrides, in which words alone name methods: classical denoisers by their names, all others as checkpoints.

    >>> with_methods(["outputs/first", "photo", "nlm", "data=set12"])
    ['data=set12', 'checkpoint=[outputs/first,photo]', 'baseline=nlm']
    """
    named = [word for word in words if word and not word.startswith("~") and ("=" not in word or Path(word).exists())]
    for word in named:
        _check_name(word)
    classical = [word for word in named if word in BASELINES]
    methods = {"checkpoint": [word for word in named if word not in classical], "baseline": classical}
    return [
        *(word for word in words if word not in named),
        *(f"{key}={_one_or_list(list(map(quoted, values)))}" for key, values in methods.items() if values),
    ]


def _check_name(word: str) -> None:
    """Refuse a word that is no path and nearly the name of a classical denoiser or of shipped weights."""
    names = (*BASELINES, *shipped.NAMES)
    if word not in names and not ("/" in word or Path(word).expanduser().exists()):
        if near := nearest(word, names, LIKE):
            raise DenoiserError(f"no run, weights or classical denoiser '{word}' (METHOD)", f"did you mean {near}?")


def _one_or_list(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else f"[{','.join(values)}]"


def check(arguments: Sequence[str]) -> None:
    """Refuse arguments that would have no effect.

    Raises:
        DenoiserError: a key only affects training, or names methods a second time: Hydra would only use the last.
    """
    overrides = [argument.lstrip("+~").partition("=")[::2] for argument in arguments]
    for key, value in overrides:
        if key.partition(".")[0] in TRAINING_GROUPS or key in EVALUATE.unread:
            fix = "leave it out; checkpoint=RUN, weights=FILE or baseline=NAME choose what is evaluated"
            raise DenoiserError(f"'{key}' only affects training ({key}={value})", fix)
    for kind in METHOD_KEYS:
        values = [value for key, value in overrides if key == kind]
        if len(values) > 1:
            several = _one_or_list([value.removeprefix("[").removesuffix("]") for value in values])
            raise DenoiserError(f"{kind} is given twice ({kind})", shlex.quote(f"{kind}={several}"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    return failures.guarded(lambda: _command(arguments))


def _command(arguments: Sequence[str]) -> int:
    if {"-h", "--help"} & set(arguments):
        with searching(split(EVALUATE.command, arguments)[2]):
            say(usage())
        return 0
    flags, overrides = sorted_arguments(EVALUATE.command, arguments)
    overrides = with_methods(overrides)
    check([*flags, *overrides])
    return run_application(EVALUATE, [*flags, *overrides], _job, summarise)


if __name__ == "__main__":
    sys.exit(main())
