"""Pictures that are extended by mirroring."""

from __future__ import annotations

import torch
from torch import Tensor


def mirrored(pictures: Tensor, height: int, width: int) -> Tensor:
    """Pictures extended on all sides by mirroring, by any amount; a side that is large enough stays.

    Args:
        pictures: `(..., H, W)`.
        height: smallest height of the result.
        width: smallest width of the result.

    >>> mirrored(torch.tensor([[1, 2, 3]]), 1, 7).tolist()
    [[2, 1, 1, 2, 3, 3, 2]]
    """
    for axis, size in ((-2, height), (-1, width)):
        length = pictures.shape[axis]
        if size > length:
            positions = (torch.arange(size, device=pictures.device) - (size - length) // 2) % (2 * length)
            pictures = pictures.index_select(axis, torch.minimum(positions, 2 * length - 1 - positions))
    return pictures
