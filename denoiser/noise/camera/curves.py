"""Conversion between values of a picture and light: gamma and a global tone curve, with their inverses.

Brooks et al., "Unprocessing images for learned raw denoising" (2019), model a camera's curve as a gamma of 2.2 followed
by the smoothstep 3x^2 - 2x^3, which darkens shadows and protects highlights.
"""

import torch
from torch import Tensor

GAMMA = 2.2
DARKEST = 1e-8
"""Smallest light, because the slope of the gamma curve is infinite at 0."""


def inverse_tone(pictures: Tensor) -> Tensor:
    """Undo the tone curve: inverse smoothstep of values in [0, 1], any shape (Brooks et al. 2019)."""
    return 0.5 - torch.sin(torch.asin(1 - 2 * pictures.clamp(0, 1)) / 3)


def tone(pictures: Tensor) -> Tensor:
    """A global tone curve: smoothstep 3x^2 - 2x^3 of values clamped to [0, 1], any shape (Brooks et al. 2019)."""
    x = pictures.clamp(0, 1)
    return x * x * (3 - 2 * x)


def inverse_gamma(pictures: Tensor, gamma: float | Tensor = GAMMA) -> Tensor:
    """Light from values in [0, 1], any shape: x^gamma (Brooks et al. 2019)."""
    return pictures.clamp(min=DARKEST) ** gamma


def gamma(light: Tensor, gamma: float | Tensor = GAMMA) -> Tensor:
    """Values from light in [0, 1], any shape: x^(1 / gamma), never of less than `DARKEST` (Brooks et al. 2019)."""
    return light.clamp(min=DARKEST) ** (1 / gamma)


def to_light(pictures: Tensor, toned: Tensor) -> Tensor:
    """Light `(B, C, H, W)` from pictures in [0, 1]; `toned` `(B,)` is true for pictures that have the tone curve."""
    return inverse_gamma(torch.where(toned.view(-1, 1, 1, 1), inverse_tone(pictures), pictures))


def to_values(light: Tensor, toned: Tensor) -> Tensor:
    """Pictures `(B, C, H, W)` in [0, 1] from light; `toned` `(B,)` is true for pictures that get the tone curve."""
    values = gamma(light.clamp(max=1))
    return torch.where(toned.view(-1, 1, 1, 1), tone(values), values)
