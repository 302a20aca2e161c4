"""What a network costs: parameters, and multiply-accumulates of one forward pass."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

MACS_SIDE = 256


def parameters(network: nn.Module) -> int:
    """How many numbers were learned, in all."""
    return sum(parameter.numel() for parameter in network.parameters())


def macs(forward: Callable[[Tensor], Tensor], channels: int, device: torch.device) -> int:
    """Multiply-accumulates of `forward` on `1 x channels x 256 x 256`."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        forward(torch.zeros(1, channels, MACS_SIDE, MACS_SIDE, device=device))
    return int(counter.get_total_flops()) // 2
