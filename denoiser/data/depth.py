"""Pictures of any depth, held in uint8 (white 255), uint16 (65535) or float32 (1), as the numbers that networks get."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from denoiser.errors import DenoiserError
from denoiser.noise.levels import GREY_LEVELS

_DTYPES = {8: torch.uint8, 16: torch.uint16, 32: torch.float32}
_WHITE = {torch.uint8: GREY_LEVELS, torch.uint16: 65535}


def held_as(bits: Sequence[int]) -> torch.dtype:
    """The data type of a picture that is stacked of files with 8, 16 or 32 bits a channel; of several, it is float32.

    >>> held_as([16, 16]), held_as([8, 16])
    (torch.uint16, torch.float32)
    """
    return _DTYPES[bits[0]] if len(set(bits)) == 1 else torch.float32


def unit(image: Tensor) -> Tensor:
    """A copy in float32 whose white is 1, of an image of any shape in one of these data types.

    >>> unit(torch.tensor([255], dtype=torch.uint8)), unit(torch.tensor([257], dtype=torch.uint16)) * 255
    (tensor([1.]), tensor([1.]))

    Raises:
        DenoiserError: of other integers.
    """
    check_white(image)
    return image.to(torch.float32, copy=True).div_(_WHITE.get(image.dtype, 1))


def check_white(image: Tensor) -> None:
    """Check that the data type of an image says what white is.

    Raises:
        DenoiserError: it holds other integers than uint8 and uint16.
    """
    if not (image.is_floating_point() or image.dtype in _WHITE):
        what = f"pictures of {str(image.dtype).removeprefix('torch.')}, whose white is not known (Pictures)"
        raise DenoiserError(what, "uint8 (white 255), uint16 (65535) or float32 (1)")


def grey_levels(image: Tensor) -> Tensor:
    """The same in grey levels of 255, not rounded; uint8 keeps its values exactly."""
    return image.float() if image.dtype == torch.uint8 else unit(image).mul_(GREY_LEVELS)


def computable(image: Tensor) -> Tensor:
    """The image, or `unit` of one in uint16, which torch converts on every device but hardly computes with."""
    return unit(image) if image.dtype == torch.uint16 else image


def stacked(images: Sequence[Tensor]) -> Tensor:
    """Images `(C, H, W)` as a batch: of their data type if they share it, else in float32 whose white is 1."""
    if all(image.dtype == images[0].dtype for image in images):
        return torch.stack(list(images))
    return torch.stack([unit(image) for image in images])
