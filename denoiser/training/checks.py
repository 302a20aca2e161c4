"""Checks of a model's parts before its training, on a batch of zeros."""

from __future__ import annotations

import torch
from torch import Tensor

from denoiser.data.base import PairsDataModule
from denoiser.data.batch import Batch
from denoiser.errors import DenoiserError
from denoiser.inference.evaluating import evaluating
from denoiser.inference.padding import pad
from denoiser.inference.picture_model import PictureModel
from denoiser.objectives.base import Objective


def check_parts(model: PictureModel, data: PairsDataModule | None) -> None:
    """Check that a model has something to train, and the channels of the data.

    Args:
        model: the model.
        data: its dataset, if it is one of `denoiser.data`.

    Raises:
        DenoiserError: the data has other channels, or there is nothing to train.
    """
    if data is not None and data.channels != model.channels:
        what = f"{model.name} takes {model.channels} channel(s) and the data has {data.channels} (channels)"
        raise DenoiserError(what, f"channels={model.channels} for the data, or a network of {data.channels}")
    if not any(parameter.requires_grad for parameter in model.network.parameters()):
        raise DenoiserError(f"{model.name} has no parameters to train (network)", "another network")


def training_size(data: PairsDataModule) -> tuple[int, int]:
    """Height and width in pixels of the pictures of a training; of whole pictures those of the first."""
    if data.patch_size is not None:
        return data.patch_size, data.patch_size
    height, width = data.split("train").shapes[0][-2:]
    noise = data.protocol.noise
    return noise.pair_size(height), noise.pair_size(width)


def check_call(model: PictureModel, objective: Objective, height: int, width: int) -> None:
    """Call the network and the objective once on two pictures of zeros.

    Args:
        model: the model, in any mode; its random numbers and statistics do not change.
        objective: its objective.
        height: height of the pictures in pixels.
        width: their width.

    Raises:
        DenoiserError: the network fails or returns another shape; or the objective returns no scalar.
    """
    zeros = torch.zeros(2, model.channels, height, width, device=next(model.network.parameters()).device)
    with torch.random.fork_rng(), torch.no_grad(), evaluating(model):
        _check_call(model, objective, zeros)


def _check_call(model: PictureModel, objective: Objective, zeros: Tensor) -> None:
    padded = pad(zeros, *model.padded_size(*zeros.shape[-2:]))
    try:
        denoised = model.run_network(padded, None)
    except (RuntimeError, TypeError, ValueError, AssertionError) as error:  # what networks raise for shapes
        if isinstance(error, torch.OutOfMemoryError):
            return
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        what = f"{model.name} fails on a batch of {tuple(zeros.shape)}: {reason} (network)"
        raise DenoiserError(what, "a network from (B, C, H, W) to the same shape; channels=1 or 3") from error
    if not isinstance(denoised, Tensor) or denoised.shape != padded.shape:  # `forward` would crop what is too large
        made = tuple(denoised.shape) if isinstance(denoised, Tensor) else type(denoised).__name__
        what = f"{model.name} makes {made} of {tuple(padded.shape)} (network)"
        raise DenoiserError(what, "a network from (B, C, H, W) to the same shape")
    count = len(zeros)
    batch = Batch(zeros, zeros, zeros.new_full((count,), torch.nan), torch.arange(count, device=zeros.device))
    try:
        loss, _ = objective(model.forward, batch)
    except (RuntimeError, TypeError, ValueError, IndexError, AssertionError) as error:  # what losses raise for shapes
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        what = f"the objective fails on a batch of {tuple(zeros.shape)}: {reason} (objective)"
        raise DenoiserError(what, "a loss of two tensors (B, C, H, W), such as objective.loss=mse") from error
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        returned = tuple(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__
        what = f"the objective makes {returned} of a batch, and not one number (objective)"
        raise DenoiserError(what, "a loss that is a mean: reduction='mean'")
