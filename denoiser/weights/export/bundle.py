"""What an export consists of, made in memory and compared with the model that it is made from before it is written."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from denoiser.cli import main as cli
from denoiser.machine import hardware
from denoiser.metrics.cost import macs, parameters
from denoiser.weights import exported, rebuild
from denoiser.weights.export import onnx_model, parity
from denoiser.weights.export.origin import Origin
from denoiser.weights.published import Published

ONNX, SAFETENSORS = ".onnx", ".safetensors"
HALF = 1 / 255
"""How far rounding the weights to float16 may move the output: a grey level."""


@dataclass(frozen=True)
class Bundle:
    """The contents of an export's files.

    Attributes:
        told: what the JSON says.
        contents: of the files by suffix.
    """

    told: dict[str, Any]
    contents: dict[str, bytes] = field(default_factory=dict)


def bundle(found: Origin, name: str, kinds: Sequence[str], half: bool = False, opset: int | None = None) -> Bundle:
    """Pack a network, run what was packed, and tell how far it is from the model.

    Args:
        found: the network and what is known of it.
        name: of the files, without suffix.
        kinds: `.safetensors`, `.onnx` or both; the former not for published weights.
        half: round the weights to float16; the ONNX file has the same weights.
        opset: version of ONNX's operators; None for the exporter's own.

    Raises:
        DenoiserError: the network cannot be packed so, or what was packed differs from it (exit code 1).
    """
    made = Bundle(_about(found, name, kinds, half))
    model = found.model
    if isinstance(model, Published):
        made.told["sha256"] = model.sha256
    else:
        packed = exported.packed(model, half)
        made.told.update(exported.described(model, found.seen), sha256=hashlib.sha256(packed).hexdigest())
        described = {"hyper_parameters": dict(model.hparams), "state_dict": exported.unpacked(packed)}
        model = rebuild.fitted(described, Path(name))
        if SAFETENSORS in kinds:
            _add_safetensors(made, found, model, packed)
    if made.told["sha256"] == found.facts.get("sha256") and "results" in found.facts:
        made.told["results"] = found.facts["results"]
    made.told["check"] = parity.checked(model)
    if ONNX in kinds:
        _add_onnx(made, model, opset)
    return made


def _about(found: Origin, name: str, kinds: Sequence[str], half: bool) -> dict[str, Any]:
    """What is known before anything is packed."""
    model, level = found.model, torch.full((1,), 25.0)
    own = {} if isinstance(model, Published) else dict(model.hparams)
    given = dict(own.get("network", {}))
    called = f"{given.pop('_target_', '')}({', '.join(f'{key}={value}' for key, value in given.items())})"
    return {
        "name": name,
        "version": cli.version(),
        "formats": list(kinds),
        "channels": model.channels,
        "takes_sigma": model.takes_sigma,
        "architecture": model.architecture if isinstance(model, Published) else called,
        "parameters": parameters(model),
        "macs": macs(lambda image: model.forward(image, *([level] * model.takes_sigma)), model.channels, level.device),
        "half": half,
        "trained_on": own.get("trained_on") or None,
        "trained_sigma": own.get("trained_sigma"),
        "training": found.facts.get("training"),
        "device": hardware.describe(level.device),
        "parity": {},
    }


def _add_safetensors(made: Bundle, found: Origin, model: Any, packed: bytes) -> None:
    rows = parity.compared(parity.caller(found.model), parity.caller(model), model.channels, timed=False)
    parity.check(rows, made.told["name"] + SAFETENSORS, HALF if made.told["half"] else parity.LIMIT)
    made.told["parity"][SAFETENSORS] = rows
    made.contents[SAFETENSORS] = packed


def _add_onnx(made: Bundle, model: Any, opset: int | None) -> None:
    said = {key: str(made.told[key]) for key in ("name", "version", "channels", "sha256")} | {"range": "0 to 1"}
    content, version = onnx_model.exported(model, opset, said, made.told["half"])
    rows = parity.compared(parity.caller(model), onnx_model.runner(content), model.channels)
    parity.check(rows, made.told["name"] + ONNX)
    made.told["parity"][ONNX] = rows
    made.told["onnx"] = {"opset": version, "sha256": hashlib.sha256(content).hexdigest()}
    made.contents[ONNX] = content
