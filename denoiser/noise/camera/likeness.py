"""Statistics of the noise of real or synthetic pairs: correlation in space and between channels, and by brightness."""

from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import pad

from denoiser.noise.camera.smoothing import to_ycc

LAGS = (1, 2, 3, 4, 6, 8)
BRIGHTNESS = (0, 20, 40, 80, 130, 190, 256)
"""Bounds in grey levels of the ranges of brightness for which the noise of luma is measured separately."""
PAIRS = (0, 0, 1), (1, 2, 2)
"""Rows and columns of R-G, R-B and G-B in a matrix of the channels."""
FLAT = 3.0
"""Largest difference of clean luma between neighbours, in grey levels, at pixels where noise is measured."""


def flat(clean: Tensor) -> Tensor:
    """Mask `(H, W)` of the pixels where a clean picture `(3, H, W)` in grey levels is smooth."""
    y = pad(to_ycc(clean[None])[:, :1], (1, 1, 1, 1), "replicate")[0, 0]
    middle = y[1:-1, 1:-1]
    around = torch.stack([y[:-2, 1:-1], y[2:, 1:-1], y[1:-1, :-2], y[1:-1, 2:]])
    return (around - middle).abs().amax(0) < FLAT


def autocorrelation(noise: Tensor, mask: Tensor, lags: tuple[int, ...] = LAGS) -> Tensor:
    """Mean of the horizontal and vertical autocorrelation of a plane `(H, W)` within a mask, at each lag in pixels."""
    centred, weight = torch.where(mask, noise - noise[mask].mean(), 0.0), mask.to(noise.dtype)
    variance = centred.square().sum() / weight.sum()
    pairs = [
        [_product(centred, axis, lag) / _product(weight, axis, lag).clamp(min=1) for axis in (0, 1)] for lag in lags
    ]
    return torch.stack([(down + across) / 2 / variance for down, across in pairs])


def _product(plane: Tensor, axis: int, lag: int) -> Tensor:
    """Sum of the products of pixels that are `lag` apart."""
    length = plane.shape[axis] - lag
    return (plane.narrow(axis, 0, length) * plane.narrow(axis, lag, length)).sum()


def statistics(noisy: Tensor, clean: Tensor) -> dict[str, Tensor]:
    """Statistics of the noise of one pair `(3, H, W)` in [0, 1]; deviations are in grey levels.

    Returns:
        `psnr`; `deviation` of luma, blue and red difference; `correlation` of R-G, R-B and G-B; `covariance` of R-R,
        G-G, B-B, R-G, R-B and G-B, relative to the mean of the first three; `luma`, `blue`, `red`: autocorrelation at
        `LAGS`; `levels`: deviation of luma in each range of `BRIGHTNESS`, NaN for too few pixels.
    """
    noise, mask = (noisy - clean) * 255, flat(clean * 255)
    ycc = to_ycc(noise[None])[0]
    correlation, covariance = torch.corrcoef(noise[:, mask]), torch.cov(noise[:, mask])
    variances = covariance.diagonal()
    y = to_ycc(clean[None] * 255)[0, 0]
    masks = [mask & (y >= a) & (y < b) for a, b in pairwise(BRIGHTNESS)]
    levels = [ycc[0][m].std() if m.sum() > 2000 else noise.new_tensor(torch.nan) for m in masks]
    spatial = {name: autocorrelation(plane, mask) for name, plane in zip(("luma", "blue", "red"), ycc, strict=True)}
    return {
        "psnr": -10 * torch.log10((noisy - clean).square().mean()),
        "deviation": ycc[:, mask].std(1),
        "correlation": correlation[PAIRS],
        "covariance": torch.cat([variances, covariance[PAIRS]]) / variances.mean(),
        "levels": torch.stack(levels),
        **spatial,
    }
