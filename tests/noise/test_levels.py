import math

import pytest

from denoiser.errors import DenoiserError
from denoiser.noise.base import Noise
from denoiser.noise.gaussian import Gaussian, Speckle
from denoiser.noise.impulse import SaltPepper
from denoiser.noise.levels import check_sigma
from denoiser.noise.poisson import Poisson, PoissonGaussian
from denoiser.noise.uniform import Uniform


@pytest.mark.parametrize(("sigma", "levels"), [(0, (0.0,)), (1, (1.0,)), (127.5, (127.5,)), ([15, 25], (15.0, 25.0))])
def test_levels_come_back_as_numbers(sigma, levels):
    assert check_sigma(sigma, "test.sigma") == levels
    assert all(type(level) is float for level in check_sigma(sigma, "test.sigma"))


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
        (lambda: PoissonGaussian(sigma=-3), ["noise.sigma=-3", "noise.sigma=25"]),
        (lambda: Gaussian(sigma_range=[55, 0]), ["[55, 0] is not [lowest, highest]", "noise.sigma_range=[0,55]"]),
        (lambda: Gaussian(sigma_range=[5]), ["[5] is not [lowest, highest]", "noise.sigma_range=[0,55]"]),
        (lambda: Gaussian(sigma_range=25), ["noise.sigma_range=25 is not", "noise.sigma_range=[0,55]"]),
        (lambda: Gaussian(sigma_range=[-1, 55]), ["noise.sigma_range=-1", "grey levels of 255"]),
        (lambda: Gaussian(sigma_range=[0, 0.2]), ["noise.sigma_range=0.2 is below", "noise.sigma_range=[0,51]"]),
        (lambda: Gaussian().levels(0.1), ["test.sigma=0.1", "test.sigma=25.5"]),
        (lambda: Gaussian().levels([15, 0.1]), ["test.sigma=0.1", "test.sigma=[15,25.5]"]),
        (lambda: Gaussian().levels([]), ["no noise level", "test.sigma=[15,25,50]"]),
        (lambda: Gaussian().levels("all"), ["test.sigma=all", "test.sigma=25"]),
        (lambda: Poisson().levels(25), ["test.sigma=25", "noise=poisson", "test.sigma=null"]),
        (lambda: Noise().levels([25]), ["noise=none", "test.sigma=null"]),
        (lambda: Poisson(peak=0), ["noise.peak=0 is not above 0", "noise.peak=30"]),
        (lambda: Poisson(peak=math.inf), ["noise.peak=inf", "noise.peak=30"]),
        (lambda: PoissonGaussian(peak=-2), ["noise.peak=-2", "noise.peak=30"]),
        (lambda: SaltPepper(amount=1.5), ["noise.amount=1.5", "noise.amount=0.1"]),
        (lambda: SaltPepper(amount=math.nan), ["noise.amount=nan", "noise.amount=0.1"]),
        (lambda: Uniform(width=-1), ["noise.width=-1", "noise.width="]),
        (lambda: Uniform(width=0.1), ["noise.width=0.1", "noise.width=25.5"]),
    ],
)
def test_levels_that_cannot_be_meant_are_refused_in_two_lines(make, lines):
    with pytest.raises(DenoiserError) as caught:
        make()
    text = str(caught.value)
    what, fix = text.splitlines()
    assert what.startswith("error: ") and fix.startswith("fix: ") and caught.value.code == 2
    assert all(line in text for line in lines)
