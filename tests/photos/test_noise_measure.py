"""The noise of photos, measured from the photos alone."""

import numpy as np
import pytest
import torch
from PIL import Image

import denoiser
from denoiser.data.dead_leaves.scenes import dead_leaves
from denoiser.inference import blocks
from denoiser.noise.camera import settings
from denoiser.noise.camera.pipeline import render
from denoiser.photos import noise_measure
from denoiser.photos.noise_measure import MeasuredNoise


@pytest.fixture(scope="module")
def network():
    return denoiser.load("camera")


@pytest.fixture(scope="module")
def grey():
    return denoiser.load("grey")


@pytest.fixture(scope="module")
def scenes():
    """Four drawn pictures `(4, 3, 240, 240)` in [0, 1]."""
    return dead_leaves(4, 240, 3, 0).float() / 255


def levels(picture):
    return (picture.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()


def measured(network, pixels, white=255.0):
    return noise_measure.measure(pixels, white, network.function(None, "32", 1 if pixels.ndim == 2 else 3))


@pytest.mark.parametrize("sigma", [5, 15, 40])
def test_white_noise_is_white_and_of_its_deviation(network, grey, scenes, sigma):
    g = torch.Generator().manual_seed(0)
    for clean in scenes[:1]:
        noisy = levels(clean + sigma / 255 * torch.randn(clean.shape, generator=g))
        deviation = (noisy - levels(clean).astype(float)).std((0, 1))
        noise = measured(network, noisy)
        assert noise.is_white and noise.deviation == pytest.approx(deviation, rel=0.3)
        assert not noise.is_of_camera
        one = noisy[..., 1].copy()
        assert measured(network, one).is_white  # but it is picture for the network, which leaves it
        assert measured(grey, one).deviation == pytest.approx(deviation[1:2], rel=0.3)


def test_the_noise_of_a_camera_is_correlated(network, scenes):
    g = torch.Generator().manual_seed(1)
    fixed = settings.Settings(luma_range=(0.7, 0.7), exposed=0, sharpened=0, guided=0)
    noisy, clean = render(
        scenes, settings.draw(4, fixed, g, torch.full((4,), 0.003)), torch.randn(4, 1, 240, 240, generator=g)
    )
    for n, c in zip(noisy, clean, strict=True):
        noise, truth = measured(network, levels(n)), ((n - c) * 255).flatten(1).std(1)
        assert not noise.is_white and 1 < noise.correlation_length < 3.5
        assert noise.deviation == pytest.approx(truth.tolist(), rel=0.4)


def test_the_noise_of_real_photos(network, real_data):
    folder, near = real_data / "polyu-dev", []
    if not folder.exists():
        pytest.skip(f"no real pairs ({folder})")
    for path in sorted((folder / "noisy").iterdir())[2::18]:
        noisy, clean = (np.array(Image.open(folder / kind / path.name)) for kind in ("noisy", "clean"))
        noise, truth = measured(network, noisy), (noisy - clean.astype(float)).std((0, 1))
        assert not noise.is_white
        near += [abs(a / b - 1) < 0.25 for a, b in zip(noise.deviation, truth, strict=True)]
    assert np.mean(near) > 0.7  # 0.92 over all 53


def test_photos_without_noise_are_for_the_network_that_leaves_them_alone(network, scenes):
    for clean in scenes:
        assert measured(network, levels(clean)).is_of_camera


def test_no_noise(network):
    assert (
        str(measured(network, np.full((40, 40, 3), 128, np.uint8))) == "measured noise: below 0.3 in grey levels of 255"
    )
    assert (
        str(measured(network, np.zeros((7, 5), np.uint16), 65535.0))
        == "measured noise: below 0.3 in grey levels of 255"
    )


def test_the_depth_of_a_photo_does_not_matter(network, scenes):
    g = torch.Generator().manual_seed(0)
    noisy = levels(scenes[0] + 0.05 * torch.randn(scenes[0].shape, generator=g))
    deep = measured(network, noisy.astype(np.uint16) * 257, 65535.0)
    assert deep.deviation == pytest.approx(measured(network, noisy).deviation, rel=1e-3)
    floats = measured(network, noisy.astype(np.float32) / 51, 5.0)
    assert floats.deviation == pytest.approx(deep.deviation, rel=1e-3)


def test_blocks_stand_for_a_large_photo():
    sizes = []

    def network(block):
        sizes.append(tuple(block.shape))
        return block * 0

    side = blocks.BLOCK * blocks.BLOCKS_PER_SIDE
    pixels = np.random.default_rng(0).integers(0, 256, (side + 100, side + 1, 3), np.uint8)
    noise_measure.measure(pixels, 255.0, network)
    assert sizes == [(1, 3, blocks.BLOCK, blocks.BLOCK)] * blocks.BLOCKS_PER_SIDE**2
    sizes.clear()
    noise_measure.measure(pixels[:50], 255.0, network)
    assert sizes == [(1, 3, 50, blocks.BLOCK)] * blocks.BLOCKS_PER_SIDE


def test_what_was_removed():
    before = np.full((900, 900, 3), 100, np.uint8)
    assert noise_measure.removed(before, before - 3, 255.0) == pytest.approx(3)
    assert noise_measure.removed(before[..., 0], before[..., 0], 255.0) == 0


def test_the_noise_in_words():
    assert str(MeasuredNoise((2.04,), 0.6, True)) == "measured noise: deviation 2.0 in grey levels of 255, white"
