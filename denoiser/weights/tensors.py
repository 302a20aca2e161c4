"""Checks of the tensors in a file of weights: only dense tensors of real numbers can be loaded."""

from __future__ import annotations

from collections.abc import Mapping

import torch

SUPPORTED = "weights are dense tensors of floating-point numbers"
"""What is supported, for error messages."""


def find_unsupported_tensor(
    weights: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor] | None = None
) -> str | None:
    """The first tensor that a network cannot load or would silently cast, in words, such as "conv.weight is sparse".

    Args:
        weights: tensors by name.
        expected: the network's tensors, where they are known; else whole numbers pass, as counters and indices do.
    """
    for name, tensor in weights.items():
        if (kind := unsupported_kind(tensor)) is not None:
            return f"{name} is {kind}"
        integer = not tensor.is_floating_point()
        if integer and expected is not None and name in expected and expected[name].is_floating_point():
            return f"{name} is {str(tensor.dtype).removeprefix('torch.')}"
    return None


def unsupported_kind(tensor: torch.Tensor) -> str | None:
    """Why a tensor is not dense and real, in a word or two; None if it is."""
    if tensor.is_meta:
        return "without content"
    if tensor.layout is not torch.strided:
        return "sparse"
    if tensor.is_quantized:
        return "quantized"
    return "complex" if tensor.is_complex() else None
