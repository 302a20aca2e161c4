"""Constant tensors, created once per device: while a CUDA graph is captured, nothing can be copied to the device."""

from functools import cache

import torch
from torch import Tensor

Numbers = tuple[float, ...] | tuple[tuple[float, ...], ...] | tuple[tuple[tuple[float, ...], ...], ...]


@cache
def constant(values: Numbers, device: torch.device, dtype: torch.dtype = torch.float32) -> Tensor:
    """The numbers as a tensor, the same object for each call; do not write to it."""
    with torch.inference_mode(False):
        return torch.tensor(values, device=device, dtype=dtype)


def like(values: Numbers, tensor: Tensor) -> Tensor:
    """The numbers as a tensor with the device and dtype of another one."""
    return constant(values, tensor.device, tensor.dtype)
