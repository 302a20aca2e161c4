"""The noise level of pictures of any depth and size."""

import tracemalloc

import numpy as np
import pytest
import torch
from skimage.restoration import estimate_sigma as reference_estimate

from denoiser.noise.estimate import estimate_sigma, noise_level


def noisy(shape, sigma, kind=np.uint8, white=255, seed=0):
    rows = np.linspace(60, 200, shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    values = (rows + np.random.default_rng(seed).normal(0, sigma, shape)) * white / 255
    return (np.rint(np.clip(values, 0, white)) if np.dtype(kind).kind == "u" else values).astype(kind)


@pytest.mark.parametrize(("kind", "white"), [(np.uint8, 255), (np.uint16, 65535), (np.float32, 1.0), (np.float64, 8.0)])
@pytest.mark.parametrize("shape", [(150, 131), (140, 120, 3)])
@pytest.mark.parametrize("sigma", [5, 40])
def test_noise_that_was_added_is_found(kind, white, shape, sigma):
    assert noise_level(noisy(shape, sigma, kind, white), white) == pytest.approx(sigma, rel=0.08)


@pytest.mark.parametrize("shape", [(5, 9), (90, 75, 3), (700, 600)])
def test_a_picture_of_up_to_1024_by_1024_pixels_counts_whole(shape):
    pixels = noisy(shape, np.linspace(5, 40, shape[1]).reshape(1, -1, *[1] * (len(shape) - 2)))  # noisier to the right
    whole = torch.from_numpy(np.atleast_3d(pixels) / np.float32(255)).permute(2, 0, 1)
    assert noise_level(pixels, 255) == pytest.approx(estimate_sigma(whole), rel=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 3, 3), (4, 700), (5, 5, 3)])
def test_the_smallest_pictures_have_a_level(shape):
    assert noise_level(np.full(shape, 70, np.uint8), 255) < 1e-9
    assert 0 <= noise_level(noisy(shape, 25), 255) < 80


@pytest.mark.parametrize("shape", [(1500, 1200), (300, 5000), (5000, 300)])
def test_a_large_picture_is_looked_at_everywhere(shape):
    pixels = noisy(shape, 20)
    assert noise_level(pixels, 255) == pytest.approx(20, rel=0.05)
    height, width = shape
    pixels[: height // 2, : width // 4] = 255  # clipped: no noise is left there
    assert noise_level(pixels, 255) == pytest.approx(20, rel=0.1)


def test_memory_does_not_grow_with_the_picture():
    pixels = np.broadcast_to(noisy((1, 20_000), 20), (20_000, 20_000))  # of one row's memory
    tracemalloc.start()
    assert noise_level(pixels, 255) >= 0
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sigma", [5, 25, 50])
def test_the_noise_level_is_estimated(channels, sigma):
    ramp = torch.linspace(0, 1, 256).expand(channels, 256, 256)
    picture = ramp + torch.randn(ramp.shape, generator=torch.Generator().manual_seed(0)) * sigma / 255
    assert estimate_sigma(picture) == pytest.approx(sigma, rel=0.03)
    reference = 255 * reference_estimate(picture.double().numpy(), average_sigmas=True, channel_axis=0)
    assert estimate_sigma(picture) == pytest.approx(reference, rel=1e-9)


def test_a_picture_without_noise():
    assert estimate_sigma(torch.zeros(3, 16, 16)) == 0
    assert estimate_sigma(torch.full((1, 16, 16), 0.7)) == pytest.approx(0, abs=1e-6)
