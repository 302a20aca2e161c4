"""`denoiser run`: train, test, report. `run(cfg, out_dir)` is an ordinary function; the command is a thin shell."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from denoiser import cli
from denoiser.config import HYDRA_VERSION_BASE, config_dir, register_resolvers
from denoiser.errors import SOME_FAILED, DenoiserError
from denoiser.folders import Record, claim, command_line, process, to_resume

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
    from denoiser.training import train_and_test

    out_dir = Path(out_dir).absolute()
    record = Record(out_dir, cfg.seed, command_line(overrides))
    if process() > 0:  # of several that train together, the first keeps the folder
        for stage in train_and_test(cfg, out_dir, resume):
            record.content.update(stage)
        return record.content
    claim(out_dir, cfg, overrides, resume)
    try:
        for stage in train_and_test(cfg, out_dir, resume):
            record.content.update(stage)
    except KeyboardInterrupt:
        _broken_off(record, "interrupted", f"error: interrupted ({out_dir})\nfix: denoiser run resume={out_dir}")
        raise
    except Exception as error:
        _broken_off(record, "failed", str(cli.told(error)))
        raise
    _finished(record)
    return record.content


def _finished(record: Record) -> None:
    from denoiser.report import table, write_report

    record.finish(status="ok")
    page = write_report(record.folder)
    print(table(record.content["rows"], record.content["protocol"]), f"report: {page}", sep="\n")
    print(f"tensorboard --logdir {record.folder / 'tensorboard'}", record.folder, sep="\n")


def _broken_off(record: Record, status: str, error: str) -> None:
    """Say on disk how the run ended; a full disk must not hide the reason."""
    from denoiser.report import write_report

    with suppress(DenoiserError):
        record.finish(status=status, error=error)
        write_report(record.folder)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: Hydra's for a run or a sweep, our own for `resume=`. Returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return cli.guarded(lambda: _resume(given) if any(a.startswith("resume=") for a in given) else _hydra(given))


def _hydra(arguments: Sequence[str]) -> int:
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    failures: list[Exception] = []
    sweep: list[Path] = []

    def job(cfg: DictConfig) -> None:
        settings = HydraConfig.get()
        folder, overrides = Path(settings.runtime.output_dir), list(settings.overrides.task)
        if settings.mode == RunMode.MULTIRUN:
            sweep[:] = [Path(settings.sweep.dir).absolute()]
        # Kept from Hydra, which shows the first failure of a sweep only, and adds a line of its own.
        try:
            cli.check_types(cfg, overrides)
            run(cfg, folder, overrides)
        except Exception as error:
            failures.append(error)
            if sweep:
                cli.tell(error)

    register_resolvers()
    with cli.hydra_arguments("denoiser run", arguments):
        hydra.main(version_base=HYDRA_VERSION_BASE, config_path=str(config_dir()), config_name="config")(job)()
    if failures and not sweep:
        raise failures[0]
    for folder in sweep:
        from denoiser.report import write_summary

        print(f"summary: {write_summary(folder)}", folder, sep="\n")
    return SOME_FAILED if failures else 0


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
    cfg.merge_with(cli.checked_dotlist(cfg, changes))
    before = OmegaConf.to_container(OmegaConf.load(folder / ".hydra" / "overrides.yaml"))
    run(cfg, folder, [*(before if isinstance(before, list) else []), *changes], resume=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
