"""What pictures a network takes, found by calling it on zeros: channels, and sides that are multiples of a number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from denoiser.errors import DenoiserError
from denoiser.inference.evaluating import evaluating
from denoiser.inference.padding import padded_side

COLOURS = (3, 1)
"""The channels of colour and of grey pictures."""
SIDE = 64
"""Side in pixels of the zeros whose channels are tried."""
MULTIPLES = (1, 2, 4, 8, 16, 32, 64, 128, 3, 5, 6, 7, 9, 10, 12, 14)
"""The multiples that are tried, first those of networks that halve."""
LEAST = 48
"""Least side in pixels of the zeros whose sides are tried, from 32 pixels on for large multiples."""


def channels(network: nn.Module, given: object = None) -> int:
    """The channels of a network's pictures.

    Those that are given, or its attribute `channels` or `in_channels`; else 3 or 1, whichever it takes, where the
    number of its first layer is tried first.

    Raises:
        DenoiserError: the given number is neither 3 nor 1.
    """
    if given is not None:
        if not isinstance(given, Integral) or isinstance(given, bool) or given not in COLOURS:
            raise DenoiserError(f"{given!r} channels: pictures have 3, or 1 if they are grey (channels)", "channels=3")
        return int(given)
    own = (getattr(network, name, None) for name in ("channels", "in_channels"))
    layers = (getattr(layer, "in_channels", None) for layer in network.modules())
    if declared := next((number for number in own if number in COLOURS), None):
        return int(declared)
    first = next((number for number in layers if isinstance(number, int)), None)
    order = COLOURS[::-1] if first == COLOURS[-1] else COLOURS
    side = padded_side(SIDE, getattr(network, "multiple", 1), getattr(network, "smallest", 1))
    with _probing(network):
        return next((number for number in order if _keeps_shape(network, number, side, side)), order[0])


def multiple(network: nn.Module, channels: int) -> int:
    """The number that height and width of a network's pictures are multiples of: its attribute, or found by trying.

    Args:
        network: the network, in any mode; its random numbers and statistics do not change.
        channels: those of its pictures.

    Returns:
        The number; 1 where the network takes nothing that is tried, as one for pictures of one size alone.
    """
    if hasattr(network, "multiple"):
        return int(network.multiple)  # type: ignore[arg-type]
    with _probing(network):
        return next((number for number in MULTIPLES if _keeps_shape(network, channels, *_sides(number))), 1)


def _sides(number: int) -> tuple[int, int]:
    """Two different odd multiples of a number, so that they are no multiples of twice the number."""
    odd = LEAST // number | 1
    return odd * number, (odd + 2) * number


@contextmanager
def _probing(network: nn.Module) -> Iterator[None]:
    devices = {weight.device for weight in network.parameters() if weight.device.type == "cuda"}
    with torch.random.fork_rng(list(devices)), torch.no_grad(), evaluating(network):
        yield


def _keeps_shape(network: nn.Module, channels: int, height: int, width: int) -> bool:
    like: Tensor = next((weight for weight in network.parameters() if weight.is_floating_point()), torch.zeros(()))
    if any(map(is_lazy, network.parameters())):  # a call would fix their shapes
        return False
    try:
        zeros = torch.zeros(1, channels, height, width, device=like.device, dtype=like.dtype)
        denoised = getattr(network, "_orig_mod", network)(zeros)  # not compiled: that would take minutes
    except Exception:  # networks raise anything for a shape that they do not take
        return False
    return isinstance(denoised, Tensor) and denoised.shape == zeros.shape
