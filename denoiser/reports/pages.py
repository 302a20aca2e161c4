"""The pages as commands write them. What draws them is imported on the first call, so that commands start fast."""

from __future__ import annotations

from pathlib import Path


def write_report(folder: Path) -> Path:
    """Write the page of a run or an evaluation into its folder, see `run_page`. Returns the page's path."""
    from denoiser.reports import run_page

    return run_page.write_report(folder)


def summarise(folder: Path) -> str:
    """Write the page of a sweep into its folder. Returns its table for a terminal, and the page's path."""
    from denoiser.reports import sweep_page

    return f"{sweep_page.text(folder)}\nsummary: {sweep_page.write_summary(folder)}"


def write_summary(folder: Path) -> Path:
    """Write the page of a sweep into its folder, see `sweep_page`. Returns the page's path."""
    from denoiser.reports import sweep_page

    return sweep_page.write_summary(folder)
