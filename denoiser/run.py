"""`denoiser run`: train, test, report. `run(cfg, out_dir)` is an ordinary function; the command is a thin shell."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from denoiser.cli import failures
from denoiser.config import RUN, register_resolvers
from denoiser.errors import DenoiserError
from denoiser.machine import launcher
from denoiser.runs.application import recorded, run_application, stopped
from denoiser.runs.folder import Record, absolute_paths, claim, command_line, resume_word, to_resume

if TYPE_CHECKING:
    from omegaconf import DictConfig


def run(cfg: DictConfig, out_dir: Path, overrides: Sequence[str] = (), resume: bool = False) -> dict[str, Any]:
    """Train, test and report into a run folder. Importing this module does not import torch; calling this does.

    Args:
        cfg: the composed configuration, see `denoiser.config.compose`.
        out_dir: the run folder; it is made.
        overrides: what was asked for on the command line, for the record.
        resume: go on from `checkpoints/last.ckpt` in `out_dir`.

    Returns:
        What `results.json` holds.

    Raises:
        DenoiserError: what is asked for is not possible, the folder is taken, the training diverged, ...
        KeyboardInterrupt: interrupted; `results.json` says so, and the run can be resumed.
    """
    from denoiser.training.fit import train_and_test

    cfg, out_dir = absolute_paths(cfg), Path(out_dir).absolute()
    record = Record(out_dir, cfg.seed, command_line(RUN, overrides))
    if launcher.rank() > 0:  # of several that train together, the first keeps the folder
        for stage in train_and_test(cfg, out_dir, resume):
            record.content.update(stage)
        return record.content
    claim(out_dir, cfg, overrides, resume)
    with recorded(record, _again(out_dir), _write_report):
        for stage in train_and_test(cfg, out_dir, resume):
            record.content.update(stage)
    _finished(record)
    return record.content


def _write_report(folder: Path) -> Path:
    from denoiser.reports.run_page import write_report

    return write_report(folder)


def _write_summary(folder: Path) -> Path:
    from denoiser.reports.sweep_page import write_summary

    return write_summary(folder)


def _finished(record: Record) -> None:
    from denoiser.reports.run_page import write_run_page
    from denoiser.reports.tables.render import text
    from denoiser.runs.reading import read

    record.finish(status="ok")
    finished = read(record.folder)
    page = write_run_page(finished)
    print(text(finished), f"report: {page}", sep="\n")
    if (record.folder / "tensorboard").is_dir():
        print(shlex.join(["tensorboard", "--logdir", str(record.folder / "tensorboard")]))
    print(record.folder)


def _again(folder: Path) -> str:
    return f"denoiser run {resume_word(folder)}"


def _run_or_say(cfg: DictConfig, folder: Path, overrides: Sequence[str], resume: bool = False) -> None:
    """`run` for a command: an interruption comes out with the folder to resume in."""
    try:
        run(cfg, folder, overrides, resume)
    except KeyboardInterrupt as stop:
        raise stopped(folder, _again(folder), stop) from None


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: Hydra's for a run or a sweep, our own for `resume=`. Returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return failures.guarded(lambda: _resume(given) if any(a.startswith("resume=") for a in given) else _started(given))


def _started(arguments: Sequence[str]) -> int:
    return run_application(RUN, arguments, _run_or_say, _write_summary)


def _resume(arguments: Sequence[str]) -> int:
    from omegaconf import OmegaConf

    name = next(a.removeprefix("resume=") for a in arguments if a.startswith("resume="))
    changes = [a for a in arguments if not a.startswith("resume=")]
    for change in changes:
        if not change.startswith("trainer."):
            raise DenoiserError(
                f"a resumed run keeps its configuration ({change})", "give trainer.KEY=VALUE or nothing"
            )
    folder = to_resume(name)
    register_resolvers()
    cfg: Any = OmegaConf.load(folder / ".hydra" / "config.yaml")
    OmegaConf.set_struct(cfg, True)
    cfg.merge_with_dotlist(changes)
    before = OmegaConf.to_container(OmegaConf.load(folder / ".hydra" / "overrides.yaml"))
    _run_or_say(cfg, folder, [*(before if isinstance(before, list) else []), *changes], resume=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
