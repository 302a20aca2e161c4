"""Run folders: how one is claimed, what its `results.json` records, and which one is resumed."""

from __future__ import annotations

import copy
import importlib.metadata
import json
import platform
import shlex
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from omegaconf import DictConfig, OmegaConf

from denoiser.config import Application
from denoiser.errors import DenoiserError, nearest
from denoiser.machine.files import write_text
from denoiser.runs.csv_files import csv_rows
from denoiser.runs.parse import finite, load
from denoiser.search_path import PACKAGE, added_words, options

RESULTS = "results.json"
PACKAGES = (
    *("denoiser-lightning", "torch", "torchvision", "lightning", "torchmetrics", "numpy"),
    *("scikit-image", "PyWavelets", "spandrel", "bm3d"),
)
"""Packages whose versions a run records."""


class Record:
    """The content of `results.json`; written once, when the run ends, however it ends.

    Args:
        folder: the run folder; the time of an unfinished run in it counts too, see `seconds`.
        seed: seed of the run.
        command: the command that started it.
    """

    def __init__(self, folder: Path, seed: int, command: str) -> None:
        self.folder, self.started = folder, time.perf_counter() - (seconds(folder) or 0)
        self.content: dict[str, Any] = {
            "status": "failed",
            "protocol": None,
            "seed": seed,
            "commit": commit(),
            "command": command,
            "device": None,
            "seconds": 0.0,
            "params": None,
            "macs": None,
            "rows": [],
            "error": None,
            "versions": versions(),
        }

    def finish(self, **final: Any) -> None:
        """Write the file with these last entries.

        Raises:
            DenoiserError: the file cannot be written (exit code 3).
        """
        self.content.update(final, seconds=round(time.perf_counter() - self.started, 3))
        write_text(self.folder / RESULTS, json.dumps(self.content, indent=1))


def check_free(folder: Path, cfg: DictConfig) -> None:
    """Check that no run has claimed a folder.

    Raises:
        DenoiserError: the folder holds a run already.
    """
    if (folder / ".hydra" / "config.yaml").exists():
        raise _taken(folder, cfg)


def _taken(folder: Path, cfg: DictConfig) -> DenoiserError:
    finished = results(folder).get("status") == "ok" or "model" not in cfg
    fix = "another hydra.run.dir (for a sweep, hydra.sweep.dir; from Python, another out=)"
    fix += "" if finished else f", or denoiser run {resume_word(folder)}"
    return DenoiserError(f"the folder holds a run already ({folder})", fix)


def claim(folder: Path, cfg: DictConfig, overrides: Sequence[str], resume: bool = False) -> None:
    """Make the run folder and write the configuration into it; of two runs that want one folder, one gets it.

    Raises:
        DenoiserError: the folder holds a run already, or cannot be written (exit code 3).
    """
    config = folder / ".hydra" / "config.yaml"
    if not resume:
        try:
            config.parent.mkdir(parents=True, exist_ok=True)
            config.open("x").close()
        except FileExistsError:
            raise _taken(folder, cfg) from None
    write_text(folder / ".hydra" / "overrides.yaml", OmegaConf.to_yaml(OmegaConf.create(list(overrides))))
    write_text(config, OmegaConf.to_yaml(cfg))


def resume_word(folder: Path) -> str:
    """`resume=FOLDER`, quoted for a shell."""
    return shlex.quote(f"resume={folder}")


def absolute_paths(cfg: DictConfig) -> DictConfig:
    """A copy whose data paths are absolute, so that the run can be resumed from another working directory."""
    absolute = copy.deepcopy(cfg)
    below = ("noisy", "clean") if absolute.data.get("path") is not None else ()  # these are relative to it
    for key in ("root", "path", "csv", "noisy", "clean"):
        if absolute.data.get(key) is not None and key not in below:
            absolute.data[key] = str(Path(str(absolute.data[key])).expanduser().absolute())
    if OmegaConf.is_list(absolute.data.get("sources")):
        names = [str(name) for name in absolute.data.sources]
        absolute.data.sources = [n if n in options("data") else str(Path(n).expanduser().absolute()) for n in names]
    return absolute


def results(folder: Path) -> dict[str, Any]:
    """The content of a run's `results.json`; an empty dict where there is none that can be read."""
    return load(folder / RESULTS, json.loads, {})


def overrides(folder: Path) -> list[str]:
    """The overrides of a run's command; none where they cannot be read."""
    return list(map(str, load(folder / ".hydra" / "overrides.yaml", yaml.safe_load, [])))


def seconds(folder: Path) -> float | None:
    """The time that a run has taken so far; None where it is not recorded.

    A run that ended normally or with an error has recorded it in `results.json`; one that was killed has recorded the
    seconds of its epochs.
    """
    total = finite(results(folder).get("seconds"))
    epochs = finite(*(row.get("seconds") for row in csv_rows(folder / "metrics.csv")))
    return max(*total, sum(epochs), 0.0) if total or epochs else None


def to_resume(name: str) -> Path:
    """The run folder that `resume=NAME` means: a path, or for `latest` the newest unfinished one with a checkpoint.

    Raises:
        DenoiserError: there is no such folder, it holds no run, or its run is finished.
    """
    folder = _latest() if name == "latest" else Path(name).expanduser().absolute()
    if not (folder / ".hydra" / "config.yaml").is_file():
        runs = [str(path) for path in _runs()]
        near = nearest(name, runs) or (runs[-1] if runs else "latest")
        raise DenoiserError(f"no run to resume ({folder})", f"resume={near}")
    if "model" not in OmegaConf.load(folder / ".hydra" / "config.yaml"):
        raise DenoiserError(f"an evaluation cannot be resumed ({folder})", "repeat its command with another folder")
    if results(folder).get("status") == "ok":
        raise DenoiserError(f"the run is finished ({folder})", "start another: the same command without resume=")
    return folder


def _runs() -> list[Path]:
    folders = [*Path("outputs").glob("*/*"), *Path("multirun").glob("*/*/*")]
    runs = [path for path in folders if (path / ".hydra" / "config.yaml").is_file()]
    return sorted(runs, key=lambda path: (path / ".hydra" / "config.yaml").stat().st_mtime)


def _latest() -> Path:
    started = [path for path in _runs() if (path / "checkpoints" / "last.ckpt").is_file()]
    unfinished = [path for path in started if results(path).get("status") != "ok"]
    if not unfinished:
        raise DenoiserError("no unfinished run here (outputs, multirun)", "resume=FOLDER, or start one without resume=")
    return unfinished[-1].absolute()


def commit() -> str | None:
    """The commit of this code, with `+` where files differ from it; None outside of git."""
    try:
        sha = _git(PACKAGE, "rev-parse", "--short=12", "HEAD")
        changed = _git(PACKAGE, "status", "--porcelain", "--untracked-files=no", "--", ".", "../conf")
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{sha}+" if changed else sha


def _git(folder: Path, *arguments: str) -> str:
    process = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    return process.stdout.strip()


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that figures depend on; those that are not installed are left out."""
    installed = {"python": platform.python_version()}
    for name in PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            installed[name] = importlib.metadata.version(name)
    return installed


def command_line(application: Application, overrides: Sequence[str]) -> str:
    """The command that composes the same configuration."""
    return shlex.join([*application.command.split(), *added_words(), *overrides])
