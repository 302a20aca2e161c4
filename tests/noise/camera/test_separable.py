"""The filters of a camera are those of SciPy and Pillow."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter, uniform_filter

from denoiser.noise.camera.separable import both, box, gaussian, resize, sharpen

INSIDE = (slice(12, -12), slice(12, -12))


@pytest.fixture
def pictures():
    return torch.rand(2, 3, 40, 48, generator=torch.Generator().manual_seed(0))


def each(function, pictures, amounts):
    planes = [[function(plane.numpy(), amount) for plane in picture] for picture, amount in zip(pictures, amounts)]  # noqa: B905
    return torch.from_numpy(np.array(planes))


def test_gaussian_blur(pictures):
    expected = each(lambda x, sigma: gaussian_filter(x, sigma, truncate=6), pictures, (0.7, 1.8))
    blurred = both(pictures, gaussian, torch.tensor([0.7, 1.8]))
    torch.testing.assert_close(blurred[..., *INSIDE], expected[..., *INSIDE], atol=1e-5, rtol=0)


def test_mean_over_a_window(pictures):
    expected = each(lambda x, radius: uniform_filter(x, 2 * radius + 1), pictures, (1, 3))
    means = both(pictures, box, torch.tensor([1.0, 3.0]))
    torch.testing.assert_close(means[..., *INSIDE], expected[..., *INSIDE], atol=1e-6, rtol=0)
    torch.testing.assert_close(means[0, :, 0, 0], pictures[0, :, :2, :2].mean((1, 2)))  # of what is there


def test_unsharp_mask(pictures):
    amounts, sigmas = torch.tensor([0.5, 1.2]), torch.tensor([1.0, 0.6])
    expected = each(
        lambda x, amount: x + amount[0] * (x - gaussian_filter(x, amount[1], truncate=6)),
        pictures,
        [(0.5, 1.0), (1.2, 0.6)],
    )
    sharpened = sharpen(pictures, amounts, sigmas)
    torch.testing.assert_close(sharpened[..., *INSIDE], expected[..., *INSIDE], atol=1e-5, rtol=0)


@pytest.mark.parametrize(("size", "factor"), [((20, 24), 2.0), ((40, 48), 1.0), ((25, 30), 1.6)])
def test_shrinking_is_pillow_s_bicubic(pictures, size, factor):
    small = resize(pictures, size, torch.full((2,), factor))
    planes = [[Image.fromarray(x.numpy()).resize(size[::-1], Image.Resampling.BICUBIC) for x in y] for y in pictures]
    torch.testing.assert_close(
        small, torch.from_numpy(np.array([[np.asarray(x) for x in y] for y in planes])), atol=1e-5, rtol=0
    )


def test_what_is_not_needed_is_cropped_around_the_middle(pictures):
    torch.testing.assert_close(resize(pictures, (30, 40), torch.ones(2)), pictures[:, :, 5:35, 4:44])
    for size in ((41, 48), (40, 49)):
        with pytest.raises(ValueError, match=f"the pictures are 40x48; allowed is at least {size[0]}x{size[1]}"):
            resize(pictures, size, torch.ones(2))
