"""A Hydra application in this project's manner: run and evaluate are two of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from denoiser.cli import failures, hydra_errors
from denoiser.cli.keys import check_types
from denoiser.config import HYDRA_VERSION_BASE, Application, config_dir, register_resolvers
from denoiser.errors import INTERRUPTED, SOME_FAILED, TERMINATED, DenoiserError
from denoiser.machine import launcher
from denoiser.machine.signals import interrupted, sigterm_interrupts
from denoiser.runs.folder import Record

if TYPE_CHECKING:
    from omegaconf import DictConfig

PageWriter = Callable[[Path], Path]
"""Writes a page into a folder and returns its path."""
STOPPED = (INTERRUPTED, TERMINATED)
SHARED = ("output_subdir", "run.dir", "sweep.dir", "sweep.subdir")
"""Of config.yaml's `hydra` block, what holds for every application."""
SILENT = ("hydra/job_logging=disabled", "hydra/hydra_logging=disabled")


def run_application(
    application: Application,
    arguments: Sequence[str],
    job: Callable[[DictConfig, Path, list[str]], None],
    write_summary: PageWriter,
) -> int:
    """Compose, check and run, once or over a sweep. Returns the exit code.

    Args:
        application: which.
        arguments: flags and overrides in any order.
        job: what is done with a configuration, its folder and its overrides.
        write_summary: writes the page of a sweep's folder and returns its path.

    Raises:
        DenoiserError: what was asked for is not there or not possible; of a sweep, failures are told and counted.
    """
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    errors: list[Exception] = []
    sweep: list[Path] = []

    def one(cfg: DictConfig) -> None:
        settings = HydraConfig.get()
        folder, overrides = Path(settings.runtime.output_dir), list(settings.overrides.task)
        if settings.mode == RunMode.MULTIRUN:
            sweep[:] = [Path(settings.sweep.dir).absolute()]
        elif launcher.rank() == 0 and not any(argument.startswith("hydra.run.dir=") for argument in arguments):
            folder = _free(folder)
        # Kept from Hydra, which shows the first failure of a sweep only, and adds a line of its own.
        try:
            check_types(cfg, overrides, application)
            job(cfg, folder, overrides)
        except Exception as error:
            errors.append(error)
            if sweep:
                failures.print_error(error)
            if failures.to_denoiser_error(error).code in STOPPED:
                raise KeyboardInterrupt from None  # not caught by Hydra: the sweep's other jobs are not wanted

    register_resolvers()
    place = str(config_dir())
    try:
        with hydra_errors.hydra_arguments(application, [*_settings(application), *arguments]):
            hydra.main(version_base=HYDRA_VERSION_BASE, config_path=place, config_name=application.config)(one)()
    except KeyboardInterrupt:
        if not errors:
            raise
    return _ended(errors, sweep, write_summary)


def _free(folder: Path) -> Path:
    """The folder, or one beside it where another run of the same second has it."""
    for number in itertools.count(1):
        mine = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        try:
            (mine / ".hydra").mkdir(parents=True)
        except FileExistsError:
            continue
        return mine
    raise AssertionError("counting has no end")


@contextmanager
def recorded(record: Record, fix: str, write_page: PageWriter) -> Iterator[None]:
    """Say on disk how a run ended that did not end well.

    Args:
        record: what `results.json` will hold.
        fix: what to do about an interruption.
        write_page: writes the page of the run folder and returns its path.
    """
    try:
        with sigterm_interrupts():
            yield
    except KeyboardInterrupt as stop:
        _broken_off(record, write_page, "interrupted", stopped(record.folder, fix, stop))
        raise
    except Exception as error:
        if interrupted():  # and a library made another exception of it
            _broken_off(record, write_page, "interrupted", stopped(record.folder, fix, KeyboardInterrupt()))
            raise KeyboardInterrupt from error
        _broken_off(record, write_page, "failed", failures.to_denoiser_error(error))
        raise


def stopped(folder: Path, fix: str, stop: KeyboardInterrupt) -> DenoiserError:
    """An interruption as two lines."""
    terminated = "terminated" in stop.args
    what = f"{'terminated' if terminated else 'interrupted'} ({folder})"
    return DenoiserError(what, fix, TERMINATED if terminated else INTERRUPTED)


def _broken_off(record: Record, write_page: PageWriter, status: str, error: DenoiserError) -> None:
    with suppress(DenoiserError):  # a full disk must not hide the reason
        record.finish(status=status, error=str(error))
        write_page(record.folder)


def _settings(application: Application) -> list[str]:
    """The settings of Hydra that config.yaml holds, as overrides for a configuration that has none."""
    if application.config == "config":
        return []
    plain = OmegaConf.to_container(OmegaConf.load(config_dir() / "config.yaml"), resolve=False)
    return [*SILENT, *(f"hydra.{key}={_at(plain, f'hydra.{key}')}" for key in SHARED)]


def _at(block: Any, key: str) -> Any:
    """What stands at a dotted key, its interpolations as they are written."""
    for part in key.split("."):
        block = block[part]
    return "null" if block is None else block


def _ended(errors: Sequence[Exception], sweep: Sequence[Path], write_summary: PageWriter) -> int:
    """The exit code; a sweep's summary is written however it ended."""
    if errors and not sweep:
        raise errors[0]
    for folder in sweep:
        print(f"summary: {write_summary(folder)}", folder, sep="\n")
    codes = [failures.to_denoiser_error(error).code for error in errors]
    ends = [code for code in codes if code in STOPPED]
    return ends[0] if ends else SOME_FAILED if codes else 0
