"""`denoiser run`: train, test, report. The command parses arguments and calls `run(cfg, out_dir)`."""

from __future__ import annotations

import copy
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from denoiser import trust
from denoiser.allowed import check_paths
from denoiser.cli import failures
from denoiser.cli.hydra_errors import explain, split
from denoiser.cli.keys import check_values
from denoiser.config import RUN
from denoiser.config import compose as compose_raw
from denoiser.errors import DenoiserError
from denoiser.machine import launcher
from denoiser.machine.process_state import process_unchanged
from denoiser.machine.signals import sigterm_interrupts
from denoiser.machine.terminal import say
from denoiser.reports.pages import summarise, write_report
from denoiser.runs.application import recorded, run_application, stopped
from denoiser.runs.folder import Record, absolute_paths, check_free, claim, command_line, results, resume_word
from denoiser.runs.names import named_in_tensorboard
from denoiser.runs.resumed import resumed
from denoiser.search_path import added_words, searching, split_search_path

DEFAULT_DATA = "synthetic"
"""The data of models that are described for none, as in `conf/config.yaml`."""


def run(cfg: DictConfig, out_dir: Path, overrides: Sequence[str] = (), resume: bool = False) -> dict[str, Any]:
    """Train, test and report into a run folder. Importing this module does not import torch; calling this does.

    Args:
        cfg: the composed configuration, see `compose`.
        out_dir: the run folder; created if missing.
        overrides: the overrides of the command line, for the record.
        resume: resume from `checkpoints/last.ckpt` in `out_dir`.

    Returns:
        The content of `results.json`: `rows` has a row for each noise level.

    Raises:
        DenoiserError: the configuration is not possible, the folder holds a run, the training diverged, ...
        KeyboardInterrupt: interrupted; `results.json` records it, and the run can be resumed.

    The configuration is that of the command line; `run(cfg, Path("outputs/first"))` then trains:

    >>> cfg = compose("model=dncnn", "data=synthetic", "trainer=smoke")
    >>> cfg.model.name, cfg.data.name
    ('dncnn', 'synthetic')
    """
    if cfg.get("resume") is not None:
        raise DenoiserError(f"only the command resumes (resume={cfg.resume})", f"denoiser run resume={cfg.resume}")
    cfg, out_dir = absolute_paths(cfg), Path(out_dir).absolute()
    if not resume:
        check_free(out_dir, cfg)
    cfg = cfg if resume else named_in_tensorboard(cfg, overrides)
    record = Record(out_dir, cfg.seed, command_line(RUN, overrides))
    needed = results(out_dir).get("trust") if resume else None
    names = trust.names_of_files(cfg.get("trust"), needed) if resume else trust.names_of_command(cfg.get("trust"))
    with sigterm_interrupts(), names:
        stages = _stages(cfg, out_dir, overrides, resume)
        record.content.update(next(stages))  # what is not possible is refused before the folder is made
        if launcher.rank() > 0:  # of several processes, the first writes the folder
            return record.content | {key: value for stage in stages for key, value in stage.items()}
        claim(out_dir, cfg, overrides, resume)
        with recorded(record, _resume_command(out_dir), write_report):
            for stage in stages:
                record.content.update(stage)
    _finished(record)
    return record.content


def _stages(cfg: DictConfig, folder: Path, overrides: Sequence[str], resume: bool) -> Iterator[dict[str, Any]]:
    """The entries that `results.json` gains after each stage; a class that is not allowed is refused without torch."""
    check_paths(cfg)
    stages = _started(cfg, folder, overrides, resume)
    first = next(stages)
    yield first | ({"trust": packages} if (packages := trust.needed()) else {})
    yield from stages


def _started(cfg: DictConfig, folder: Path, overrides: Sequence[str], resume: bool) -> Iterator[dict[str, Any]]:
    """The entries that `results.json` gains after each stage; what the command names is opened at once."""
    from denoiser.training.fit import train_and_test
    from denoiser.training.own_targets import leave_out_other_keys
    from denoiser.weights import initial

    leave_out_other_keys(cfg, overrides)
    if not resume:
        _say_data(cfg, overrides)
    if cfg.get("init") is None or (resume and (folder / "checkpoints" / "last.ckpt").exists()):
        return train_and_test(cfg, folder, resume)
    start = initial.opened(cfg.init)
    cfg.init = initial.source(cfg.init)
    return train_and_test(cfg, folder, resume, start)


def _say_data(cfg: DictConfig, overrides: Sequence[str]) -> None:
    """Say where the data is neither typed nor the default, but that of the model's recipe."""
    typed = {override.lstrip("+").partition("=")[0] for override in overrides}
    if (
        "model" in typed
        and not typed & {"data", "experiment"}
        and cfg.data.name != DEFAULT_DATA
        and launcher.rank() == 0
    ):
        say(f"data={cfg.data.name}, which model={cfg.model.name} is described for; data=NAME takes another")


def compose(*overrides: str, config_dir: str | os.PathLike[str] | None = None) -> DictConfig:
    """The configuration of `denoiser run`, to be edited and given to `train`.

    Args:
        *overrides: overrides as on the command line.
        config_dir: a folder of configuration of your own, as `--config-dir` on the command line.

    Raises:
        DenoiserError: an override is malformed, or its choice or key does not exist.

    >>> cfg = compose("model=dncnn", "noise.sigma=50")
    >>> cfg.model.name, cfg.noise.sigma
    ('dncnn', 50)
    """
    folders, words = split_search_path(map(str, overrides))
    with searching([*([config_dir] if config_dir else []), *folders]):
        try:
            cfg = compose_raw(words)
        except (HydraException, OmegaConfBaseException) as error:
            raise explain(error, words) from error
        check_values(cfg, words)
    return cfg


def train(
    *overrides: str | DictConfig,
    out: str | os.PathLike[str],
    config_dir: str | os.PathLike[str] | None = None,
    trust: Sequence[str] = (),
) -> dict[str, Any]:
    """Train, test and report, as `denoiser run` does.

    The environment, warning filters and global random numbers of the process are afterwards as they were before.

    Args:
        *overrides: overrides as on the command line, or one configuration of `denoiser.compose`, changed or not.
        out: the run folder; created if missing.
        config_dir: a folder of configuration of your own, as `--config-dir` on the command line.
        trust: your own packages whose classes a configuration names; what it trusts by itself does not count, because
            it may come from a file.

    Returns:
        The content of `results.json`: `rows` has a row for each noise level.

    Raises:
        DenoiserError: the configuration is not possible, the folder holds a run, the training diverged, ...
        KeyboardInterrupt: interrupted; `results.json` records it, and `denoiser run resume=OUT` resumes the run.
        TypeError: neither overrides nor one configuration.

    >>> cfg = compose("model=unet", "data=synthetic", "trainer=smoke")
    >>> cfg.model.network.widths = [8, 16, 32]
    >>> train(cfg, out="small")["rows"][0]["psnr"]  # doctest: +SKIP
    """
    edited = None if all(isinstance(one, str) for one in overrides) else copy.deepcopy(overrides[0])
    if edited is not None and (len(overrides) > 1 or not isinstance(edited, DictConfig)):
        raise TypeError(f"overrides, or one configuration of denoiser.compose, not {overrides!r}")
    folders, words = split_search_path([] if edited is not None else map(str, overrides))
    with process_unchanged(), searching([*([config_dir] if config_dir else []), *folders]):
        if edited is None:
            return run(compose(*words, *([f"trust=[{','.join(trust)}]"] if trust else [])), Path(out), words)
        OmegaConf.update(edited, "trust", list(trust), force_add=True)  # files of earlier versions lack it
        try:
            check_values(edited, [])
            return run(edited, Path(out))
        except OmegaConfBaseException as error:
            raise explain(error) from error


def _finished(record: Record) -> None:
    from denoiser.reports.run_page import write_run_page
    from denoiser.reports.tables.render import text
    from denoiser.runs.reading import read

    record.finish(status="ok")
    finished = read(record.folder)
    page = write_run_page(finished)
    say(text(finished), f"report: {page}", sep="\n")
    for profile in sorted(record.folder.glob("*-profile*.txt")):
        say(f"profile: {profile}")
    if any((record.folder / "tensorboard").rglob("events.*")):
        say(shlex.join(["tensorboard", "--logdir", str(record.folder / "tensorboard")]))
    say(record.folder)


def _resume_command(folder: Path) -> str:
    packages = results(folder).get("trust") or trust.needed()
    words = [*added_words(), *([f"trust=[{','.join(map(str, packages))}]"] if packages else [])]
    return " ".join(["denoiser run", resume_word(folder), *map(shlex.quote, words)])


def _run(cfg: DictConfig, folder: Path, overrides: Sequence[str], resume: bool = False) -> None:
    """`run` for the command line, where an interruption is an error with the command that resumes."""
    try:
        run(cfg, folder, overrides, resume)
    except KeyboardInterrupt as stop:
        started = (folder / ".hydra" / "config.yaml").exists()
        raise stopped(folder, _resume_command(folder) if started else "repeat the command", stop) from None


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: an application of Hydra, except for `resume=`. Returns the exit code."""
    return failures.guarded(lambda: _command(list(sys.argv[1:] if arguments is None else arguments)))


def _command(arguments: Sequence[str]) -> int:
    arguments = [word.lstrip("+") if word.lstrip("+").startswith("resume=") else word for word in arguments]
    if any(argument.startswith("resume=") for argument in arguments):
        return _resume(arguments)
    return run_application(RUN, arguments, _run, summarise)


def _resume(arguments: Sequence[str]) -> int:
    flags, words, folders = split(RUN.command, arguments)
    if flags:
        raise DenoiserError(f"a flag that resuming does not have ({flags[0]})", "resume=FOLDER trainer.KEY=VALUE")
    with searching(folders):
        cfg, folder, typed = resumed(words)
        _run(cfg, folder, typed, resume=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
