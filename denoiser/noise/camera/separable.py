"""Separable filters as matrices, one per picture: blurring, averaging and resizing by any amount."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from denoiser.noise.camera.drawing import per_picture

TILE = 512
"""Side in pixels of the parts in which large pictures are filtered."""
REACH = 6
"""Deviations of a Gaussian beyond which its weights do not change a float32."""


def filtered(pictures: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Pictures `(B, C, H, W)` filtered along both axes by matrices `(B, H', H)` and `(B, W', W)`."""
    across = pictures.flatten(1, 2) @ columns.mT  # one product for all channels
    return rows[:, None] @ across.view(*pictures.shape[:3], -1)


def _normalised(weights: Tensor) -> Tensor:
    return weights / weights.sum(-1, keepdim=True)


def _distances(size: int, device: torch.device) -> Tensor:
    grid = torch.arange(size, device=device, dtype=torch.float32)
    return (grid[:, None] - grid).abs()


def gaussian(size: int, sigmas: Tensor) -> Tensor:
    """Matrices `(B, size, size)` that blur with a Gaussian of `sigmas` `(B,)` pixels; 0 means no blur.

    At the border, the weights of the remaining pixels are scaled to a sum of 1.
    """
    scale = -0.5 / sigmas.clamp(min=0.05).square()
    return _normalised(torch.exp(_distances(size, sigmas.device).square() * scale[:, None, None]))


def box(size: int, radii: Tensor) -> Tensor:
    """Matrices `(B, size, size)` that average all pixels within `radii` `(B,)`."""
    return _normalised((_distances(size, radii.device) <= radii[:, None, None]).float())


def both(pictures: Tensor, matrices: Callable[[int, Tensor], Tensor], amounts: Tensor) -> Tensor:
    """Pictures `(B, C, H, W)` filtered along both axes by matrices of a function above, called with amounts `(B,)`.

    Whole photographs on the CPU are filtered tile by tile, because the cost of a matrix grows with its side.
    """
    height, width = pictures.shape[2:]
    if max(height, width) > 2 * TILE and pictures.device.type == "cpu":
        return _tiled(pictures, matrices, amounts)
    rows = matrices(height, amounts)
    return filtered(pictures, rows, rows if height == width else matrices(width, amounts))


def _tiled(pictures: Tensor, matrices: Callable[[int, Tensor], Tensor], amounts: Tensor) -> Tensor:
    """The same, tile by tile, each with as many pixels around it as the filters reach."""
    reach = math.ceil(REACH * float(amounts.max())) + 1
    height, width = pictures.shape[2:]
    whole = torch.empty_like(pictures)
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            above, before = max(0, top - reach), max(0, left - reach)
            around = pictures[:, :, above : top + TILE + reach, before : left + TILE + reach]
            sides = around.shape[2:]
            rows = matrices(sides[0], amounts)
            part = filtered(around, rows, rows if sides[0] == sides[1] else matrices(sides[1], amounts))
            core = part[:, :, top - above :, left - before :][:, :, :TILE, :TILE]
            whole[:, :, top : top + TILE, left : left + TILE] = core
    return whole


def resizing(size: int, new: int, factors: Tensor) -> Tensor:
    """Matrices `(B, new, size)` that shrink by `factors` `(B,)` >= 1 around the middle, by antialiased cubic filters.

    Keys, "Cubic convolution interpolation" (1981), a = -0.5, widened by the factor as Pillow's BICUBIC. The middle
    `new * factor` of `size` pixels are used.
    """
    centres = (torch.arange(new, device=factors.device) - (new - 1) / 2) * factors[:, None] + (size - 1) / 2
    grid = torch.arange(size, device=factors.device)
    return _normalised(_cubic((centres[:, :, None] - grid) / factors[:, None, None]))


def _cubic(distance: Tensor, a: float = -0.5) -> Tensor:
    x = distance.abs()
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = a * (((x - 5) * x + 8) * x - 4)
    return torch.where(x < 1, near, torch.where(x < 2, far, 0.0))


def resize(pictures: Tensor, size: tuple[int, int], factors: Tensor) -> Tensor:
    """Pictures `(B, C, H, W)` shrunk by `factors` `(B,)` to `size`, cropped around the middle.

    Raises:
        ValueError: a picture is smaller than `size`.
    """
    height, width = pictures.shape[2:]
    if height < size[0] or width < size[1]:
        raise ValueError(f"the pictures are {height}x{width}; allowed is at least {size[0]}x{size[1]}")
    return filtered(pictures, resizing(height, size[0], factors), resizing(width, size[1], factors))


def sharpen(pictures: Tensor, amounts: Tensor, sigmas: Tensor) -> Tensor:
    """Unsharp masking: the difference from a Gaussian blur of `sigmas` `(B,)`, added `amounts` `(B,)` times."""
    return pictures + per_picture(amounts) * (pictures - both(pictures, gaussian, sigmas))
