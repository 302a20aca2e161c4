"""Gaussian noise whose neighbours, in space or in colour, are alike: what many ways of making pictures leave behind."""

import torch
from torch import Tensor

from denoiser.noise.camera.drawing import per_picture
from denoiser.noise.camera.separable import both, gaussian

GREY_LEVELS = 255.0


def draw_mixing(n: int, channels: int, equal: Tensor, generator: torch.Generator) -> Tensor:
    """Matrices `(n, channels, channels)` that make channels alike, each row of length 1.

    Args:
        n: how many pictures.
        channels: of each.
        equal: `(n,)`, true where all channels get the same noise; elsewhere they get a random correlation, as in
            BSRGAN and SCUNet (Zhang et al. 2021, 2022).
        generator: of the draws.
    """
    random = torch.randn(n, channels, channels, generator=generator, device=generator.device)
    random = random + 1.5 * torch.eye(channels, device=generator.device)
    same = torch.zeros_like(random)
    same[:, :, 0] = 1
    mixing = torch.where(equal.view(-1, 1, 1), same, random)
    return torch.nn.functional.normalize(mixing, dim=-1)


def correlated(draws: Tensor, sigma: Tensor, blur: Tensor, mixing: Tensor) -> Tensor:
    """Gaussian noise with a deviation of `sigma` in every channel, alike in space and between channels.

    Args:
        draws: standard normal, `(B, C, H, W)`.
        sigma: `(B,)`, deviation in grey levels of 255.
        blur: `(B,)`, sigma in pixels of the Gaussian that it is filtered with; 0 leaves it white.
        mixing: `(B, C, C)`, rows of length 1; see `draw_mixing`.

    Returns:
        Noise `(B, C, H, W)` where white is 1.
    """
    size = draws.shape[2:]
    losses = [gaussian(n, blur).square().sum(-1) for n in size]
    kept = (losses[0][:, :, None] * losses[1][:, None, :]).sqrt()[:, None]
    smooth = both(draws, gaussian, blur) / kept
    return (mixing @ smooth.flatten(2)).view(draws.shape) * per_picture(sigma / GREY_LEVELS)
