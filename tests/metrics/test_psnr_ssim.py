import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import nn

from denoiser.metrics import psnr_ssim
from denoiser.metrics.psnr_ssim import ImageMean, psnr, psnr_y, ssim
from denoiser.noise.base import to_8_bit

SHAPES = [(3, 1, 32, 32), (2, 3, 41, 27), (5, 1, 11, 11), (2, 3, 11, 64), (1, 3, 61, 75)]


def pair(shape, seed, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand((*shape[:2], 4, 4), generator=generator)
    clean = nn.functional.interpolate(coarse, shape[-2:], mode="bilinear")
    return (clean + torch.randn(shape, generator=generator) * 25 / 255).to(dtype), clean.to(dtype)


def reference_ssim(image, clean):
    options = {"gaussian_weights": True, "use_sample_covariance": False, "data_range": 1, "channel_axis": 0}
    return [
        structural_similarity(x.double().numpy(), y.double().numpy(), **options)
        for x, y in zip(image, clean, strict=True)
    ]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("shape", SHAPES)
def test_scores_are_those_of_scikit_image(shape, seed, dtype):
    image, clean = pair(shape, seed, dtype)
    expected = [
        peak_signal_noise_ratio(y.double().numpy(), x.double().numpy(), data_range=1)
        for x, y in zip(image, clean, strict=True)
    ]
    assert psnr(image, clean).dtype == ssim(image, clean).dtype == torch.float64
    np.testing.assert_allclose(psnr(image, clean), expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(ssim(image, clean), reference_ssim(image, clean), rtol=0, atol=1e-9)


def test_flat_bright_images_do_not_lose_digits():
    clean = torch.full((1, 1, 32, 32), 0.98)
    image = clean + torch.randn(clean.shape, generator=torch.Generator().manual_seed(0)) / 255
    np.testing.assert_allclose(ssim(image, clean), reference_ssim(image, clean), rtol=0, atol=1e-9)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    channels=st.sampled_from([1, 3]),
    size=st.tuples(st.integers(11, 37), st.integers(11, 37)),
    seed=st.integers(0, 2**31),
    low=st.floats(-0.5, 1),
    span=st.sampled_from([0.0, 1e-3, 0.3, 1.0, 2.0]),
    sigma=st.sampled_from([1e-3, 0.5, 25, 300]),
    dtype=st.sampled_from([torch.float32, torch.bfloat16, torch.float16, torch.float64]),
)
@example(channels=1, size=(11, 11), seed=0, low=1, span=0.0, sigma=25, dtype=torch.bfloat16)
@example(channels=3, size=(12, 37), seed=0, low=0, span=0.0, sigma=1e-3, dtype=torch.float32)
def test_any_image_scores_as_in_scikit_image(channels, size, seed, low, span, sigma, dtype):
    generator = torch.Generator().manual_seed(seed)
    clean = low + span * torch.rand((1, channels, *size), generator=generator)
    image = (clean + torch.randn(clean.shape, generator=generator) * sigma / 255).to(dtype)
    expected = peak_signal_noise_ratio(clean[0].double().numpy(), image[0].double().numpy(), data_range=1)
    # Where the types hold the noise too coarsely the two are identical.
    assert psnr(image, clean).item() == pytest.approx(expected, abs=1e-5)
    np.testing.assert_allclose(ssim(image, clean), reference_ssim(image, clean), rtol=0, atol=1e-5)
    if channels == 3:
        assert psnr_y(image, clean).item() == pytest.approx(reference_psnr_y(image, clean), abs=1e-5)


def reference_psnr_y(image, clean):
    """From scikit-image's luma, whose full conversion this is."""
    x, y = (rgb2ycbcr(picture[0].double().numpy(), channel_axis=0)[0] for picture in (image, clean))
    return 20 * math.log10(255 / math.sqrt(np.mean((x - y) ** 2)))


@settings(deadline=None, max_examples=20, derandomize=True)
@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from([1, 3]))
@example(0.0, 1.0, 1)
@example(0.5, 0.5, 3)
def test_flat_images_score_as_worked_out(first, second, channels):
    image, clean = (torch.full((1, channels, 12, 15), value, dtype=torch.float64) for value in (first, second))
    gap = abs(first - second)
    score = psnr(image, clean).item()
    assert score == math.inf if gap**2 == 0 else score == pytest.approx(-20 * math.log10(gap), abs=1e-6)
    luminance = (2 * first * second + 1e-4) / (first**2 + second**2 + 1e-4)
    assert ssim(image, clean).item() == pytest.approx(luminance, abs=1e-9)


def test_luma_is_in_studio_range():
    clean = torch.rand((4, 3, 16, 20), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    # One grey level more in all channels is 219/255 of one in luma, and the peak stays 255.
    grey = psnr_y(clean + 1 / 255, clean)
    np.testing.assert_allclose(grey, [20 * math.log10(255 * 255 / 219)] * 4, rtol=0, atol=1e-9)
    np.testing.assert_allclose(grey - psnr(clean + 1 / 255, clean), [20 * math.log10(255 / 219)] * 4, atol=1e-9)
    green = clean + torch.tensor([0, 10 / 255, 0]).view(3, 1, 1)
    assert psnr_y(green, clean)[0].item() == pytest.approx(20 * math.log10(255 / (10 * 128.553 / 255)), abs=1e-4)
    assert psnr_y(clean, clean).tolist() == [math.inf] * 4


@pytest.mark.parametrize("channels", [1, 4])
def test_luma_needs_colour(channels):
    with pytest.raises(ValueError, match=f"3 channels, the image has {channels}"):
        psnr_y(torch.rand(1, channels, 12, 12), torch.rand(1, channels, 12, 12))


@pytest.mark.parametrize("score", [psnr, ssim])
def test_a_batch_scores_as_its_images_alone(score):
    image, clean = pair((40, 3, 24, 31), 0)
    alone = torch.cat([score(x[None], y[None]) for x, y in zip(image, clean, strict=True)])
    torch.testing.assert_close(score(image, clean), alone, rtol=0, atol=1e-12)


@pytest.mark.parametrize("score", [psnr, ssim])
def test_memory_format_changes_nothing(score):
    image, clean = pair((2, 3, 40, 30), 0)
    strided = image.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(score(strided, clean), score(image, clean), rtol=0, atol=1e-12)


def test_identical_images():
    clean = pair((2, 3, 20, 20), 0)[1]
    assert psnr(clean, clean).tolist() == [torch.inf] * 2
    torch.testing.assert_close(ssim(clean, clean), torch.ones(2, dtype=torch.float64), rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [(10, 32), (32, 10), (4, 4)])
def test_ssim_refuses_images_smaller_than_its_window(size):
    with pytest.raises(ValueError, match=f"11x11.*{size[0]}x{size[1]}"):
        ssim(*pair((1, 1, *size), 0))


@pytest.mark.parametrize("score", [psnr, ssim])
@pytest.mark.parametrize("shapes", [((2, 3, 16, 16), (1, 3, 16, 16)), ((2, 3, 16, 16), (2, 1, 16, 16))])
def test_shapes_must_agree(score, shapes):
    with pytest.raises(ValueError, match="one shape"):
        score(*map(torch.rand, shapes))


@pytest.mark.parametrize("score", [psnr, ssim])
def test_a_single_image_needs_a_batch_axis(score):
    with pytest.raises(ValueError, match=r"\(B, C, H, W\)"):
        score(torch.rand(3, 16, 16), torch.rand(3, 16, 16))


def test_8_bits_are_what_an_8_bit_file_keeps():
    image = torch.tensor([-0.2, 0.0, 0.4 / 255, 0.6 / 255, 0.5, 1.0, 1.2])
    np.testing.assert_array_equal(to_8_bit(image) * 255, [0, 0, 0, 1, 128, 255, 255])


def test_8_bits_keep_the_grey_levels_of_bfloat16_input():
    image = torch.linspace(0, 1, 100, dtype=torch.bfloat16)
    torch.testing.assert_close(to_8_bit(image), to_8_bit(image.float()), rtol=0, atol=0)


@pytest.mark.parametrize(("name", "score"), [("psnr", psnr), ("ssim", ssim)])
@pytest.mark.parametrize("size", [1, 4, 13])
def test_mean_over_images_whatever_the_batches_and_the_order(name, score, size):
    image, clean = pair((13, 1, 16, 16), 0)
    mean = ImageMean(name)
    for batch in torch.randperm(13, generator=torch.Generator().manual_seed(size)).split(size):
        mean.update(image[batch], clean[batch])
    assert mean.compute().dtype == torch.float64
    torch.testing.assert_close(mean.compute(), score(image, clean).mean(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("device", "side", "parts"), [("cpu", 16, [32, 32, 6]), ("cpu", 128, [1] * 70), ("meta", 16, [70])]
)
def test_ssim_takes_as_many_images_at_once_as_a_cache_or_a_gpu_holds(device, side, parts, monkeypatch):
    taken, whole = [], psnr_ssim.similarity_maps
    monkeypatch.setattr(psnr_ssim, "similarity_maps", lambda x, y: taken.append(len(x)) or whole(x, y))
    images = torch.rand(70, 1, side, side, device=device)
    assert ssim(images, images).shape == (70,) and taken == parts


def test_no_images_have_no_scores():
    for score in (psnr, psnr_y, ssim):
        assert score(torch.zeros(0, 3, 16, 16), torch.zeros(0, 3, 16, 16)).shape == (0,)


def test_scores_are_computed_on_the_device_of_the_images():
    images = torch.rand(2, 3, 16, 16, device="meta")
    assert {score(images, images).device.type for score in (psnr, psnr_y, ssim)} == {"meta"}


def test_a_mean_moves_to_a_device_and_stays_in_float64():
    mean = ImageMean("psnr").to("meta", torch.bfloat16)
    assert (mean.total.device.type, mean.total.dtype) == ("meta", torch.float64)


def test_infinite_scores_of_all_batches_are_counted():
    mean, clean = ImageMean("psnr"), torch.rand(2, 1, 16, 16)
    for _ in range(3):
        mean.update(torch.stack([clean[0], clean[1] / 2]), clean)
    assert mean.infinite == 3 and mean.finite == 3


def test_infinite_scores_are_counted_and_left_out():
    image, clean = pair((3, 1, 16, 16), 0)
    image[1] = clean[1]
    mean = ImageMean("psnr")
    mean.update(image, clean)
    assert mean.infinite == 1
    torch.testing.assert_close(mean.compute(), psnr(image[::2], clean[::2]).mean())
    mean.reset()
    mean.update(clean, clean)
    assert mean.compute() == torch.inf
    assert mean.infinite == 3


@pytest.mark.parametrize("value", [torch.inf, torch.nan])
def test_broken_images_show_in_the_mean(value):
    image, clean = pair((3, 1, 16, 16), 0)
    image[1, 0, 2, 2] = value
    mean = ImageMean("psnr")
    mean.update(image, clean)
    assert mean.infinite == 0
    assert not mean.compute().isfinite()


def test_states_add_up_across_processes():
    image, clean = pair((5, 1, 16, 16), 0)
    whole = ImageMean("ssim")
    whole.update(image, clean)
    parts = [copy.deepcopy(whole), copy.deepcopy(whole)]
    for part, chosen in zip(parts, (slice(0, 2), slice(2, 5)), strict=True):
        part.reset()
        part.update(image[chosen], clean[chosen])
    for state, reduction in parts[0]._reductions.items():
        setattr(parts[0], state, reduction(torch.stack([getattr(part, state) for part in parts])))
    parts[0]._computed = None
    torch.testing.assert_close(parts[0].compute(), whole.compute(), rtol=0, atol=1e-12)


def test_states_stay_float64_in_a_module_of_lower_precision():
    image, clean = pair((3, 1, 16, 16), 0)
    module = nn.ModuleDict({"psnr": ImageMean("psnr")}).to(torch.bfloat16)
    module["psnr"].update(image, clean)
    module.to(torch.float16)
    torch.testing.assert_close(module["psnr"].compute(), psnr(image, clean).mean(), rtol=0, atol=1e-12)


def test_unknown_score():
    with pytest.raises(ValueError, match=r"mse.*psnr, ssim"):
        ImageMean("mse")
