"""Models as functions for inference: in evaluation mode, without gradients, for pictures of any channels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, cast

import torch
from torch import Tensor, nn

from denoiser.inference.tiling import Function


class Model(Protocol):
    """What a function is made of: a network in a module that is called with a batch and, perhaps, noise levels."""

    network: nn.Module

    def parameters(self) -> Iterator[nn.Parameter]:
        """The weights."""

    def modules(self) -> Iterator[nn.Module]:
        """The module and all below it."""


class Bound:
    """A model for inference, in evaluation mode whichever it is in; see `PictureModel.function` for the arguments.

    Attributes:
        multiple: that sides are padded to, in pixels.
        receptive_field: across, in pixels, where the network says it; else None.
        exact: the same in float32.
    """

    def __init__(self, model: Model, sigma: float | None, precision: str) -> None:
        self.model, self.sigma, self.precision = model, sigma, precision
        self.multiple: int = getattr(model, "multiple", getattr(model.network, "multiple", 1))
        self.receptive_field: int | None = getattr(model.network, "receptive_field", None)
        self.exact: Function = self if precision == "32" else Bound(model, sigma, "32")

    def __call__(self, noisy: Tensor) -> Tensor:
        """Denoise float32 `(B, C, h, w)`; float32 out."""
        told = () if self.sigma is None else (noisy.new_full((len(noisy),), self.sigma),)
        # Channels last: a sixth less time in bfloat16 on a CPU, and a seventh less memory (3.7 M-parameter U-Net).
        kind = next((weight.dtype for weight in self.model.parameters()), noisy.dtype)
        noisy = torch.empty_like(noisy, dtype=kind, memory_format=torch.channels_last).copy_(noisy)
        low = self.precision == "bf16"
        with _evaluating(self.model), torch.inference_mode(), torch.autocast(noisy.device.type, torch.bfloat16, low):
            return cast(Tensor, nn.Module.__call__(cast(nn.Module, self.model), noisy, *told)).float()


def matched(function: Function, takes: int, channels: int) -> Function:
    """The function of a network of 1 or 3 channels for pictures of 3 or 1.

    Colours go through a grey network one by one; grey goes through a colour network three times at once, and the
    mean of the three comes out.
    """
    if takes == channels:
        return function

    def separate(noisy: Tensor) -> Tensor:
        return torch.cat([function(noisy[:, colour : colour + 1]) for colour in range(channels)], dim=1)

    def threefold(noisy: Tensor) -> Tensor:
        return function(noisy.expand(-1, takes, -1, -1)).mean(dim=1, keepdim=True)

    adapted = separate if takes == 1 else threefold
    exact = getattr(function, "exact", function)
    adapted.__dict__.update(vars(function), exact=adapted if exact is function else matched(exact, takes, channels))
    return adapted


@contextmanager
def _evaluating(model: Model) -> Iterator[None]:
    """Evaluation mode for a while: normalisation must not learn from pictures that are denoised."""
    training = [module for module in model.modules() if module.training]
    for module in training:
        module.training = False
    try:
        yield
    finally:
        for module in training:
            module.training = True
