"""Checks of arguments; the errors are worded as those of `errors.require`: the value, and what it is not."""

import math
from collections.abc import Sequence

from torch import Tensor

from denoiser.errors import number


def check_range(name: str, bounds: Sequence[float], positive: bool = False) -> tuple[float, float]:
    """Return the bounds `(lowest, highest)`, finite and not negative.

    Args:
        name: name of the argument, for the error.
        bounds: the two bounds.
        positive: whether 0 is refused too.

    Raises:
        ValueError: there are not two bounds, or they are out of order, negative or infinite.
    """
    if not _two_numbers(bounds) or not 0 <= bounds[0] <= bounds[1] < math.inf or (positive and bounds[0] == 0):
        raise ValueError(f"{name}={bounds} is not [lowest, highest] {'above' if positive else 'from'} 0")
    return float(bounds[0]), float(bounds[1])


def check_qualities(name: str, bounds: Sequence[float]) -> tuple[float, float]:
    """Return the bounds `(lowest, highest)` of a JPEG quality.

    Raises:
        ValueError: they are not within 1 to 100, or out of order.
    """
    if not _two_numbers(bounds) or not 1 <= bounds[0] <= bounds[1] <= 100:
        raise ValueError(f"{name}={bounds} is not [lowest, highest] within 1 to 100")
    return float(bounds[0]), float(bounds[1])


def check_share(name: str, share: float) -> float:
    """Return the share.

    Raises:
        ValueError: it is not in 0 to 1.
    """
    if not number(share) or not 0 <= share <= 1:
        raise ValueError(f"{name}={share} is not a share, 0 to 1")
    return float(share)


def _two_numbers(bounds: object) -> bool:
    """Whether these are two numbers."""
    return isinstance(bounds, Sequence) and len(bounds) == 2 and all(map(number, bounds))


def check_pictures(pictures: Tensor, channels: Sequence[int] = (1, 3)) -> Tensor:
    """Return the batch of pictures `(B, C, H, W)`.

    Raises:
        ValueError: it has another number of dimensions or channels.
    """
    if pictures.ndim != 4 or pictures.shape[1] not in channels:
        allowed = " or ".join(map(str, channels))
        raise ValueError(f"the shape is {tuple(pictures.shape)}; allowed is (B, C, H, W) with C {allowed}")
    return pictures
