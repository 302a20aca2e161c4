"""The commands `run` and `evaluate` as Hydra applications: one job or a sweep, with errors of two lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from denoiser.cli import failures, hydra_errors
from denoiser.cli.keys import check_values
from denoiser.config import HYDRA_VERSION_BASE, Application, register_resolvers
from denoiser.errors import INTERRUPTED, SOME_FAILED, TERMINATED, DenoiserError
from denoiser.machine import launcher
from denoiser.machine.signals import interrupted, sigterm_interrupts
from denoiser.machine.terminal import OutputClosed, say
from denoiser.runs.folder import Record, claim, command_line
from denoiser.runs.output_folder import OutputFolder
from denoiser.runs.sweep_lines import job_line
from denoiser.search_path import PROVIDER, SEARCH_PATH, config_dir, searching

if TYPE_CHECKING:
    from omegaconf import DictConfig

Job = Callable[["DictConfig", Path, list[str]], None]
"""Does the work of a configuration in a folder; the list holds the overrides."""
PageWriter = Callable[[Path], Path]
"""Writes a page into a folder and returns its path."""
SummaryWriter = Callable[[Path], str]
"""Writes the page of a sweep's folder and returns what the command prints of it."""


def run_application(application: Application, arguments: Sequence[str], job: Job, summarise: SummaryWriter) -> int:
    """Compose, check and run, once or over a sweep. Returns the exit code.

    Args:
        application: the command.
        arguments: flags and overrides in any order.
        job: called with each configuration, its folder and its overrides.
        summarise: writes the page of a sweep's folder and returns what is printed of it.

    Raises:
        DenoiserError: the job failed or was refused. The failures of a sweep are printed and counted instead.
    """
    import hydra

    register_resolvers()
    jobs = _Jobs(application, arguments, job)
    options = {"version_base": HYDRA_VERSION_BASE, "config_path": str(config_dir()), "config_name": application.config}
    try:
        with hydra_errors.hydra_arguments(application, arguments):
            hydra.main(**options)(jobs.run)()
    except KeyboardInterrupt:
        if not jobs.errors:
            raise
    return jobs.finish(summarise)


class _Jobs:
    """Runs jobs and keeps their errors: Hydra itself shows only the first error of a sweep, in its own format."""

    def __init__(self, application: Application, arguments: Sequence[str], job: Job) -> None:
        self.application, self.arguments, self.job = application, arguments, job
        self.output = OutputFolder(arguments)
        self.sweep: Path | None = None
        self.errors: list[Exception] = []

    def run(self, cfg: DictConfig) -> None:
        from hydra.core.hydra_config import HydraConfig
        from hydra.types import RunMode

        settings = HydraConfig.get()
        folder, overrides = Path(settings.runtime.output_dir), list(settings.overrides.task)
        sources = [one for one in settings.runtime.config_sources if one.provider.startswith((PROVIDER, SEARCH_PATH))]
        if settings.mode == RunMode.MULTIRUN:
            self.sweep = Path(settings.sweep.dir).absolute()
            say(
                job_line(
                    settings, overrides, hydra_errors.sorted_arguments(self.application.command, self.arguments)[1]
                )
            )
        try:
            with searching(f"{source.schema}://{source.path}" for source in sources):
                self._run(cfg, folder, overrides)
        except Exception as error:
            self.errors.append(error)
            if self.sweep:
                failures.print_error(error)
            if failures.to_denoiser_error(error).code in (INTERRUPTED, TERMINATED):
                raise KeyboardInterrupt from None  # Hydra does not catch it, so that the sweep ends here

    def _run(self, cfg: DictConfig, folder: Path, overrides: list[str]) -> None:
        if self.sweep:
            context: AbstractContextManager[Path] = _kept(self.application, cfg, folder, overrides)
        else:
            context = self.output.free(folder) if launcher.rank() == 0 else nullcontext(folder)
        with context as free:
            check_values(cfg, overrides, self.application)
            self.job(cfg, free, overrides)

    def finish(self, summarise: SummaryWriter) -> int:
        """The exit code; a sweep gets its summary however it ended."""
        if not self.sweep:
            if self.errors:
                raise self.errors[0]
            return 0
        say(summarise(self.sweep), self.sweep, sep="\n")
        codes = [failures.to_denoiser_error(error).code for error in self.errors]
        return next((code for code in codes if code in (INTERRUPTED, TERMINATED)), SOME_FAILED if codes else 0)


@contextmanager
def _kept(application: Application, cfg: DictConfig, folder: Path, overrides: Sequence[str]) -> Iterator[Path]:
    """Keep the error of a job that was refused before it wrote into its folder, for the summary of its sweep."""
    try:
        yield folder
    except Exception as error:
        with suppress(DenoiserError):  # a folder that holds a run already, which may be that of this job
            claim(folder, cfg, overrides)
            record = Record(folder, cfg.get("seed"), command_line(application, overrides))
            record.finish(status="failed", error=str(failures.to_denoiser_error(error)))
        raise


@contextmanager
def recorded(record: Record, fix: str, write_page: PageWriter) -> Iterator[None]:
    """Write `results.json` and the page of a run that fails or is interrupted.

    Args:
        record: the content of `results.json`.
        fix: the second line of the error after an interruption.
        write_page: writes the page of the run folder and returns its path.
    """

    def finish(status: str, error: DenoiserError) -> None:
        with suppress(DenoiserError):  # a full disk must not hide the reason
            record.finish(status=status, error=str(error))
            write_page(record.folder)

    try:
        with sigterm_interrupts():
            yield
    except (KeyboardInterrupt, OutputClosed) as interrupt:
        finish("interrupted", stopped(record.folder, fix, interrupt))
        raise
    except Exception as error:
        if interrupted():  # a library has turned Ctrl-C into this exception
            finish("interrupted", stopped(record.folder, fix, KeyboardInterrupt()))
            raise KeyboardInterrupt from error
        finish("failed", failures.to_denoiser_error(error))
        raise


def stopped(folder: Path, fix: str, interrupt: BaseException) -> DenoiserError:
    """An interruption as two lines."""
    if "terminated" in interrupt.args:
        return DenoiserError(f"terminated ({folder})", fix, TERMINATED)
    return DenoiserError(f"interrupted ({folder})", fix, INTERRUPTED)
