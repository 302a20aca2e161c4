"""The Bayer mosaic, and two methods of demosaicking: bilinear, and that of Malvar et al."""

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from denoiser.noise.camera.constants import like

_CROSS = ((0.0, 0.25, 0.0), (0.25, 1.0, 0.25), (0.0, 0.25, 0.0))
_SQUARE = ((0.25, 0.5, 0.25), (0.5, 1.0, 0.5), (0.25, 0.5, 0.25))
MALVAR = {
    "green at red or blue": ((0, 0, -2, 0, 0), (0, 0, 4, 0, 0), (-2, 4, 8, 4, -2), (0, 0, 4, 0, 0), (0, 0, -2, 0, 0)),
    "from the row": ((0, 0, 1, 0, 0), (0, -2, 0, -2, 0), (-2, 8, 10, 8, -2), (0, -2, 0, -2, 0), (0, 0, 1, 0, 0)),
    "from the column": ((0, 0, -2, 0, 0), (0, -2, 8, -2, 0), (1, 0, 10, 0, 1), (0, -2, 8, -2, 0), (0, 0, -2, 0, 0)),
    "across": ((0, 0, -3, 0, 0), (0, 4, 0, 4, 0), (-3, 0, 12, 0, -3), (0, 4, 0, 4, 0), (0, 0, -3, 0, 0)),
}
"""Sixteenths: the four filters of Malvar, He and Cutler, "High-quality linear interpolation ..." (2004), figure 2."""


def sites(height: int, width: int, phases: Tensor) -> Tensor:
    """Masks `(B, 3, H, W)` of 0 and 1: the sites of the mosaic that see red, green and blue.

    Args:
        height: height of the pictures, even or odd.
        width: width of the pictures, even or odd.
        phases: `(B,)`, 0 to 3: RGGB, GRBG, GBRG, BGGR (red at row `phase // 2`, column `phase % 2`).
    """
    rows = torch.arange(height, device=phases.device)[:, None] + (phases // 2)[:, None, None]
    columns = torch.arange(width, device=phases.device) + (phases % 2)[:, None, None]
    red, blue = (rows % 2 == 0) & (columns % 2 == 0), (rows % 2 == 1) & (columns % 2 == 1)
    return torch.stack([red, ~(red | blue), blue], 1).float()


def mosaic(light: Tensor, masks: Tensor) -> Tensor:
    """One value per pixel `(B, 1, H, W)`, of the colour that its site sees; `masks` `(B, 3, H, W)` as `sites`."""
    return (light * masks).sum(1, keepdim=True)


def bilinear(raw: Tensor, masks: Tensor) -> Tensor:
    """Three colours `(B, 3, H, W)` from a mosaic `(B, 1, H, W)`: the mean of the nearest sites of each colour."""
    kernels = like((_SQUARE, _CROSS, _SQUARE), raw)[:, None]
    return conv2d(pad(raw * masks, (1, 1, 1, 1), "reflect"), kernels, groups=3)


def malvar(raw: Tensor, masks: Tensor) -> Tensor:
    """Three colours `(B, 3, H, W)` from a mosaic `(B, 1, H, W)`: bilinear, corrected by the site's measured colour.

    Malvar, He and Cutler (2004): the Laplacian of the measured colour sharpens the interpolated ones.
    """
    kernels = like(tuple(MALVAR.values()), raw)[:, None] / 16
    green, row, column, across = conv2d(pad(raw, (2, 2, 2, 2), "reflect"), kernels).chunk(4, 1)
    red_row = _rows_with(masks[:, :1])
    red_at, blue_at = masks[:, :1] > 0, masks[:, 2:] > 0
    red = torch.where(red_at, raw, torch.where(blue_at, across, torch.where(red_row, row, column)))
    blue = torch.where(blue_at, raw, torch.where(red_at, across, torch.where(red_row, column, row)))
    return torch.cat([red, torch.where(red_at | blue_at, green, raw), blue], 1)


def _rows_with(sites_of_red: Tensor) -> Tensor:
    return sites_of_red.amax(3, keepdim=True) > 0
