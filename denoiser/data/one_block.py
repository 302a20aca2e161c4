"""Pictures of several sizes in one tensor, as workers that are not forked receive them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


class OneBlock(Sequence[Tensor]):
    """Pictures of any sizes as parts of one tensor, which is shared with other processes as a whole.

    Each tensor that is sent to a process takes a file descriptor; a fork server takes 256 of them at most.

    Args:
        images: the pictures, `(C, H, W)` each, of one data type and device.

    >>> pictures = OneBlock([torch.zeros(3, 8, 9), torch.ones(3, 5, 4)])
    >>> len(pictures), pictures[1].shape, pictures[-1].mean().item()
    (2, torch.Size([3, 5, 4]), 1.0)
    """

    def __init__(self, images: Sequence[Tensor]) -> None:
        self.shapes = [tuple(image.shape) for image in images]
        self.block = torch.cat([image.flatten() for image in images])
        self.ends = torch.tensor([math.prod(shape) for shape in self.shapes]).cumsum(0).tolist()

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.shapes)

    def __getitem__(self, index: int) -> Tensor:  # type: ignore[override]
        """The picture at `index`, `(C, H, W)`, in the memory of the block."""
        shape, end = self.shapes[index], self.ends[index]
        return self.block[end - math.prod(shape) : end].view(shape)
