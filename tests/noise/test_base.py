import math
from types import SimpleNamespace

import pytest
import torch
from helpers.noises import check_refused, generator

from denoiser.noise.base import Noise, to_8_bit
from denoiser.noise.camera.camera import Camera
from denoiser.noise.camera.correlated import Correlated
from denoiser.noise.gaussian import Gaussian, Speckle
from denoiser.noise.impulse import SaltPepper
from denoiser.noise.levels import SIGMA
from denoiser.noise.mixed import Mixed
from denoiser.noise.poisson import Poisson, PoissonGaussian
from denoiser.noise.uniform import Uniform

NOISES = [Noise(), Gaussian(), Speckle(), Poisson(), PoissonGaussian(sigma=10), SaltPepper(), Uniform(), Correlated()]
NOISES += [Camera(), Mixed(parts={"gaussian": 0.5, "camera": 0.5})]


def test_none_changes_nothing():
    clean = torch.rand(2, 3, 8, 8)
    assert Noise()(clean, torch.full((2,), math.nan), generator()).equal(clean)


@pytest.mark.parametrize("noise", NOISES, ids=str)
def test_noise_is_a_pure_function_of_image_and_generator(noise):
    clean, sigma = torch.rand(4, 3, 16, 16), torch.full((4,), 25.0 if noise.level_kind is SIGMA else 0.004)
    before, copy = torch.random.get_rng_state(), clean.clone()
    first = noise(clean, sigma, generator(3))
    assert noise(clean, sigma, generator(3)).equal(first)
    assert noise.draw_levels(4, generator(3)).equal(noise.draw_levels(4, generator(3))) or noise.levels(None) == (None,)
    assert noise is NOISES[0] or not noise(clean, sigma, generator(4)).equal(first)
    assert torch.random.get_rng_state().equal(before) and clean.equal(copy)
    assert first.shape == clean.shape and first.dtype == torch.float32


@pytest.mark.parametrize("noise", NOISES, ids=str)
def test_memory_format_changes_nothing(noise):
    clean, sigma = torch.rand(2, 3, 16, 12), torch.full((2,), 25.0)
    strided = clean.contiguous(memory_format=torch.channels_last)
    assert noise(clean, sigma, generator()).equal(noise(strided, sigma, generator()))


@pytest.mark.parametrize("noise", [Noise(), Gaussian(), Poisson()], ids=str)
def test_levels_are_on_the_device_of_the_generator(noise):
    there = SimpleNamespace(device=torch.device("meta"))  # a generator of which nothing is drawn
    assert noise.draw_levels(3, there).device.type == "meta"


@pytest.mark.parametrize("noise", [one for one in NOISES if not one.stored], ids=str)
def test_noise_is_made_on_the_device_of_the_picture(noise):
    clean, sigma = torch.rand(2, 3, 16, 12, device="meta"), torch.full((2,), 25.0, device="meta")
    assert noise(clean, sigma, generator()).device.type == "meta"


@pytest.mark.parametrize("noise", NOISES, ids=str)
def test_clipped_noise_is_what_an_8_bit_file_holds(noise):
    clean, sigma = torch.rand(2, 3, 32, 32), torch.full((2,), 100.0)
    levels = noise.clipped(True)(clean, sigma, generator()) * 255
    assert levels.sub(levels.round()).abs().max() < 1e-4
    assert levels.min() >= 0 and levels.max() <= 255
    unclipped = noise.clipped(True).clipped(False)
    assert unclipped == noise
    assert to_8_bit(unclipped(clean, sigma, generator())).mul(255).equal(levels)


@pytest.mark.parametrize("noise", [one for one in NOISES if one.border == 0], ids=str)
def test_the_target_of_most_noises_is_the_clean_picture(noise):
    clean, sigma = torch.rand(2, 3, 16, 12), torch.full((2,), 25.0)
    noisy, target = noise.pair(clean, sigma, generator())
    assert target is clean and noisy.equal(noise(clean, sigma, generator()))
    assert noise.source_size(12) == noise.pair_size(12) == noise.whole_size(12) == 12


def test_rounding_to_8_bits():
    image = torch.tensor([-0.2, 0.0, 0.4 / 255, 0.6 / 255, 127.4 / 255, 1.0, 1.7])
    assert to_8_bit(image).mul(255).tolist() == pytest.approx([0, 0, 0, 1, 127, 255, 255])
    every = torch.arange(256) / 255
    assert to_8_bit(every).equal(every)


def test_few_bits_are_rounded_to_8_bits_in_float32():
    image = torch.tensor([201 / 255, 127 / 255, 1.5], dtype=torch.bfloat16)  # 0.7890625, 0.498046875
    rounded = to_8_bit(image)
    assert rounded.dtype == torch.float32 and rounded.equal(torch.tensor([201.0, 127.0, 255.0]) / 255)
    assert to_8_bit(image.double()).dtype == torch.float64


def test_a_noise_without_sigma_has_no_levels():
    assert Noise().levels(None) == (None,)
    check_refused(lambda: Noise().levels([25]), ["noise=none", "test.sigma=null"])


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
        (Correlated(sigma=40), "correlated(width=1, correlation=0.5)"),
    ],
)
def test_name_in_tables(noise, name):
    assert str(noise) == name


def test_a_noise_without_a_name_has_that_of_its_class():
    class Halved(Noise):
        pass

    assert Halved().name == "halved" and Noise().name == "none" and Gaussian().name == "gaussian"
