"""The cost of a network: parameters, and multiply-accumulates of a forward pass."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

MACS_SIDE = 256
"""Side in pixels of the image that multiply-accumulates are counted on."""


def parameters(network: nn.Module) -> int:
    """The number of parameters, trainable or not."""
    return sum(parameter.numel() for parameter in network.parameters())


def macs(forward: Callable[[Tensor], Tensor], channels: int, device: torch.device) -> int:
    """The multiply-accumulates of `forward` on one image `(1, channels, 256, 256)`."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        forward(torch.zeros(1, channels, MACS_SIDE, MACS_SIDE, device=device))
    return int(counter.get_total_flops()) // 2
