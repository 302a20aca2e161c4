"""Weights that come with the package, by their names."""

from __future__ import annotations

from pathlib import Path

from denoiser.errors import DenoiserError, nearest

FOLDER = Path(__file__).parent
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.safetensors")))
"""`photo` is for colour, `grey` for grey pictures."""


def path(name: str) -> Path:
    """The `.safetensors` of weights that ship; what reads it checks its sha256.

    Raises:
        DenoiserError: there are none of this name.
    """
    if name not in NAMES:
        near = nearest(name, NAMES)
        fix = f"did you mean {near}?" if near else f"one of {', '.join(NAMES)}" if NAMES else "give a run folder"
        raise DenoiserError(f"no weights of this name come with the package ({name})", fix)
    return FOLDER / f"{name}.safetensors"
