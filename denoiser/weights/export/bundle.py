"""The files of an export, made in memory and compared with the model before anything is written."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from denoiser.cli.arguments import version
from denoiser.machine import hardware
from denoiser.metrics.cost import macs, parameters
from denoiser.noise.levels import GREY_LEVELS, LEVEL_KEYS
from denoiser.weights import exported
from denoiser.weights.export import onnx_model, origin, parity
from denoiser.weights.load import Opened
from denoiser.weights.published import Published
from denoiser.weights.rebuild import rebuild

ONNX, SAFETENSORS = ".onnx", ".safetensors"
HALF_LIMIT = 1 / GREY_LEVELS
"""Largest change of the output by weights that are rounded to float16: a grey level."""


@dataclass(frozen=True)
class Bundle:
    """The contents of an export's files.

    Attributes:
        description: content of the JSON.
        contents: content of the other files by suffix.
    """

    description: dict[str, Any]
    contents: dict[str, bytes] = field(default_factory=dict)


def bundle(opened: Opened, name: str, suffixes: Sequence[str], half: bool = False, opset: int | None = None) -> Bundle:
    """Pack a model, run what was packed, and measure how far its output is from the model's.

    Args:
        opened: the model and what its file records about it.
        name: name of the files, without suffix.
        suffixes: `.safetensors`, `.onnx` or both; published weights only become `.onnx`.
        half: round the weights to float16; the ONNX file has the same weights.
        opset: version of ONNX's operators; None for the exporter's own.

    Raises:
        DenoiserError: the network cannot be packed so, or the output of what was packed differs (exit code 1).
    """
    packed = Bundle(_description(opened, name, suffixes, half))
    description, model = packed.description, opened.model
    if isinstance(model, Published):
        description["sha256"] = model.sha256
    else:
        content = exported.to_bytes(model, half)
        description |= {**exported.describe(model, opened.seen), "sha256": hashlib.sha256(content).hexdigest()}
        state = {"hyper_parameters": dict(model.hparams), "state_dict": exported.from_bytes(content)}
        model = rebuild(state, Path(name))
        if SAFETENSORS in suffixes:
            _add_safetensors(packed, opened, model, content)
    if description["sha256"] == opened.facts.get("sha256") and "results" in opened.facts:
        description["results"] = opened.facts["results"]
    description["check"] = parity.reference(model)
    if ONNX in suffixes:
        _add_onnx(packed, model, opset)
    return packed


def _description(opened: Opened, name: str, suffixes: Sequence[str], half: bool) -> dict[str, Any]:
    """The entries of the JSON that do not depend on what is packed."""
    model, level = opened.model, torch.full((1,), 25.0)
    hparams = {} if isinstance(model, Published) else dict(model.hparams)
    arguments = dict(hparams.get("network", {}))
    call = f"{arguments.pop('_target_', '')}({', '.join(f'{key}={value}' for key, value in arguments.items())})"
    return {
        "name": name,
        "version": version(),
        "formats": list(suffixes),
        "channels": model.channels,
        "takes_sigma": model.takes_sigma,
        "architecture": model.architecture if isinstance(model, Published) else call,
        "parameters": parameters(model),
        "macs": macs(lambda image: model.forward(image, *([level] * model.takes_sigma)), model.channels, level.device),
        "half": half,
        "trained_on": hparams.get("trained_on") or None,
        **{f"trained_{key}": hparams.get(f"trained_{key}") for key in LEVEL_KEYS},
        "training": origin.training(opened),
        "device": hardware.describe(level.device),
        "parity": {},
    }


def _add_safetensors(packed: Bundle, opened: Opened, model: Any, content: bytes) -> None:
    description = packed.description
    rows = parity.compare(parity.function(opened.model), parity.function(model), model.channels, timed=False)
    parity.check(rows, description["name"] + SAFETENSORS, HALF_LIMIT if description["half"] else parity.LIMIT)
    description["parity"][SAFETENSORS] = rows
    packed.contents[SAFETENSORS] = content


def _add_onnx(packed: Bundle, model: Any, opset: int | None) -> None:
    description = packed.description
    metadata = {key: str(description[key]) for key in ("name", "version", "channels", "sha256")} | {"range": "0 to 1"}
    content, version = onnx_model.to_onnx(model, opset, metadata, description["half"])
    rows = parity.compare(parity.function(model), onnx_model.function(content), model.channels)
    parity.check(rows, description["name"] + ONNX)
    description["parity"][ONNX] = rows
    description["onnx"] = {"opset": version, "sha256": hashlib.sha256(content).hexdigest()}
    packed.contents[ONNX] = content
