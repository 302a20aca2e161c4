"""Tables of numbers as tensors, made once per device: a CUDA graph cannot copy them there while it is captured."""

from functools import cache

import torch
from torch import Tensor

Numbers = tuple[float, ...] | tuple[tuple[float, ...], ...] | tuple[tuple[tuple[float, ...], ...], ...]


@cache
def constant(values: Numbers, device: torch.device, dtype: torch.dtype = torch.float32) -> Tensor:
    """The numbers as a tensor, the same one at each call; it is not to be written to."""
    with torch.inference_mode(False):
        return torch.tensor(values, device=device, dtype=dtype)


def like(values: Numbers, tensor: Tensor) -> Tensor:
    """The numbers on a tensor's device and in its type."""
    return constant(values, tensor.device, tensor.dtype)
