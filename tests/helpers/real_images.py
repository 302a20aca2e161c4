"""The folder of real images."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

WANTED = "a folder with BSR, BSD68, MNIST, ..."


def folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """What DENOISER_TEST_DATA names, else DENOISER_DATA; None where there are no real images.

    Raises:
        pytest.UsageError: DENOISER_TEST_DATA names a folder without them: tests would be skipped that were asked for.
    """
    tested, store = environment.get("DENOISER_TEST_DATA"), environment.get("DENOISER_DATA")
    if tested and not Path(tested, "BSR").is_dir():
        raise pytest.UsageError(f"no real images in {tested} (DENOISER_TEST_DATA): name {WANTED}, or unset it")
    path = Path(tested or store or ".").absolute()
    return path if (tested or store) and (path / "BSR").is_dir() else None
