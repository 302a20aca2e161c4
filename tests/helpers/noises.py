"""Constant images with noise, and the noises that every test of all noises takes."""

import pytest
import torch

from denoiser.errors import DenoiserError

SIDE = 400
SAMPLES = 3 * SIDE * SIDE
"""Values in one image of `constant`."""


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def constant(value, batch=1):
    return torch.full((batch, 3, SIDE, SIDE), value)


def noisy(noise, value, sigma=25.0, seed=0):
    """A constant image of `value` in [0, 1] with noise, float64 `(1, 3, 400, 400)`."""
    return noise(constant(value), torch.tensor([sigma]), generator(seed)).double()


def check_mean_and_variance(noise, value, variance, sigma=40.0):
    """The noise is without bias and has the variance of its definition, within 5 standard errors."""
    error = noisy(noise, value, sigma) - value
    fourth = (error**4).mean()
    assert abs(error.mean()) < 5 * (variance / SAMPLES) ** 0.5
    assert abs(error.square().mean() - variance) < 5 * ((fourth - variance**2) / SAMPLES) ** 0.5


def check_refused(make, lines):
    """`make` raises a two-line error with exit code 2 that contains all `lines`."""
    with pytest.raises(DenoiserError) as caught:
        make()
    problem, fix = str(caught.value).splitlines()
    assert problem.startswith("error: ") and fix.startswith("fix: ") and caught.value.code == 2
    assert all(line in str(caught.value) for line in lines)
