"""Thumbnails that tell pictures apart, or together, after re-encoding."""

from __future__ import annotations

from typing import TypedDict

import torch
from torch import Tensor
from torch.nn import functional

from denoiser.data.pairs import Pictures
from denoiser.metrics.luma import LUMA

CELLS = 8


class Thumbnails(TypedDict):
    """Pictures told apart after re-encoding; plain tensors, so that a checkpoint loads with `weights_only=True`.

    Attributes:
        sizes: height and width of each in pixels, int32 `(N, 2)`.
        thumbnails: mean luma of the cells of an 8x8 grid, uint8 `(N, 8, 8)`.
    """

    sizes: Tensor
    thumbnails: Tensor


def thumbnails(pictures: Pictures, channels: int) -> Thumbnails:
    """Sizes and thumbnails of the clean pictures; those that are decoded on use are decoded once.

    Cells share a row or column of pixels where 8 does not divide the side, and more where it is below 8.

    Args:
        pictures: any sizes; of real pairs the last `channels` channels, the clean ones, count.
        channels: 3 or 1, of the clean pictures.
    """
    images = pictures.images
    batches = torch.split(images, 64) if isinstance(images, Tensor) else (image[None] for image in images)
    cells = [_luma(_cells(batch[:, -channels:].float())) for batch in batches]
    sizes = torch.tensor([shape[1:] for shape in pictures.shapes], dtype=torch.int32)
    return {"sizes": sizes.reshape(-1, 2), "thumbnails": torch.cat(cells).round().byte().cpu()}


def same(a: Thumbnails, b: Thumbnails) -> list[tuple[int, int]]:
    """Pairs of pictures of equal size with every cell of their thumbnails within 1 grey level.

    A picture whose own cells are within 2 of one another, a black one say, tells nothing and equals none.

    Returns:
        Indices into `a` and `b`.
    """
    left, right = a["thumbnails"].float(), b["thumbnails"].float()
    # Means of 2x2 cells are within 1 where the cells are: that leaves few pairs worth a closer look.
    coarse = [functional.avg_pool2d(cells, 2).flatten(1) for cells in (left, right)]
    telling = left.amax((1, 2)) - left.amin((1, 2)) > 2
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(left), 64):
        near = torch.cdist(coarse[0][start : start + 64], coarse[1], p=torch.inf) <= 1
        i, j = near.nonzero(as_tuple=True)
        i = i + start
        equal = (left[i] - right[j]).abs().amax((1, 2)) <= 1
        equal &= (a["sizes"][i] == b["sizes"][j]).all(1) & telling[i]
        pairs += zip(i[equal].tolist(), j[equal].tolist(), strict=True)
    return pairs


def alike(a: Tensor, b: Tensor) -> bool:
    """Whether two pictures with one thumbnail are one in detail too, but for what an encoder does.

    Different textures under one lamp have one thumbnail, and details that differ by the sum of their energies; half of
    that is as far from copies as from strangers. The 1 is for pictures without detail.

    Args:
        a: uint8 `(C, H, W)`.
        b: the same.
    """
    a, b = _detail(a.float()), _detail(b.float())
    energy = (a.square() + b.square()).mean() / 2 + 1
    return bool((a - b).square().mean() <= energy)


def _detail(image: Tensor) -> Tensor:
    return image - functional.interpolate(_cells(image[None]), image.shape[-2:])[0]


def _cells(images: Tensor) -> Tensor:
    """Means over the grid of float `(N, C, H, W)`."""
    return functional.adaptive_avg_pool2d(images, CELLS)


def _luma(cells: Tensor) -> Tensor:
    """`(N, C, 8, 8)` to `(N, 8, 8)`; a mean of luma is the luma of means."""
    if cells.shape[1] == 1:
        return cells[:, 0]
    return torch.einsum("ncyx,c->nyx", cells, torch.tensor(LUMA, device=cells.device))
