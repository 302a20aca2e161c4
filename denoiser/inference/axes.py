"""The axes of an array in letters: `N` pictures, `H` rows, `W` columns, `C` channels, in the order of its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from denoiser.errors import nearest

if TYPE_CHECKING:
    from torch import Tensor

AXES = ("HW", "HWC", "CHW", "NHW", "NHWC", "NCHW")
"""The orders that are known, which are those of numpy, Pillow and torch."""
CHANNELS = (1, 3)
"""Number of channels of grey and colour."""
Array = TypeVar("Array", NDArray[np.generic], "Tensor")


def check(axes: str, shape: tuple[int, ...]) -> str:
    """The axes, if an array of this shape can have them.

    Raises:
        ValueError: they are not in `AXES`, or their number is not that of the shape; the message says what is allowed.

    >>> check("NHW", (5, 480, 640))
    'NHW'
    """
    if axes not in AXES:
        near = nearest(str(axes).upper(), AXES)
        raise ValueError(f"axes={axes!r}; allowed: {', '.join(AXES)}" + (f"; did you mean {near}?" if near else ""))
    if len(axes) != len(shape):
        fits = ", ".join(known for known in AXES if len(known) == len(shape))
        allowed = f"allowed for it: {fits}" if fits else f"allowed: {', '.join(AXES)}, each with its shape"
        raise ValueError(f"axes={axes!r} has {len(axes)} axes, and an array of shape {shape} {len(shape)}; {allowed}")
    return axes


def likely(shape: tuple[int, ...]) -> str | None:
    """The order that an array of this shape most likely has, by the place of its few channels; None for other shapes.

    >>> likely((4, 96, 128)), likely((3, 96, 128)), likely((5, 96, 128, 3))
    ('NHW', 'CHW', 'NHWC')
    """
    fits = [known for known in AXES if len(known) == len(shape)]
    of_channels = (known for known in fits if "C" in known and shape[known.index("C")] in CHANNELS)
    return next(of_channels, "NHW" if len(shape) == 3 else None)


def pictures(array: Array, axes: str) -> list[Array]:
    """The pictures in an array, `(H, W)` or `(H, W, C)` each, as views: what is written to them is in the array.

    Args:
        array: of numpy or torch.
        axes: the order of its axes, see `check`; without `N` it is one picture.

    Raises:
        ValueError: see `check`.

    >>> [picture.shape for picture in pictures(np.zeros((2, 3, 40, 50)), "NCHW")]
    [(40, 50, 3), (40, 50, 3)]
    """
    check(axes, tuple(array.shape))
    stack = array if axes[0] == "N" else array[None]
    order = axes.removeprefix("N")
    if order == "CHW":
        stack = np.moveaxis(stack, 1, 3) if isinstance(stack, np.ndarray) else stack.movedim(1, 3)
    return [stack[i] for i in range(len(stack))]
