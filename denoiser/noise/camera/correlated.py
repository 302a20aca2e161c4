"""Gaussian noise that is correlated between neighbouring pixels and between channels, as processing leaves it."""

import torch
from torch import Tensor

from denoiser.noise.camera.drawing import per_picture
from denoiser.noise.camera.separable import both, gaussian

GREY_LEVELS = 255.0


def draw_mixing(n: int, channels: int, equal: Tensor, generator: torch.Generator) -> Tensor:
    """Matrices `(n, channels, channels)` that correlate channels; each row has length 1.

    Args:
        n: number of pictures.
        channels: channels of each picture.
        equal: `(n,)`, true where all channels get the same noise; elsewhere they get a random correlation, as in
            BSRGAN and SCUNet (Zhang et al. 2021, 2022).
        generator: source of the random numbers.
    """
    random = torch.randn(n, channels, channels, generator=generator, device=generator.device)
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
