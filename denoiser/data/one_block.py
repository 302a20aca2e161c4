"""Pictures of several sizes in one tensor for each depth, as workers that are not forked receive them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

_SENT_AS = {torch.uint16: torch.int16}
"""Data types that torch does not pickle, and those of the same bytes that it does."""


class OneBlock(Sequence[Tensor]):
    """Pictures of any sizes as parts of one tensor of each data type, which other processes share as a whole.

    Each tensor that is sent to a process takes a file descriptor; a fork server takes 256 of them at most.

    Args:
        images: the pictures, `(C, H, W)` each, on one device.

    >>> pictures = OneBlock([torch.zeros(3, 8, 9), torch.ones(3, 5, 4)])
    >>> len(pictures), pictures[1].shape, pictures[-1].mean().item()
    (2, torch.Size([3, 5, 4]), 1.0)
    """

    def __init__(self, images: Sequence[Tensor]) -> None:
        parts: dict[torch.dtype, list[Tensor]] = {}
        ends: dict[torch.dtype, int] = {}
        self.pictures: list[tuple[torch.dtype, int, tuple[int, ...]]] = []
        for image in images:
            parts.setdefault(image.dtype, []).append(image.flatten())
            ends[image.dtype] = ends.get(image.dtype, 0) + image.numel()
            self.pictures.append((image.dtype, ends[image.dtype], tuple(image.shape)))
        self.blocks = {dtype: torch.cat(flat).view(_SENT_AS.get(dtype, dtype)) for dtype, flat in parts.items()}

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.pictures)

    def __getitem__(self, index: int) -> Tensor:  # type: ignore[override]
        """The picture at `index`, `(C, H, W)`, in the memory of its block."""
        dtype, end, shape = self.pictures[index]
        return self.blocks[dtype][end - math.prod(shape) : end].view(dtype).view(shape)
