"""The run folders that the arguments of a report mean, and their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from denoiser.errors import DenoiserError
from denoiser.machine.files import missing

NO_NAME = re.compile(r"\d+|\d\d-\d\d-\d\d")
"""A sweep's job or a time of day, which name no run by themselves."""
FIX = "name a folder of denoiser run or denoiser evaluate"


def is_run(folder: Path) -> bool:
    """Whether a run or an evaluation was started in this folder, finished or not."""
    return (folder / "results.json").is_file() or (folder / ".hydra" / "config.yaml").is_file()


def jobs(folder: Path) -> list[Path]:
    """The job folders 0, 1, 2, ... of a sweep in their order; none where the folder is not one."""
    numbered = [path for path in folder.iterdir() if path.is_dir() and path.name.isdecimal()]
    return sorted(numbered, key=lambda path: int(path.name))


def sweep(job: Path) -> Path:
    """The folder of the sweep that a run is a job of; the run's own folder where it is none."""
    return job.parent if job.name.isdecimal() and not is_run(job.parent) else job


def gather(paths: Sequence[Path]) -> list[Path]:
    """The run folders among these and the jobs of the sweeps among them, each once, as absolute paths.

    Raises:
        DenoiserError: one does not exist, is a file, or holds no results.
    """
    folders = [run for path in paths for run in ([path] if _is_run(path) else jobs(path))]
    return list(dict.fromkeys(path.resolve() for path in folders))


def _is_run(path: Path) -> bool:
    """Whether this is a run's folder, not a sweep's; an error where it is neither."""
    if not path.exists():
        raise missing("run folder", path)
    if not path.is_dir():
        raise DenoiserError(f"a file, not a run folder ({path})", f"denoiser report {path.parent}")
    if is_run(path):
        return True
    if not jobs(path):
        below = sorted(run for pattern in ("*", "*/*") for run in path.glob(pattern) if is_run(run))
        raise DenoiserError(f"no results in this folder ({path})", f"denoiser report {below[-1]}" if below else FIX)
    return False


def names(folders: Sequence[Path]) -> list[str]:
    """A name for each folder: its last parts, as few as differ from all others; never a number or a time alone."""
    parts = [folder.parts for folder in folders]
    counts = range(1, max(map(len, parts), default=1) + 1)
    return [next(name for n in counts if (name := _name(part, n)) and _unique(part, parts, n)) for part in parts]


def _name(parts: Sequence[str], count: int) -> str:
    last = parts[-count:]
    return "" if NO_NAME.fullmatch(last[0]) and count < len(parts) else str(Path(*last))


def _unique(part: Sequence[str], parts: Sequence[Sequence[str]], count: int) -> bool:
    return count >= len(part) or sum(other[-count:] == part[-count:] for other in parts) == 1
