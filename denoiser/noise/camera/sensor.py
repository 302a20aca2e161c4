"""Shot and read noise of a sensor: its parameters, and the noise itself."""

import math

import torch
from torch import Tensor

from denoiser.noise.camera.drawing import Range, log_uniform, normal, per_picture, uniform

DARMSTADT = (2.18, 1.20)
"""Slope and offset of log(read) over log(shot), natural logarithms, fitted to Darmstadt images (Brooks et al. 2019).

CycleISP (Zamir et al. 2020) uses the same two numbers with logarithms to base 10, which makes the read variance five
times higher at a shot noise of 0.01. Real cameras lie on both sides, so the offset is drawn between the two.
"""
SPREAD = 0.26
"""Standard deviation of log(read) about that line (Brooks et al. 2019)."""


def draw_levels(n: int, shot_range: Range, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Shot and read noise `(n,)` each, so that variance = x * shot + read where white is 1.

    Args:
        n: number of pictures.
        shot_range: shot noise is log-uniform between these, as 0.0001 to 0.012 (Brooks et al. 2019).
        generator: source of the random numbers.
    """
    shot = log_uniform(n, shot_range, generator)
    slope, offset = DARMSTADT
    between = uniform(n, (1.0, math.log(10)), generator)  # natural logarithms to base 10
    read = torch.exp(slope * shot.log() + offset * between + normal(n, 0.0, SPREAD, generator))
    return shot, read


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
