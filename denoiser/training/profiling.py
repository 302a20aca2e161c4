"""Lightning's profilers, whose reports become files of the run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lightning.pytorch.profilers import AdvancedProfiler, Profiler, PyTorchProfiler, SimpleProfiler

PROFILERS: dict[str, type[Profiler]] = {
    "simple": SimpleProfiler,
    "advanced": AdvancedProfiler,
    "pytorch": PyTorchProfiler,
}
"""The names of `trainer.profiler` whose report is text; `xla` writes what its own viewer shows."""


def profiler(name: Any, folder: str | Path) -> Any:
    """The profiler of a name, which writes a report for each stage, `fit-profile.txt` and `test-profile.txt`.

    Args:
        name: as `trainer.profiler` holds it; any other value is returned as it is, for Lightning to judge.
        folder: the run folder.
    """
    known = PROFILERS.get(name.lower()) if isinstance(name, str) else None
    return known(dirpath=folder, filename="profile") if known else name
