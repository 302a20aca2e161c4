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
from denoiser.runs import checkpoint

if TYPE_CHECKING:
    from denoiser.training.module import Denoiser

METADATA_KEY, FORMAT = "denoiser", 1
"""The safetensors header holds this one key with the version of the format: with more keys their order would vary."""
CONTENT = ("hyper_parameters", "state_dict", "seen")
"""Keys that an export and a checkpoint share."""
EARLIER = "earlier"
"""The key of `seen` with the records of the weights that a training started from."""
FIX = "take both files from one export; for included weights, install the package again"
ARRAYS: dict[str, tuple[str, tuple[int, ...]]] = {"sizes": ("<i4", (-1, 2)), "thumbnails": ("u1", (-1, 8, 8))}
"""Type and shape of the arrays of `seen`, a row for each picture; the JSON holds them in base64."""


def to_bytes(model: Denoiser, half: bool) -> bytes:
    """The content of the `.safetensors`, the same for the same weights.

    Args:
        model: the model.
        half: round the weights to float16; statistics of batch normalisation stay as they are.

    Raises:
        DenoiserError: a weight is not finite, or does not fit into float16.
    """
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
    record = None if seen is None else _encoded_record(seen)
    return {"format": FORMAT, "hyper_parameters": dict(model.hparams), "seen": record}


def _encoded_record(seen: Mapping[str, Any]) -> dict[str, Any]:
    record = {key: _encoded(key, value) for key, value in seen.items() if key != EARLIER}
    return record | ({EARLIER: [_encoded_record(one) for one in seen[EARLIER]]} if EARLIER in seen else {})


def read(path: Path) -> dict[str, Any]:
    """Read an export of `denoiser export`; tensors are float32, on the CPU.

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


def _decoded(seen: Any, path: Path, depth: int = 0) -> Any:
    """The record of the pictures with its tensors; anything else is left for `training_record.seen` to refuse."""
    if not isinstance(seen, dict):
        return seen
    record = {key: _array(value, path, *ARRAYS[key]) if key in ARRAYS else value for key, value in seen.items()}
    if depth == 0 and isinstance(seen.get(EARLIER), list):
        record[EARLIER] = [_decoded(one, path, depth=1) for one in seen[EARLIER]]
    return record


def _array(text: Any, path: Path, dtype: str, shape: tuple[int, ...]) -> torch.Tensor:
    try:
        array = np.frombuffer(base64.b64decode(text, validate=True), dtype).reshape(shape)
    except (TypeError, ValueError) as error:  # base64's own error is a ValueError
        raise DenoiserError(f"the record of the pictures trained on is damaged (seen, {path})", FIX) from error
    return torch.from_numpy(array.astype(array.dtype.newbyteorder("=")))
