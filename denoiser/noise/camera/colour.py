"""Conversion between sRGB and the colours of a sensor: colour matrix and white balance (Brooks et al. 2019)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from denoiser.noise import streams
from denoiser.noise.camera.constants import constant
from denoiser.noise.camera.drawing import Range, normal, uniform

XYZ_TO_CAMERA = (
    ((1.0234, -0.2969, -0.2266), (-0.5625, 1.6328, -0.0469), (-0.0703, 0.2188, 0.6406)),
    ((0.4913, -0.0541, -0.0202), (-0.613, 1.3513, 0.2906), (-0.1564, 0.2151, 0.7183)),
    ((0.838, -0.263, -0.0639), (-0.2887, 1.0725, 0.2496), (-0.0627, 0.1427, 0.5438)),
    ((0.6596, -0.2079, -0.0562), (-0.4782, 1.3016, 0.1933), (-0.097, 0.1581, 0.5181)),
)
"""Colour matrices of four cameras (Brooks et al. 2019)."""
RGB_TO_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
"""Matrix from linear sRGB to XYZ, white D65 (IEC 61966-2-1)."""
BRIGHT = 0.9
"""Light above this is protected: what is saturated in the picture must be saturated on the sensor too."""


@dataclass(frozen=True)
class Colours:
    """Colour of cameras: `to_camera` `(n, 3, 3)` from linear sRGB, and `gains` `(n, 3)` of their white balance."""

    to_camera: Tensor
    gains: Tensor


def draw_colours(
    n: int, generator: torch.Generator, red_range: Range = (1.9, 2.4), blue_range: Range = (1.5, 1.9)
) -> Colours:
    """Cameras with a random mix of four matrices and random white balance (Brooks et al. 2019).

    The gains are 1 / N(0.8, 0.1) in all channels, times a number from `red_range` in red and from `blue_range` in blue.
    """
    device = generator.device
    shares = streams.uniform((n, len(XYZ_TO_CAMERA), 1, 1), generator)
    mixed = (shares * constant(XYZ_TO_CAMERA, device)).sum(1) / shares.sum(1)
    to_camera = mixed @ constant(RGB_TO_XYZ, device)
    brightness = 1 / normal(n, 0.8, 0.1, generator).clamp(0.5, 1)
    gains = [brightness * uniform(n, red_range, generator), brightness, brightness * uniform(n, blue_range, generator)]
    return Colours(to_camera / to_camera.sum(-1, keepdim=True), torch.stack(gains, -1))


def apply_matrix(pictures: Tensor, matrices: Tensor) -> Tensor:
    """Pictures `(B, 3, H, W)` with each pixel multiplied by its picture's matrix `(B, 3, 3)`."""
    return (matrices @ pictures.flatten(2)).view(pictures.shape)


def inverse(matrices: Tensor) -> Tensor:
    """Inverses of matrices `(B, 3, 3)` by cofactors, which can be captured in a CUDA graph."""
    first, second, third = matrices.unbind(1)
    cofactors = torch.stack([second.cross(third, -1), third.cross(first, -1), first.cross(second, -1)], -1)
    return cofactors / (first * cofactors[..., 0]).sum(-1)[:, None, None]


def balance(light: Tensor, gains: Tensor) -> Tensor:
    """Light `(B, 3, H, W)` with each channel multiplied by its gain `(B, 3)`."""
    return light * gains[:, :, None, None]


def unbalance(light: Tensor, gains: Tensor) -> Tensor:
    """Light before the white balance, highlights protected: near 1 the division fades out (Brooks et al. 2019).

    Args:
        light: `(B, 3, H, W)` in [0, 1].
        gains: `(B, 3)`.
    """
    inverse = (1 / gains)[:, :, None, None]
    grey = light.mean(1, keepdim=True)
    bright = ((grey - BRIGHT).clamp(min=0) / (1 - BRIGHT)) ** 2
    return light * torch.maximum(bright + (1 - bright) * inverse, inverse)
