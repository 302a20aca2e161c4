"""Gaussian noise that is correlated between neighbouring pixels and between channels, as processing leaves it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from denoiser.errors import number, require
from denoiser.noise.camera.drawing import per_picture
from denoiser.noise.camera.separable import both, gaussian
from denoiser.noise.gaussian import Gaussian
from denoiser.noise.levels import GREY_LEVELS
from denoiser.noise.streams import normal

WIDEST = 32
"""Largest width of the filter in pixels."""


@dataclass(frozen=True)
class Correlated(Gaussian):
    """Additive Gaussian noise whose neighbouring pixels and whose channels are correlated.

    White noise is filtered by a Gaussian, scaled so that its standard deviation is sigma, and mixed between channels,
    as BSRGAN and SCUNet (Zhang et al. 2021, 2022) draw noise that processing has left.

    Args:
        sigma: standard deviation of the result in grey levels of 255; `sigma_range` as in `Gaussian`.
        width: standard deviation in pixels of the filter. At a distance of d pixels the correlation is
            exp(-d^2 / (4 width^2)); 0 is white noise.
        correlation: of two channels, 0 to 1; at 1 all channels get the same noise.

    >>> noise, clean = Correlated(sigma=25, width=1, correlation=1), torch.full((1, 3, 64, 64), 0.5)
    >>> error = noise(clean, torch.tensor([25.0]), torch.Generator().manual_seed(0)) - clean
    >>> bool((error[:, 0] - error[:, 2]).abs().max() < 1e-6)
    True
    """

    width: float = 1.0
    correlation: float = 0.5
    name: ClassVar[str] = "correlated"
    takes_streams: ClassVar[bool] = True

    def _check(self) -> None:
        super()._check()
        wide = number(self.width) and 0 <= self.width <= WIDEST
        require(wide, "noise.width", self.width, f"not a width in pixels, 0 to {WIDEST}", "1")
        share = number(self.correlation) and 0 <= self.correlation <= 1
        require(share, "noise.correlation", self.correlation, "not a correlation from 0 to 1", "0.5")

    def _add(self, clean: Tensor, level: Tensor, generator: torch.Generator) -> Tensor:
        n, channels = clean.shape[:2]
        draws = normal(clean.shape, generator, clean.device)
        mixing = equal_mixing(channels, self.correlation).to(draws).expand(n, -1, -1)
        return correlated(draws, level, level.new_full((n,), self.width), mixing) + clean


def equal_mixing(channels: int, correlation: float) -> Tensor:
    """The matrix `(channels, channels)` that gives independent channels that correlation: the root of the covariance.

    >>> root = equal_mixing(3, 0.5)
    >>> (root @ root.mT).round(decimals=5).tolist()
    [[1.0, 0.5, 0.5], [0.5, 1.0, 0.5], [0.5, 0.5, 1.0]]
    """
    own = math.sqrt(1 - correlation)
    shared = (math.sqrt(1 - correlation + channels * correlation) - own) / channels
    return own * torch.eye(channels) + shared


def draw_mixing(n: int, channels: int, equal: Tensor, generator: torch.Generator) -> Tensor:
    """Matrices `(n, channels, channels)` that correlate channels; each row has length 1.

    Args:
        n: number of pictures.
        channels: channels of each picture.
        equal: `(n,)`, true where all channels get the same noise; elsewhere they get a random correlation, as in
            BSRGAN and SCUNet (Zhang et al. 2021, 2022).
        generator: source of the random numbers.
    """
    random = normal((n, channels, channels), generator)
    random = random + 1.5 * torch.eye(channels, device=generator.device)
    same = torch.zeros_like(random)
    same[:, :, 0] = 1
    mixing = torch.where(equal.view(-1, 1, 1), same, random)
    return torch.nn.functional.normalize(mixing, dim=-1)


def correlated(draws: Tensor, sigma: Tensor, blur: Tensor, mixing: Tensor) -> Tensor:
    """Gaussian noise with a standard deviation of `sigma` in each channel, correlated in space and between channels.

    Args:
        draws: standard normal, `(B, C, H, W)`.
        sigma: `(B,)`, standard deviation in grey levels of 255.
        blur: `(B,)`, sigma in pixels of the Gaussian filter; 0 for white noise.
        mixing: `(B, C, C)`, rows of length 1; see `draw_mixing`.

    Returns:
        Noise `(B, C, H, W)` where white is 1.
    """
    size = draws.shape[2:]
    energies = [gaussian(n, blur).square().sum(-1) for n in size]
    gains = (energies[0][:, :, None] * energies[1][:, None, :]).sqrt()[:, None]
    smooth = both(draws, gaussian, blur) / gains
    return (mixing @ smooth.flatten(2)).view(draws.shape) * per_picture(sigma / GREY_LEVELS)
