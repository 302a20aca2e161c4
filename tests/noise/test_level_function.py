"""The noise level function against noise that is known: its variance at every brightness, next to detail and edges."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from denoiser.data.photos import FOLDER
from denoiser.noise import level_function
from denoiser.noise.level_function import NoiseLevelFunction

RNG = np.random.default_rng(0)
RAMP = np.tile(np.linspace(0.1, 2, 256), (192, 1))


def deviations(noise, *brightness):
    return noise.at(torch.tensor(brightness)).sqrt().numpy()


def test_it_is_linear_between_what_is_measured_and_constant_beyond():
    noise = NoiseLevelFunction((1.0, 3.0), (2.0, 6.0))
    assert noise.at(torch.tensor([[0.0, 1.0], [2.0, 9.0]])).tolist() == [[2, 2], [4, 6]]
    assert NoiseLevelFunction((1.0,), (2.0,)).at(torch.tensor([0.0, 5.0])).tolist() == [2, 2]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("photons", [False, True])
def test_noise_of_any_brightness_is_measured(channels, photons):
    clean = np.repeat(RAMP[..., None], channels, axis=2)
    deviation = 0.05 * np.sqrt(clean) if photons else np.full_like(clean, 0.05)
    noise = level_function.measure((clean + RNG.normal(size=clean.shape) * deviation).astype(np.float32))
    expected = 0.05 * np.sqrt([0.3, 1, 1.7]) if photons else 0.05
    np.testing.assert_allclose(deviations(noise, 0.3, 1.0, 1.7), expected, rtol=0.12)


def test_the_unit_is_white():
    pictures = [(RAMP * 1000 + RNG.normal(0, 20, RAMP.shape)).astype(kind) for kind in ("i2", "u2", "f8")]
    for picture in pictures:
        np.testing.assert_allclose(deviations(level_function.measure(picture, 1000.0), 1.0), 0.02, rtol=0.12)


def test_detail_edges_and_a_sun_are_no_noise():
    with Image.open(FOLDER / "astronaut.png") as opened:
        clean = np.asarray(opened.convert("RGB"), np.float32)[60:252, 150:342] / 255
    noisy = clean + RNG.normal(0, 0.04, clean.shape)
    rows, columns = np.mgrid[:192, :192]
    noisy[np.hypot(rows - 90, columns - 90) < 30] = 50
    np.testing.assert_allclose(deviations(level_function.measure(noisy), 0.05, 0.3, 0.8), 0.04, rtol=0.3)


def test_correlated_noise_has_more_variance_than_its_finest_coefficients():
    blurred = ndimage.gaussian_filter(RNG.normal(size=RAMP.shape), 0.7)
    picture = RAMP + 0.05 * blurred / blurred.std()
    with_it, without = (deviations(level_function.measure(picture, correlated=each), 1.0) for each in (True, False))
    assert 0.035 < with_it < 0.06 and without < 0.03
    white = RAMP + RNG.normal(0, 0.05, RAMP.shape)
    assert level_function.measure(white, correlated=True) == level_function.measure(white, correlated=False)


def test_pictures_without_noise_and_small_ones():
    assert deviations(level_function.measure(RAMP * 0), 0.0) == 0
    assert deviations(level_function.measure(RAMP), 1.0) < 1e-9
    for shape in ((8, 8), (8, 40), (9, 9, 3)):
        assert np.isfinite(deviations(level_function.measure(RNG.random(shape)), 0.5))


def test_black_without_noise_and_single_photons():
    masked = RAMP + RNG.normal(0, 0.05, RAMP.shape)
    masked[:100] = 0
    np.testing.assert_allclose(deviations(level_function.measure(masked), 1.0), 0.05, rtol=0.15)
    photons = RNG.poisson(0.05, (192, 192)).astype(np.float32)
    np.testing.assert_allclose(deviations(level_function.measure(photons), 0.05), 0.05**0.5, rtol=0.15)
