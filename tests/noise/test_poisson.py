import math

import pytest
import torch
from helpers.noises import check_mean_and_variance, check_refused, generator, noisy

from denoiser.noise.poisson import Poisson, PoissonGaussian


@pytest.mark.parametrize("value", [0.1, 0.5, 1.0])
def test_mean_and_variance(value):
    check_mean_and_variance(Poisson(peak=7), value, value / 7)
    check_mean_and_variance(Poisson(peak=0.5), value, value / 0.5)
    check_mean_and_variance(PoissonGaussian(peak=7), value, value / 7 + (40 / 255) ** 2)


def test_photons_are_counted():
    counted = noisy(Poisson(peak=8), 0.5) * 8
    assert counted.eq(counted.round()).all() and counted.min() >= 0 and counted.max() > 8


def test_poisson_takes_unclipped_images():
    assert Poisson()(torch.full((1, 1, 8, 8), -0.1), torch.tensor([math.nan]), generator()).eq(0).all()


def test_poisson_noise_has_no_level():
    assert Poisson().draw_levels(3, generator()).isnan().all()
    assert Poisson().levels(None) == (None,) and PoissonGaussian(sigma=5).levels([5]) == (5.0,)


@pytest.mark.parametrize(
    ("make", "lines"),
    [
        (lambda: PoissonGaussian(sigma=-3), ["noise.sigma=-3", "noise.sigma=25"]),
        (lambda: Poisson().levels(25), ["test.sigma=25", "noise=poisson", "test.sigma=null"]),
        (lambda: Poisson(peak=0), ["noise.peak=0 is not above 0", "noise.peak=30"]),
        (lambda: Poisson(peak=math.inf), ["noise.peak=inf", "noise.peak=30"]),
        (lambda: PoissonGaussian(peak=-2), ["noise.peak=-2", "noise.peak=30"]),
    ],
)
def test_invalid_parameters_are_refused(make, lines):
    check_refused(make, lines)
