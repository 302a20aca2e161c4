"""Shot and read noise of a sensor: its parameters, and the noise itself."""

import math

import torch
from torch import Tensor

from denoiser.noise.camera.drawing import normal, per_picture, uniform

DARMSTADT = (2.18, 1.20)
"""Slope and offset of log(read) over log(shot), natural logarithms, fitted to Darmstadt images (Brooks et al. 2019).

CycleISP (Zamir et al. 2020) uses the same two numbers with logarithms to base 10, which makes the read variance five
times higher at a shot noise of 0.01. Real cameras lie on both sides, so the offset is drawn between the two. CycleISP's
fit to SIDD, log10(read) = 1.85 log10(shot) + 0.30 for shot noise from 0.00069 to 0.022, lies above both where there is
little noise. CBDNet (Guo et al. 2019) draws shot noise up to 0.0256 and read noise up to 0.0036, independently.
"""
SHOT_RANGE = (6e-5, 0.012)
"""Shot noise for training: Brooks et al. (2019) draw 0.0001 to 0.012; cameras of today have less in good light."""
SPREAD = 0.26
"""Standard deviation of log(read) about that line (Brooks et al. 2019)."""


def draw_read(shot: Tensor, generator: torch.Generator) -> Tensor:
    """Read noise `(n,)` of cameras whose shot noise is `shot` `(n,)`, so that variance = x * shot + read.

    Args:
        shot: shot noise, a variance per light, where white is 1.
        generator: source of the random numbers.
    """
    n, (slope, offset) = len(shot), DARMSTADT
    between = uniform(n, (1.0, math.log(10)), generator)  # natural logarithms to base 10
    return torch.exp(slope * shot.log() + offset * between + normal(n, 0.0, SPREAD, generator))


def deviation(light: Tensor, shot: Tensor, read: Tensor) -> Tensor:
    """Standard deviation of the noise at each pixel: sqrt(x * shot + read); light below 0 counts as 0.

    Args:
        light: `(B, C, H, W)`, white is 1.
        shot: `(B,)`, shot noise, a variance per light.
        read: `(B,)`, read noise, a variance.
    """
    return (light.clamp(min=0) * per_picture(shot) + per_picture(read)).sqrt()


def add_noise(raw: Tensor, shot: Tensor, read: Tensor, draws: Tensor) -> Tensor:
    """The mosaic with noise; `draws` are standard normal, of its shape (Foi et al. 2008: both parts nearly normal)."""
    return raw + deviation(raw, shot, read) * draws
