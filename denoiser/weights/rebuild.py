"""The model that a checkpoint or an export describes, with its weights; an error names whatever does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from denoiser.errors import DenoiserError
from denoiser.training.module import Denoiser
from denoiser.weights import tensors

FIX = "give a checkpoint of `denoiser run`"
SIDE = 64
"""Side in pixels of the picture that a loaded model is tried on; smaller ones leave some networks without pixels."""


def rebuild(content: Mapping[str, Any], file: Path, network: nn.Module | None = None) -> Denoiser:
    """Build the model that a checkpoint describes, load its weights and try it on a small picture.

    Args:
        content: content of the checkpoint: `hyper_parameters` and `state_dict`.
        file: the file, for errors.
        network: the network, where the checkpoint only has the name of its class.

    Returns:
        The model in evaluation mode.

    Raises:
        TypeError: the network is none.
        DenoiserError: no such network can be built, the weights do not fit it, or it does not run.
    """
    if not isinstance(network, nn.Module | None):
        raise TypeError(f"the network is a torch.nn.Module, not {network!r}")
    given = {} if network is None else {"network": network}
    module, content = _build({**content["hyper_parameters"], **given}, file), {"state_dict": content["state_dict"]}
    module.on_load_checkpoint(content)
    weights = content["state_dict"]
    if difference := _difference(module.state_dict(), weights):
        raise DenoiserError(
            f"the checkpoint is of another architecture: {difference} ({file})",
            f"train it again: denoiser run model={module.hparams['name']}"
            if network is None
            else "a network of the same class and arguments as the one that was trained",
        )
    if problem := tensors.find_unsupported_tensor(weights, module.state_dict()):
        raise DenoiserError(f"{problem}; {tensors.SUPPORTED} ({file})", FIX)
    module.load_state_dict(weights)
    _try(module.eval(), file)
    return module


def _build(hyper_parameters: Mapping[str, Any], file: Path) -> Denoiser:
    try:
        return Denoiser(**hyper_parameters)
    except DenoiserError as error:
        what = f"the checkpoint describes a model that cannot be built: {error.what} ({file})"
        raise DenoiserError(what, error.fix) from error
    except Exception as error:  # anyone may have written the file, so that arguments may be anything
        raise DenoiserError(f"the checkpoint describes no model: {error} ({file})", FIX) from error


def _try(module: Denoiser, file: Path) -> None:
    """Denoise a small picture: only a call shows arguments that do not fit one another."""
    channels = module.hparams["channels"]
    what = f"the checkpoint describes a model that does not run (channels={channels!r})"
    try:
        with torch.no_grad():
            shape = tuple(module(torch.zeros(1, channels, SIDE, SIDE)).shape)
    except Exception as error:  # anyone may have described the network
        if "allocate memory" in str(error):  # too little memory is no fault of the checkpoint
            return
        raise DenoiserError(f"{what}: {error} ({file})", FIX) from error
    if shape != (1, channels, SIDE, SIDE):
        raise DenoiserError(f"{what}: 1x{channels}x{SIDE}x{SIDE} becomes {'x'.join(map(str, shape))} ({file})", FIX)


def _difference(expected: Mapping[str, Any], weights: Mapping[str, Any]) -> str | None:
    """The first key in which weights differ from what the network needs, in words."""
    for key, tensor in expected.items():
        if key not in weights:
            return f"{key} is missing"
        if tuple(weights[key].shape) != tuple(tensor.shape):
            return f"{key} is {_shape(weights[key])} and should be {_shape(tensor)}"
    extra = next((key for key in weights if key not in expected), None)
    return None if extra is None else f"{extra} has no place in the network"


def _shape(tensor: Any) -> str:
    return "x".join(map(str, tensor.shape)) or "one number"
