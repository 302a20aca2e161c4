"""Random parameters, one per picture, on the device of the generator."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from denoiser.noise import streams
from denoiser.noise.camera.checks import check_range, check_share

Range = tuple[float, float]


def uniform(n: int, bounds: Range, generator: torch.Generator) -> Tensor:
    """`(n,)` numbers, uniform between the bounds `(lowest, highest)`."""
    low, high = bounds
    return low + (high - low) * streams.uniform((n,), generator)


def log_uniform(n: int, bounds: Range, generator: torch.Generator) -> Tensor:
    """`(n,)` numbers between positive bounds, uniform in their logarithm."""
    low, high = check_range("bounds", bounds, positive=True)
    return torch.exp(uniform(n, (math.log(low), math.log(high)), generator))


def normal(n: int, mean: float, deviation: float, generator: torch.Generator) -> Tensor:
    """`(n,)` normally distributed numbers."""
    return mean + deviation * streams.normal((n,), generator)


def chance(n: int, share: float, generator: torch.Generator) -> Tensor:
    """`(n,)` truth values, true with probability `share`, 0 to 1."""
    check_share("share", share)
    return streams.uniform((n,), generator) < share


def where(
    chosen: Tensor, step: Callable[..., Tensor], pictures: Tensor, *parameters: Tensor, otherwise: Tensor | None = None
) -> Tensor:
    """Pictures after a step that applies to some of them.

    On the CPU only these are computed. On other devices all are: to look which they are would wait for the device, and
    cannot be captured in a CUDA graph.

    Args:
        chosen: `(B,)`, true for the pictures that the step applies to.
        step: a function of pictures and parameters, picture by picture, that keeps the shape of `otherwise`.
        pictures: `(B, C, H, W)`.
        parameters: further arguments, `(B, ...)`.
        otherwise: the result for the others, `(B, ...)`; by default the pictures themselves.
    """
    rest = pictures if otherwise is None else otherwise
    if chosen.device.type != "cpu":
        return torch.where(per_picture(chosen), step(pictures, *parameters), rest)
    if not chosen.any():
        return rest
    if chosen.all():
        return step(pictures, *parameters)
    return rest.index_put((chosen.nonzero()[:, 0],), step(*(x[chosen] for x in (pictures, *parameters))))


def per_picture(values: Tensor) -> Tensor:
    """`(n,)` as `(n, 1, 1, 1)`, which broadcasts over a batch of pictures."""
    return values.view(-1, 1, 1, 1)
