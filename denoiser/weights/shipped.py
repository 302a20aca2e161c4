"""The names and files of shipped weights, which come with the package."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.safetensors")))
"""Names of the shipped weights: `photo` for colour pictures, `grey` for grey ones, `camera` for noisy photographs."""


def list_weights() -> list[str]:
    """The names of shipped weights, for `denoiser.load`."""
    return list(NAMES)


def path(name: str) -> Path:
    """The `.safetensors` of shipped weights; reading it checks its sha256."""
    return FOLDER / f"{name}.safetensors"
