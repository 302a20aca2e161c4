"""Pictures beyond what networks have learned: no part of them is worse than it came, and what can be is denoised."""

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

import denoiser
from denoiser.data.photos import FOLDER
from denoiser.inference import exposure, highlights
from denoiser.weights import shipped

SIDE = 128
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
DISTANCE = np.hypot(ROWS - 60, COLUMNS - 64)
EDGES = (0, 1, 2, 4, 8, 12, 16, 24, 40)
SIGMA = 10 / 255


@pytest.fixture(scope="module", params=sorted({"photo", "grey"} & set(shipped.NAMES)))
def model(request):
    return denoiser.load(request.param)


@pytest.fixture(scope="module")
def unit():
    """A clean picture from 0 to 1."""
    with Image.open(FOLDER / "astronaut.png") as opened:
        return np.asarray(opened.convert("RGB").crop((160, 60, 160 + SIDE, 60 + SIDE)), np.float64) / 255


def of_channels(model, picture):
    return picture[..., 1] if model.channels == 1 else picture


def gain(model, clean, where, sigma=SIGMA, kind="f4", stays=None):
    """By how many dB a denoised picture is better than a noisy one in each place: in two draws of the noise.

    Args:
        model: the model.
        clean: the picture without noise.
        where: the places.
        sigma: the noise, of one pixel or of each.
        kind: the data type.
        stays: where there is no noise.
    """
    errors = []
    for seed in range(2):
        noise = np.random.default_rng(seed).normal(size=clean.shape) * sigma
        noise = noise if stays is None else np.where(stays.reshape(stays.shape + (1,) * (clean.ndim - 2)), 0, noise)
        noisy = clean + noise
        noisy = (noisy.round() if np.dtype(kind).kind in "iu" else noisy).astype(kind)
        denoised = model(noisy).astype(np.float64)
        errors.append([[np.square(each[part] - clean[part]).mean() for part in where] for each in (noisy, denoised)])
    before, after = np.mean(errors, axis=0)
    return 10 * np.log10(before / after)


def rings(distance):
    """Masks of rings around what is at a distance of 0."""
    masks = [(low < distance) & (distance <= high) for low, high in pairwise(EDGES)]
    return [mask for mask in masks if mask.any()]


def around(mask):
    return rings(ndimage.distance_transform_edt(~mask))


@pytest.mark.parametrize(
    ("times", "sigma", "kind"), [(4, SIGMA, "f4"), (6, SIGMA, "f2"), (6, 5 / 255, "f4"), (6, 25 / 255, "f4")]
)
def test_a_sun_that_is_not_far_brighter_does_no_harm(model, unit, times, sigma, kind):
    sun = DISTANCE < 8
    clean = np.where(sun[..., None], 0.5 * times, unit * 0.5)
    found = gain(model, of_channels(model, clean), around(sun), sigma, kind, sun)
    assert found.min() > -0.1 and found[-1] > 4


@pytest.mark.parametrize(("value", "blur"), [(64, 1), (64, 3), (1e6, 1), (1e6, 3)])
def test_the_halo_of_a_sun_does_no_harm(model, unit, value, blur):
    halo = ndimage.gaussian_filter((DISTANCE < 6).astype(float), blur, truncate=8)
    clean = unit * 0.5 + value * (halo / halo.max())[..., None]
    seen = clean.max(axis=2) < 4  # beyond, the noise is small beside what floats of 32 bits round
    where = [ring & seen for ring in rings(np.maximum(DISTANCE - 6, 0))]
    found = gain(model, of_channels(model, clean), [each for each in where if each.any()])
    assert found.min() > -0.1 and found[-1] > 7


@pytest.mark.parametrize("value", [2, 64])
def test_a_bright_line_and_a_hot_pixel_do_no_harm(model, unit, value):
    line = np.abs(COLUMNS - 0.4 * ROWS - 40) < 1
    line[20, 110] = True
    clean = np.where(line[..., None], value, unit * 0.5)
    assert gain(model, of_channels(model, clean), around(line), stays=line).min() > -0.1


@pytest.mark.parametrize(("scale", "value"), [(1, -1), (1, -3), (4095, 2), (4095, 8), (4095, -1)])
def test_a_hot_or_dead_pixel_does_no_harm_in_floats_of_any_scale(model, unit, scale, value):
    dead = np.zeros((SIDE, SIDE), bool)
    dead[[40, 90, 20, 100], [40, 30, 100, 101]] = True
    clean = np.where(dead[..., None], value, unit) * scale
    found = gain(model, of_channels(model, clean), around(dead), SIGMA * scale, stays=dead)
    assert found.min() > -0.3 and found[-1] > 5


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [("i2", 0, 30000), ("i2", -1000, 3000), ("u2", 0, 60000), ("i4", -30000, 30000), ("f4", 0, 65535), ("f4", -1, 1)],
)
def test_noise_far_weaker_than_the_range_becomes_no_stronger(model, kind, low, high):
    """Networks change a smooth ramp by about 1 in 2000 of its brightness."""
    ramp = low + (high - low) * (0.1 + 0.8 * COLUMNS / SIDE + 0.05 * ROWS / SIDE)
    clean = of_channels(model, np.stack([ramp, ramp * 0.9, ramp * 0.8], axis=2))
    assert gain(model, clean, [...], 4 if high > 1 else 1e-4, kind) > -0.05


@pytest.mark.parametrize(("low", "high", "sigma"), [(-1, 1, 0.02), (-1, 0, 0.08), (-500, 1500, 0.08)])
def test_values_below_0_are_denoised(model, unit, low, high, sigma):
    clean = of_channels(model, low + (high - low) * unit)
    blocks = [np.s_[y : y + 32, x : x + 32] for y in range(0, SIDE, 32) for x in range(0, SIDE, 32)]
    found = gain(model, clean, blocks, sigma * (high - low))
    assert found.min() > 0 and np.median(found) > (2 if sigma < 0.05 else 5)


@pytest.mark.parametrize("times", [5, 20])
def test_texture_in_a_bright_window_is_kept_and_its_noise_removed(model, unit, times):
    """Light with the noise of photons; the window is a picture with its own texture, and the room has one too."""
    window = (ROWS >= 20) & (ROWS < 100) & (COLUMNS >= 30) & (COLUMNS < 100)
    light = unit**2.2 * 0.5
    clean = np.where(window[..., None], np.roll(light[::-1], 40, axis=1) * times, light)
    deep = ndimage.distance_transform_edt(window)
    where = [*around(window), *([(a < deep) & (deep <= b) for a, b in ((0, 1), (1, 4), (4, 99))])]
    found = gain(model, of_channels(model, clean), where, 2 * SIGMA * np.sqrt(of_channels(model, clean) + 0.01))
    assert found.min() > -0.15


def test_stars_are_kept_and_the_dark_around_them_is_denoised(model):
    rng = np.random.default_rng(5)
    stars = np.full((SIDE, SIDE), 0.02)
    for size, y, x in zip(rng.pareto(1, 25).clip(0, 100), *rng.uniform(4, SIDE - 4, (2, 25)), strict=True):
        stars += size * np.exp(-((ROWS - y) ** 2 + (COLUMNS - x) ** 2) / 2.9)
    clean = of_channels(model, np.repeat(stars[..., None], 3, axis=2))
    found = gain(model, clean, around(stars > 0.08), 0.01)
    assert found.min() > 0 and found[-2:].min() > 15


def test_correlated_noise_beside_a_sun_is_removed(unit):
    sun = DISTANCE < 6
    noise = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=unit.shape), (0.7, 0.7, 0))
    noisy = np.where(sun[..., None], 64, unit * 0.5 + SIGMA * noise / noise.std()).astype(np.float32)
    denoised = denoiser.load("camera")(noisy)
    before, after = (np.square(each - unit * 0.5)[~sun].mean() for each in (noisy, denoised))
    assert after < before / 4


@pytest.mark.parametrize("kind", ["u1", "u2", "f2", "f4"])
@pytest.mark.parametrize("sigma", [2, 10, 50])
def test_usual_pictures_have_no_guard(unit, kind, sigma):
    noisy = unit + np.random.default_rng(0).normal(0, sigma / 255, unit.shape)
    white = {"u1": 255, "u2": 65535}.get(kind, 1)
    noisy = noisy if white == 1 else (noisy.clip(0, 1) * white).round()
    for picture in (noisy, noisy[..., 1], noisy * 0.1):
        assert highlights.guard(picture.astype(kind), white) == highlights.Guard()


@pytest.mark.parametrize("kind", ["f4", "f2"])
def test_lights_that_noise_lifts_above_white_are_denoised(model, unit, kind):
    lights = (DISTANCE < 30)[..., None]
    clean = of_channels(model, np.where(lights, 1, unit * 0.05))
    found = gain(model, clean, [DISTANCE < 28, DISTANCE > 32], 2 / 255, kind)
    assert found[0] > 1.5 and found[1] > 6


def test_black_is_below_a_part_of_the_picture_and_not_below_noise_or_outliers(unit):
    noise = np.random.default_rng(0).normal(0, 0.05, unit.shape)
    for low in (-1, -0.5):
        picture = unit + low + noise
        assert low - 0.3 < exposure.black(picture, exposure.noise(picture)) < low
    dark = noise.copy()
    dark[:10, :10], dark[64, 64] = -20, -1e5  # fewer than 1 in 100
    assert exposure.black(dark, exposure.noise(dark)) == 0 == exposure.black(unit, 0)
    assert abs(exposure.noise(dark) - 0.05) < 0.003


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1, 3), (7, 9)])
def test_in_pictures_too_small_for_it_noise_is_not_measured(shape):
    picture = np.random.default_rng(0).normal(-5, 0.1, shape)
    assert highlights.guard(picture, 1.0) == highlights.Guard()
