"""Networks as NAME.safetensors and NAME.json: tensors and plain values, nothing to unpickle."""

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

METADATA_KEY, FORMAT = "denoiser", 1
"""The safetensors header holds this one key with the version of the format: with more keys their order would vary."""
SUFFIX = ".safetensors"
CONTENT = ("hyper_parameters", "state_dict", "seen")
"""Keys that an export and a checkpoint share."""
FIX = "take both files from one export; for included weights, install the package again"
ARRAYS: dict[str, tuple[str, tuple[int, ...]]] = {"sizes": ("<i4", (-1, 2)), "thumbnails": ("u1", (-1, 8, 8))}
"""Type and shape of the arrays of `seen`, a row for each picture; the JSON holds them in base64."""


def write(
    model: Denoiser,
    stem: Path,
    half: bool,
    seen: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Path:
    """Write a network's weights and their description, each file whole or not at all.

    Args:
        model: the model.
        stem: folder and name of the files, without suffix.
        half: round the weights to float16; statistics of batch normalisation stay as they are.
        seen: record of the pictures trained and selected on, as a checkpoint holds it.
        facts: further entries of the JSON.

    Returns:
        The path of the `.safetensors`.

    Raises:
        DenoiserError: a weight does not fit into float16, or the files cannot be written (exit code 3).
    """
    content = to_bytes(model, half)
    path = stem.with_name(stem.name + SUFFIX)
    sha256 = hashlib.sha256(content).hexdigest()
    description = {"half": half, **(facts or {}), **describe(model, seen), "sha256": sha256}
    with replacing(path) as file:
        file.write(content)
    write_text(stem.with_name(f"{stem.name}.json"), json.dumps(description, indent=1, ensure_ascii=False) + "\n")
    return path


def to_bytes(model: Denoiser, half: bool) -> bytes:
    """The content of the `.safetensors`, the same for the same weights; see `write`."""
    learned = {name for name, _ in model.network.named_parameters()} if half else set()
    weights = {name: value.detach().cpu().contiguous() for name, value in model.network.state_dict().items()}
    weights = {name: value.half() if name in learned else value.clone() for name, value in weights.items()}
    for name, value in weights.items():
        if not torch.isfinite(value).all():
            what = f"{name} is not finite{' in half precision' if name in learned else ''} ({model.hparams['name']})"
            raise DenoiserError(what, "leave out --half" if name in learned else "give another checkpoint")
    return save(weights, metadata={METADATA_KEY: str(FORMAT)})


def from_bytes(content: bytes) -> dict[str, torch.Tensor]:
    """The `state_dict` of a model in a `.safetensors`, float32; safetensors raises its own errors."""
    weights = load(content).items()
    return {f"network.{name}": value.float() if value.is_floating_point() else value for name, value in weights}


def describe(model: Denoiser, seen: Mapping[str, Any] | None) -> dict[str, Any]:
    """The entries of the `.json` that loading needs, besides the sha256.

    Args:
        model: the model whose hyperparameters they hold.
        seen: record of the pictures trained and selected on.
    """
    record = None if seen is None else {key: _encoded(key, value) for key, value in seen.items()}
    return {"format": FORMAT, "hyper_parameters": dict(model.hparams), "seen": record}


def read(path: Path) -> dict[str, Any]:
    """Read what `write` wrote; tensors are float32, on the CPU.

    Args:
        path: the `.safetensors`; the `.json` is beside it.

    Returns:
        The entries of the `.json`, and the `state_dict`: `hyper_parameters`, `state_dict` and `seen` are those of a
        checkpoint, and `seen` is None where it is not recorded.

    Raises:
        DenoiserError: a file is missing, damaged or of a newer format, or the two are not of one export (sha256).
    """
    description = read_description(path)
    content = checkpoint.content_of(path, "exported network", FIX)
    if hashlib.sha256(content).hexdigest() != description["sha256"]:
        raise DenoiserError(f"the file is damaged, or not the one of {path.stem}.json by its sha256 ({path})", FIX)
    try:
        weights = from_bytes(content)
    except Exception as error:  # safetensors raises its own type of error, and others for malformed headers
        raise DenoiserError(f"the exported network is damaged: {error} ({path})", FIX) from error
    seen = _decoded(description.get("seen"), path.with_suffix(".json"))
    return {**description, "state_dict": weights, "seen": seen}


def read_description(path: Path) -> dict[str, Any]:
    """Read the `.json` beside a `.safetensors`.

    Raises:
        DenoiserError: it is missing, of a newer format, or not one of `denoiser export`.
    """
    file = path.with_suffix(".json")
    try:
        description = json.loads(checkpoint.content_of(file, "description of the network", FIX))
    except (ValueError, RecursionError) as error:
        raise DenoiserError(f"the description is damaged: {error} ({file})", FIX) from error
    plain = isinstance(description, dict) and isinstance(description.get("hyper_parameters"), dict)
    if not plain or not isinstance(description.get("sha256"), str) or type(description.get("format")) is not int:
        raise DenoiserError(f"it describes no network of `denoiser export` ({file})", FIX)
    if description["format"] > FORMAT:
        what = f"it is of format {description['format']}, and this version reads up to {FORMAT} ({file})"
        raise DenoiserError(what, "pip install --upgrade denoiser-lightning")
    return description  # type: ignore[no-any-return]


def _encoded(key: str, value: Any) -> Any:
    if key not in ARRAYS:
        return value
    return base64.b64encode(value.numpy().astype(ARRAYS[key][0]).tobytes()).decode()


def _decoded(seen: Any, path: Path) -> Any:
    """The record of the pictures with its tensors; anything else is left for `checkpoint.seen` to refuse."""
    if not isinstance(seen, dict):
        return seen
    return {key: _array(value, path, *ARRAYS[key]) if key in ARRAYS else value for key, value in seen.items()}


def _array(text: Any, path: Path, dtype: str, shape: tuple[int, ...]) -> torch.Tensor:
    try:
        array = np.frombuffer(base64.b64decode(text, validate=True), dtype).reshape(shape)
    except (TypeError, ValueError) as error:  # base64's own error is a ValueError
        raise DenoiserError(f"the record of the pictures trained on is damaged (seen, {path})", FIX) from error
    return torch.from_numpy(array.astype(array.dtype.newbyteorder("=")))
