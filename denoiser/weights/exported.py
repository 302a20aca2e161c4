"""Trained networks as NAME.safetensors, with NAME.json beside it: tensors and plain values, nothing to unpickle."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load, save

from denoiser.errors import DenoiserError
from denoiser.machine.files import replacing, write_text
from denoiser.runs import checkpoint

if TYPE_CHECKING:
    from denoiser.training.module import Denoiser

MARK, FORMAT = "denoiser", 1
"""What the safetensors header says: one key, since several come in any order, and the sha256 with them."""
SUFFIX = ".safetensors"
FIX = "take both files from one export; of weights that ship, install the package again"
ARRAYS: dict[str, tuple[str, tuple[int, ...]]] = {"sizes": ("<i4", (-1, 2)), "thumbnails": ("u1", (-1, 8, 8))}
"""Type and shape of what `seen` records of each picture."""


def write(
    model: Denoiser,
    stem: Path,
    half: bool,
    seen: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Path:
    """Write a network's weights and what describes them, each file whole or not at all.

    Args:
        model: whose network it is.
        stem: folder and name of the files, without suffix.
        half: round the weights to float16; statistics of batch normalisation stay as they are.
        seen: the pictures trained and selected on, as a checkpoint records them.
        facts: more to say in the JSON.

    Returns:
        The `.safetensors`.

    Raises:
        DenoiserError: a weight does not fit into float16, or the disk does not take the files (exit code 3).
    """
    content = packed(model, half)
    path = stem.with_name(stem.name + SUFFIX)
    told = {"half": half, **(facts or {}), **described(model, seen), "sha256": hashlib.sha256(content).hexdigest()}
    with replacing(path) as file:
        file.write(content)
    write_text(stem.with_name(f"{stem.name}.json"), json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    return path


def packed(model: Denoiser, half: bool) -> bytes:
    """The content of the `.safetensors`, the same for the same weights; see `write`."""
    learned = {name for name, _ in model.network.named_parameters()} if half else set()
    weights = {name: value.detach().cpu().contiguous() for name, value in model.network.state_dict().items()}
    weights = {name: value.half() if name in learned else value.clone() for name, value in weights.items()}
    for name, value in weights.items():
        if not torch.isfinite(value).all():
            told = f"{name} is not finite{' in half precision' if name in learned else ''} ({model.hparams['name']})"
            raise DenoiserError(told, "leave out --half" if name in learned else "give another checkpoint")
    return save(weights, metadata={MARK: str(FORMAT)})


def unpacked(content: bytes) -> dict[str, torch.Tensor]:
    """The `state_dict` of a model in a `.safetensors`, float32; raises whatever odd bytes lead safetensors to."""
    found = load(content).items()
    return {f"network.{name}": value.float() if value.is_floating_point() else value for name, value in found}


def described(model: Denoiser, seen: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the `.json` says of a model, besides the sha256.

    Args:
        model: whose hyperparameters they are.
        seen: the pictures trained and selected on.
    """
    record = None if seen is None else {key: _encoded(key, value) for key, value in seen.items()}
    return {"format": FORMAT, "hyper_parameters": dict(model.hparams), "seen": record}


def read(path: Path) -> dict[str, Any]:
    """What `write` wrote, as `checkpoints.read` gives a checkpoint's content: float32, on the CPU.

    Args:
        path: the `.safetensors`; the `.json` is beside it.

    Returns:
        `hyper_parameters`, `state_dict` and `seen`, which is None where it is not known.

    Raises:
        DenoiserError: a file is missing, damaged, of a newer format, or not of the other (sha256).
    """
    told = facts(path)
    content = checkpoint.content_of(path, "exported network", FIX)
    if hashlib.sha256(content).hexdigest() != told["sha256"]:
        raise DenoiserError(f"the file is damaged, or not the one of {path.stem}.json by its sha256 ({path})", FIX)
    try:
        weights = unpacked(content)
    except Exception as error:  # its own type of error, and others for odd headers
        raise DenoiserError(f"the exported network is damaged: {error} ({path})", FIX) from error
    return {
        "hyper_parameters": told["hyper_parameters"],
        "state_dict": weights,
        "seen": _decoded(told.get("seen"), path.with_suffix(".json")),
    }


def facts(path: Path) -> dict[str, Any]:
    """What the `.json` beside a `.safetensors` says.

    Raises:
        DenoiserError: it is missing, of a newer format, or none of `denoiser export`.
    """
    described_in = path.with_suffix(".json")
    try:
        told: dict[str, Any] = json.loads(checkpoint.content_of(described_in, "description of the network", FIX))
    except (ValueError, RecursionError) as error:
        raise DenoiserError(f"the description is damaged: {error} ({described_in})", FIX) from error
    plain = isinstance(told, dict) and isinstance(told.get("hyper_parameters"), dict)
    if not plain or not isinstance(told.get("sha256"), str) or type(told.get("format")) is not int:
        raise DenoiserError(f"it describes no network of `denoiser export` ({described_in})", FIX)
    if told["format"] > FORMAT:
        what = f"it is of format {told['format']}, and this version reads up to {FORMAT} ({described_in})"
        raise DenoiserError(what, "pip install --upgrade denoiser-lightning")
    return told


def _encoded(key: str, value: Any) -> Any:
    if key not in ARRAYS:
        return value
    return base64.b64encode(value.numpy().astype(ARRAYS[key][0]).tobytes()).decode()


def _decoded(seen: Any, path: Path) -> Any:
    """The record of the pictures with its tensors; what is none is left for `checkpoints.seen` to refuse."""
    if not isinstance(seen, dict):
        return seen
    return {key: _array(value, path, *ARRAYS[key]) if key in ARRAYS else value for key, value in seen.items()}


def _array(text: Any, path: Path, dtype: str, shape: tuple[int, ...]) -> torch.Tensor:
    try:
        found = np.frombuffer(base64.b64decode(text, validate=True), dtype).reshape(shape)
    except (TypeError, ValueError) as error:  # base64's own is one of the latter
        raise DenoiserError(f"the record of the pictures trained on is damaged (seen, {path})", FIX) from error
    return torch.from_numpy(found.astype(found.dtype.newbyteorder("=")))
