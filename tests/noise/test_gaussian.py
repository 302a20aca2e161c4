import math

import pytest
import torch
from helpers.noises import SAMPLES, check_mean_and_variance, check_refused, constant, generator, noisy

from denoiser.noise.gaussian import Gaussian, Speckle


@pytest.mark.parametrize("value", [0.1, 0.5, 1.0])
def test_mean_and_variance(value):
    check_mean_and_variance(Gaussian(), value, (40 / 255) ** 2)
    check_mean_and_variance(Speckle(), value, (value * 40 / 255) ** 2)


def test_gaussian_noise_is_normal_and_white():
    drawn = noisy(Gaussian(), 0.5) - 0.5
    unit = drawn / (25 / 255)
    for moment, expected in ((3, 0), (4, 3)):
        assert abs((unit**moment).mean() - expected) < 5 * math.sqrt(100 / SAMPLES)
    for shifted in (unit.roll(1, -1), unit.roll(1, -2), unit.roll(1, 1)):
        assert abs((unit * shifted).mean()) < 5 / math.sqrt(SAMPLES)


def test_each_image_of_a_batch_has_its_own_level():
    sigma = torch.tensor([0.0, 10.0, 50.0])
    drawn = Gaussian()(constant(0.5, 3), sigma, generator()) - 0.5
    assert drawn[0].eq(0).all()
    assert drawn[1:].std(dim=(1, 2, 3)).mul(255).tolist() == pytest.approx([10, 50], rel=0.01)


def test_sigma_25_costs_20_17_db():
    error = (noisy(Gaussian(), 0.5) - 0.5).square().mean()
    assert -10 * math.log10(error) == pytest.approx(20.17, abs=0.02)


def test_speckle_spares_black():
    assert noisy(Speckle(), 0.0).eq(0).all()


def test_sigma_range_is_drawn_uniformly():
    drawn = Gaussian(sigma_range=[5, 55]).draw_levels(100_000, generator())
    assert drawn.min() >= 5 and drawn.max() <= 55
    assert abs(drawn.mean() - 30) < 5 * 50 / math.sqrt(12 * 100_000)
    assert drawn.std() == pytest.approx(50 / math.sqrt(12), rel=0.01)
    assert drawn.unique().numel() > 90_000
    assert Gaussian(sigma_range=[5, 55]).draw_levels(100_000, generator()).equal(drawn)


def test_the_levels_of_a_training_are_its_range_or_its_level_twice():
    assert list(Gaussian(sigma_range=[5, 55]).training_levels()) == [5, 55]
    assert list(Gaussian(sigma=30).training_levels()) == [30, 30]


def test_drawn_levels_without_a_range():
    assert Gaussian(sigma=30).draw_levels(3, generator()).tolist() == [30, 30, 30]


@pytest.mark.parametrize(
    ("noise", "sigma", "levels"),
    [
        (Gaussian(sigma=30), None, (30.0,)),
        (Gaussian(sigma_range=(0, 55)), None, (15.0, 25.0, 50.0)),
        (Gaussian(), 0, (0.0,)),
        (Gaussian(), [15, 25.5], (15.0, 25.5)),
        (Gaussian(), [50, 15, 50], (50.0, 15.0)),
        (Speckle(sigma=12), None, (12.0,)),
    ],
)
def test_levels_to_test_at(noise, sigma, levels):
    assert noise.levels(sigma) == levels


@pytest.mark.parametrize(
    ("make", "lines"),
    [
        (lambda: Gaussian(sigma=-1), ["noise.sigma=-1 is not a noise level", "noise.sigma=25"]),
        (lambda: Gaussian(sigma=math.nan), ["noise.sigma=nan is not", "noise.sigma=25"]),
        (lambda: Gaussian(sigma=math.inf), ["noise.sigma=inf is not", "noise.sigma=25"]),
        (lambda: Gaussian(sigma="much"), ["noise.sigma=much is not", "noise.sigma=25"]),
        (lambda: Gaussian(sigma=None), ["noise.sigma=None is not", "noise.sigma=25"]),
        (lambda: Gaussian(sigma=[15, 25]), ["noise.sigma=[15, 25] is not one", "test.sigma takes several"]),
        (
            lambda: Gaussian(sigma=0.1),
            ["=0.1 is below one grey level", "did you mean 25.5? noise.sigma=25.5"],
        ),
        (lambda: Speckle(sigma=0.5), ["noise.sigma=0.5", "noise.sigma=127.5"]),
        (lambda: Gaussian(sigma_range=[55, 0]), ["[55, 0] is not [lowest, highest]", "noise.sigma_range=[0,55]"]),
        (lambda: Gaussian(sigma_range=[5]), ["[5] is not [lowest, highest]", "noise.sigma_range=[0,55]"]),
        (lambda: Gaussian(sigma_range=25), ["noise.sigma_range=25 is not", "noise.sigma_range=[0,55]"]),
        (
            lambda: Gaussian(sigma_range="0-55"),
            ["noise.sigma_range=0-55 is not [lowest, highest]", "noise.sigma_range=[0,55]"],
        ),
        (lambda: Gaussian(sigma_range=[-1, 55]), ["noise.sigma_range=-1", "grey levels of 255"]),
        (lambda: Gaussian(sigma_range=[0, 0.2]), ["noise.sigma_range=0.2 is below", "noise.sigma_range=[0,51]"]),
        (lambda: Gaussian().levels(0.1), ["test.sigma=0.1", "test.sigma=25.5"]),
        (lambda: Gaussian().levels([15, 0.1]), ["test.sigma=0.1", "test.sigma=[15,25.5]"]),
        (lambda: Gaussian().levels([]), ["no noise level", "test.sigma=[15,25,50]"]),
        (lambda: Gaussian().levels("all"), ["test.sigma=all", "test.sigma=25"]),
    ],
)
def test_invalid_levels_are_refused(make, lines):
    check_refused(make, lines)
