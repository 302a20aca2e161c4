"""Thumbnails that identify pictures, also after they were encoded again."""

from __future__ import annotations

from typing import TypedDict

import torch
from torch import Tensor
from torch.nn import functional

from denoiser.data.depth import grey_levels
from denoiser.data.pairs import Pictures
from denoiser.metrics.luma import LUMA

CELLS = 8
"""Number of rows and columns of a thumbnail."""


class Thumbnails(TypedDict):
    """Sizes and thumbnails of pictures, plain tensors so that a checkpoint loads with `weights_only=True`.

    Attributes:
        sizes: height and width of each picture in pixels, int32 `(N, 2)`.
        thumbnails: mean luma of each cell of an 8x8 grid, uint8 `(N, 8, 8)`.
    """

    sizes: Tensor
    thumbnails: Tensor


def thumbnails(pictures: Pictures, channels: int) -> Thumbnails:
    """Sizes and thumbnails of the clean pictures.

    Neighbouring cells overlap where the side is not divisible by 8.

    Args:
        pictures: pictures of any sizes; for real pairs the last `channels` channels, the clean picture, are used.
        channels: channels of the clean pictures, 3 or 1.
    """
    images = pictures.images
    batches = torch.split(images, 64) if isinstance(images, Tensor) else (image[None] for image in images)
    cells = [_luma(_cells(grey_levels(batch[:, -channels:]))) for batch in batches]
    sizes = torch.tensor([shape[1:] for shape in pictures.shapes], dtype=torch.int32)
    return {"sizes": sizes.reshape(-1, 2), "thumbnails": torch.cat(cells).round().byte().cpu()}


def match_thumbnails(a: Thumbnails, b: Thumbnails) -> list[tuple[int, int]]:
    """Find pairs of pictures of equal size whose thumbnails differ by at most 1 grey level in each cell.

    Nearly uniform pictures, whose cells are within 2 grey levels, match none: their thumbnails do not identify them.

    Returns:
        Pairs of indices into `a` and `b`.
    """
    left, right = a["thumbnails"].float(), b["thumbnails"].float()
    # If the cells differ by at most 1, so do the means of 2x2 cells, which are faster to compare.
    coarse = [functional.avg_pool2d(cells, 2).flatten(1) for cells in (left, right)]
    distinctive = left.amax((1, 2)) - left.amin((1, 2)) > 2
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(left), 64):
        near = torch.cdist(coarse[0][start : start + 64], coarse[1], p=torch.inf) <= 1
        i, j = near.nonzero(as_tuple=True)
        i = i + start
        equal = (left[i] - right[j]).abs().amax((1, 2)) <= 1
        equal &= (a["sizes"][i] == b["sizes"][j]).all(1) & distinctive[i]
        pairs += zip(i[equal].tolist(), j[equal].tolist(), strict=True)
    return pairs


def details_match(a: Tensor, b: Tensor) -> bool:
    """Whether two pictures with matching thumbnails have the same details, up to compression artefacts.

    Details of different pictures, such as two textures in the same light, differ by the sum of their energies on
    average, those of copies by nearly nothing. The limit is half of that sum, plus 1 for pictures without details.

    Args:
        a: `(C, H, W)` as in `Pictures`.
        b: the same shape, of any depth.
    """
    a, b = _detail(grey_levels(a)), _detail(grey_levels(b))
    energy = (a.square() + b.square()).mean() / 2 + 1
    return bool((a - b).square().mean() <= energy)


def _detail(image: Tensor) -> Tensor:
    return image - functional.interpolate(_cells(image[None]), image.shape[-2:])[0]


def _cells(images: Tensor) -> Tensor:
    """Means of float `(N, C, H, W)` over the cells, `(N, C, 8, 8)`."""
    return functional.adaptive_avg_pool2d(images, CELLS)


def _luma(cells: Tensor) -> Tensor:
    """Luma `(N, 8, 8)` of `(N, C, 8, 8)`; the luma of the means is the mean of the luma."""
    if cells.shape[1] == 1:
        return cells[:, 0]
    return torch.einsum("ncyx,c->nyx", cells, torch.tensor(LUMA, device=cells.device))
