import pytest
from helpers.noises import check_mean_and_variance, check_refused, noisy

from denoiser.noise.uniform import Uniform


@pytest.mark.parametrize("value", [0.1, 0.5, 1.0])
def test_mean_and_variance(value):
    check_mean_and_variance(Uniform(width=60), value, (60 / 255) ** 2 / 3)


def test_uniform_noise_stays_within_its_width_and_reaches_it():
    drawn = (noisy(Uniform(width=51), 0.5) - 0.5) * 255
    assert 50.9 < drawn.abs().max() <= 51.001
    assert drawn.min() < -50.9 and drawn.max() > 50.9


def test_default_uniform_noise_has_the_deviation_of_sigma_25():
    assert (noisy(Uniform(), 0.5) - 0.5).std() * 255 == pytest.approx(25, abs=0.1)


@pytest.mark.parametrize(
    ("make", "lines"),
    [
        (lambda: Uniform(width=-1), ["noise.width=-1", "noise.width="]),
        (lambda: Uniform(width=[10, 20]), ["noise.width=[10, 20] is not a number of grey levels", "noise.width=43.3"]),
        (lambda: Uniform(width=0.1), ["noise.width=0.1", "noise.width=25.5"]),
    ],
)
def test_invalid_widths_are_refused(make, lines):
    check_refused(make, lines)
