"""The model that a checkpoint describes, with its weights; whatever does not fit is told by its name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from denoiser.errors import DenoiserError
from denoiser.runs import checkpoint
from denoiser.training.module import Denoiser

GIVE = "give a checkpoint of `denoiser run`"
SIDE = 64
"""Of the picture that a loaded model is tried on; below, some networks have nothing left to normalise over."""


def fitted(found: Mapping[str, Any], file: Path) -> Denoiser:
    """The model that a checkpoint describes, with its weights, tried on a small picture; in evaluation mode.

    Args:
        found: the checkpoint's `hyper_parameters` and `state_dict`.
        file: where it is from, for errors.

    Raises:
        DenoiserError: no such network can be built, the weights are not its own, or it does not run.
    """
    module = _built(found["hyper_parameters"], file)
    weights = found["state_dict"]
    difference = _difference(module.state_dict(), weights)
    if difference:
        raise DenoiserError(
            f"the checkpoint is of another architecture: {difference} ({file})",
            f"train it anew: denoiser run model={module.hparams['name']}",
        )
    if odd := checkpoint.oddity(weights, module.state_dict()):
        raise DenoiserError(f"{odd}; {checkpoint.WEIGHTS} ({file})", GIVE)
    module.load_state_dict(weights)
    _try(module.eval(), file)
    return module


def _built(hyper_parameters: Mapping[str, Any], file: Path) -> Denoiser:
    try:
        return Denoiser(**hyper_parameters)
    except DenoiserError as error:
        raise DenoiserError(
            f"the checkpoint describes a model that is not built: {error.what} ({file})",
            GIVE,
        ) from error
    except Exception as error:  # from a file that anyone may have written, arguments may be anything
        raise DenoiserError(f"the checkpoint describes no model: {error} ({file})", GIVE) from error


def _try(module: Denoiser, file: Path) -> None:
    """Denoise a small picture: arguments that are wrong together show in a call alone."""
    channels = module.hparams["channels"]
    told = f"the checkpoint describes a model that does not run (channels={channels!r})"
    if type(channels) is not int or channels not in (1, 3):
        raise DenoiserError(f"{told}: 1 and 3 are possible ({file})", GIVE)
    try:
        with torch.no_grad():
            shape = tuple(module(torch.zeros(1, channels, SIDE, SIDE)).shape)
    except Exception as error:  # from a network that anyone may have described
        if "allocate memory" in str(error):  # which says nothing of the checkpoint
            return
        raise DenoiserError(f"{told}: {error} ({file})", GIVE) from error
    if shape != (1, channels, SIDE, SIDE):
        raise DenoiserError(f"{told}: 1x{channels}x{SIDE}x{SIDE} becomes {'x'.join(map(str, shape))} ({file})", GIVE)


def _difference(expected: Mapping[str, Any], found: Mapping[str, Any]) -> str | None:
    """The first key in which a state dict differs from what the network needs, in words."""
    for key, tensor in expected.items():
        if key not in found:
            return f"{key} is missing"
        if tuple(found[key].shape) != tuple(tensor.shape):
            return f"{key} is {_shape(found[key])} and should be {_shape(tensor)}"
    extra = next((key for key in found if key not in expected), None)
    return None if extra is None else f"{extra} has no place in the network"


def _shape(tensor: Any) -> str:
    return "x".join(map(str, tensor.shape)) or "one number"
