import math

import pytest
import torch

from denoiser.noise.base import Noise, to_8_bit
from denoiser.noise.gaussian import Gaussian, Speckle
from denoiser.noise.impulse import SaltPepper
from denoiser.noise.poisson import Poisson, PoissonGaussian
from denoiser.noise.uniform import Uniform

NOISES = [Noise(), Gaussian(), Speckle(), Poisson(), PoissonGaussian(sigma=10), SaltPepper(), Uniform()]
SIDE = 400
SAMPLES = 3 * SIDE * SIDE


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def flat(value, batch=1):
    return torch.full((batch, 3, SIDE, SIDE), value)


def noisy(noise, value, sigma=25.0, seed=0):
    return noise(flat(value), torch.tensor([sigma]), generator(seed)).double()


def variance(noise, value, sigma):
    """Of a pixel of `value` in [0, 1], as the definition of each noise has it."""
    read_out, shot = (sigma / 255) ** 2, value / getattr(noise, "peak", 1)
    return {
        "gaussian": read_out,
        "speckle": value**2 * read_out,
        "poisson": shot,
        "poisson_gaussian": shot + read_out,
        "uniform": (getattr(noise, "width", 0) / 255) ** 2 / 3,
    }[noise.name]


@pytest.mark.parametrize("value", [0.1, 0.5, 1.0])
@pytest.mark.parametrize(
    "noise", [Gaussian(), Speckle(), Poisson(peak=7), PoissonGaussian(peak=7), Uniform(width=60)], ids=str
)
def test_mean_and_variance_are_the_theory_s(noise, value):
    drawn = noisy(noise, value, sigma=40.0)
    expected = variance(noise, value, 40.0)
    fourth = ((drawn - value) ** 4).mean()
    assert abs(drawn.mean() - value) < 5 * math.sqrt(expected / SAMPLES)
    assert abs((drawn - value).square().mean() - expected) < 5 * math.sqrt((fourth - expected**2) / SAMPLES)


def test_gaussian_noise_is_normal_and_white():
    drawn = noisy(Gaussian(), 0.5) - 0.5
    unit = drawn / (25 / 255)
    for moment, expected in ((3, 0), (4, 3)):
        assert abs((unit**moment).mean() - expected) < 5 * math.sqrt(100 / SAMPLES)
    for shifted in (unit.roll(1, -1), unit.roll(1, -2), unit.roll(1, 1)):
        assert abs((unit * shifted).mean()) < 5 / math.sqrt(SAMPLES)


def test_each_image_of_a_batch_has_its_own_level():
    sigma = torch.tensor([0.0, 10.0, 50.0])
    drawn = Gaussian()(flat(0.5, 3), sigma, generator()) - 0.5
    assert drawn[0].eq(0).all()
    assert drawn[1:].std(dim=(1, 2, 3)).mul(255).tolist() == pytest.approx([10, 50], rel=0.01)


def test_sigma_25_costs_20_17_db():
    error = (noisy(Gaussian(), 0.5) - 0.5).square().mean()
    assert -10 * math.log10(error) == pytest.approx(20.17, abs=0.02)


def test_uniform_noise_stays_within_its_width_and_reaches_it():
    drawn = (noisy(Uniform(width=51), 0.5) - 0.5) * 255
    assert 50.9 < drawn.abs().max() <= 51.001
    assert drawn.min() < -50.9 and drawn.max() > 50.9


def test_default_uniform_noise_has_the_deviation_of_sigma_25():
    assert (noisy(Uniform(), 0.5) - 0.5).std() * 255 == pytest.approx(25, abs=0.1)


@pytest.mark.parametrize("amount", [0.0, 0.1, 0.7, 1.0])
def test_salt_and_pepper_takes_its_share_of_whole_pixels(amount):
    drawn = noisy(SaltPepper(amount=amount), 0.5)
    black, white = (drawn == 0), (drawn == 1)
    assert ((drawn == 0.5) | black | white).all()
    assert black.eq(black[:, :1]).all() and white.eq(white[:, :1]).all()
    tolerance = 5 * math.sqrt(max(amount / 2 * (1 - amount / 2), 1e-12) / SIDE**2)
    assert abs(black.double().mean() - amount / 2) <= tolerance
    assert abs(white.double().mean() - amount / 2) <= tolerance


def test_speckle_spares_black_and_photons_are_counted():
    assert noisy(Speckle(), 0.0).eq(0).all()
    counted = noisy(Poisson(peak=8), 0.5) * 8
    assert counted.eq(counted.round()).all() and counted.min() >= 0 and counted.max() > 8


def test_poisson_takes_unclipped_images():
    assert Poisson()(torch.full((1, 1, 8, 8), -0.1), torch.tensor([math.nan]), generator()).eq(0).all()


def test_none_changes_nothing():
    clean = torch.rand(2, 3, 8, 8)
    assert Noise()(clean, torch.full((2,), math.nan), generator()).equal(clean)


@pytest.mark.parametrize("noise", NOISES, ids=str)
def test_noise_is_a_pure_function_of_image_and_generator(noise):
    clean, sigma = torch.rand(4, 3, 16, 16), torch.full((4,), 25.0)
    before, given = torch.random.get_rng_state(), clean.clone()
    first = noise(clean, sigma, generator(3))
    assert noise(clean, sigma, generator(3)).equal(first)
    assert noise.draw_levels(4, generator(3)).equal(noise.draw_levels(4, generator(3))) or noise.levels(None) == (None,)
    assert noise is NOISES[0] or not noise(clean, sigma, generator(4)).equal(first)
    assert torch.random.get_rng_state().equal(before) and clean.equal(given)
    assert first.shape == clean.shape and first.dtype == torch.float32


@pytest.mark.parametrize("noise", NOISES, ids=str)
def test_memory_format_changes_nothing(noise):
    clean, sigma = torch.rand(2, 3, 16, 12), torch.full((2,), 25.0)
    strided = clean.contiguous(memory_format=torch.channels_last)
    assert noise(clean, sigma, generator()).equal(noise(strided, sigma, generator()))


@pytest.mark.parametrize("noise", NOISES, ids=str)
def test_clipped_noise_is_what_an_8_bit_file_holds(noise):
    clean, sigma = torch.rand(2, 3, 32, 32), torch.full((2,), 100.0)
    levels = noise.clipped(True)(clean, sigma, generator()) * 255
    assert levels.sub(levels.round()).abs().max() < 1e-4
    assert levels.min() >= 0 and levels.max() <= 255
    unclipped = noise.clipped(True).clipped(False)
    assert unclipped == noise
    assert to_8_bit(unclipped(clean, sigma, generator())).mul(255).equal(levels)


def test_rounding_to_8_bits():
    given = torch.tensor([-0.2, 0.0, 0.4 / 255, 0.6 / 255, 127.4 / 255, 1.0, 1.7])
    assert to_8_bit(given).mul(255).tolist() == pytest.approx([0, 0, 0, 1, 127, 255, 255])
    every = torch.arange(256) / 255
    assert to_8_bit(every).equal(every)


def test_sigma_range_is_drawn_uniformly():
    drawn = Gaussian(sigma_range=[5, 55]).draw_levels(100_000, generator())
    assert drawn.min() >= 5 and drawn.max() <= 55
    assert abs(drawn.mean() - 30) < 5 * 50 / math.sqrt(12 * 100_000)
    assert drawn.std() == pytest.approx(50 / math.sqrt(12), rel=0.01)
    assert drawn.unique().numel() > 90_000


def test_drawn_levels_without_a_range():
    assert Gaussian(sigma=30).draw_levels(3, generator()).tolist() == [30, 30, 30]
    assert Poisson().draw_levels(3, generator()).isnan().all()


@pytest.mark.parametrize(
    ("noise", "asked", "levels"),
    [
        (Gaussian(sigma=30), None, (30.0,)),
        (Gaussian(sigma_range=(0, 55)), None, (15.0, 25.0, 50.0)),
        (Gaussian(), 0, (0.0,)),
        (Gaussian(), [15, 25.5], (15.0, 25.5)),
        (Gaussian(), [50, 15, 50], (50.0, 15.0)),
        (Speckle(sigma=12), None, (12.0,)),
        (PoissonGaussian(sigma=5), [5], (5.0,)),
        (Poisson(), None, (None,)),
        (Noise(), None, (None,)),
    ],
)
def test_levels_to_test_at(noise, asked, levels):
    assert noise.levels(asked) == levels


@pytest.mark.parametrize(
    ("noise", "name"),
    [
        (Noise(), "none"),
        (Gaussian(sigma=40, clip=True), "gaussian"),
        (Gaussian(sigma_range=[0, 55]), "gaussian"),
        (Speckle(), "speckle"),
        (Poisson(), "poisson(peak=30)"),
        (PoissonGaussian(peak=12.5), "poisson_gaussian(peak=12.5)"),
        (SaltPepper(), "salt_pepper(amount=0.1)"),
        (Uniform(width=20), "uniform(width=20)"),
    ],
)
def test_name_in_tables(noise, name):
    assert str(noise) == name
