"""The steps of a camera as pictures end where the camera ends."""

from itertools import pairwise

import pytest
import torch

from denoiser.noise.camera.pipeline import BORDER, Shrink, render
from denoiser.noise.camera.settings import Settings, draw
from denoiser.noise.camera.steps import steps

SIDE = 80
NAMES = [
    *("clean", "light", "mosaic", "noisy mosaic", "bilinear", "malvar"),
    *("developed", "denoised", "sharpened", "resized", "saved"),
]
EVERY = Settings(guided=1, sharpened=1, saved=1, malvar=0.5)


@pytest.fixture
def clean():
    ramp = torch.linspace(0.1, 0.8, SIDE)
    planes = [ramp.expand(SIDE, SIDE), ramp[:, None].expand(SIDE, SIDE), ramp.flip(0).expand(SIDE, SIDE)]
    return torch.stack(planes).expand(4, 3, SIDE, SIDE)


@pytest.fixture
def camera():
    return draw(4, EVERY, torch.Generator().manual_seed(1))


@pytest.fixture
def draws():
    return torch.randn(4, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(2))


@pytest.fixture(params=[None, 1.4], ids=["whole", "shrunk"])
def shrink(request):
    return request.param and Shrink((40, 36), torch.full((4,), request.param))


def test_the_last_step_is_the_pair_that_the_camera_makes(clean, camera, draws, shrink):
    noisy, target = render(clean, camera, draws, shrink=shrink)
    # Sums in another order may round one value before the JPEG differently, which changes a block a little.
    assert (steps(clean, camera, draws, shrink)["saved"] - noisy).abs().mean() < 0.05 / 255
    without = steps(clean, camera, torch.zeros_like(draws), shrink)["resized"]
    torch.testing.assert_close(without, target, atol=1e-4, rtol=0)
    assert (noisy - target).abs().max() > 0.02


def test_each_step_changes_the_picture_and_keeps_its_size(clean, camera, draws):
    pictures = steps(clean, camera, draws)
    assert list(pictures) == NAMES
    for before, after in pairwise(pictures):
        assert pictures[after].shape == (4, 3, SIDE - 2 * BORDER, SIDE - 2 * BORDER)
        changed = (pictures[before] - pictures[after]).abs().amax((1, 2, 3))
        assert (changed > 0).all() == (after != "resized")


def test_each_site_of_the_mosaic_has_one_colour(clean, camera, draws):
    pictures = steps(clean, camera, draws)
    for name in ("mosaic", "noisy mosaic"):
        assert ((pictures[name] != 0).sum(1) <= 1).all()
    seen = pictures["mosaic"] != 0
    torch.testing.assert_close(pictures["mosaic"][seen], pictures["light"][seen])


def test_grey_pictures_are_refused(camera, draws):
    with pytest.raises(ValueError, match="allowed is"):
        steps(torch.zeros(4, 1, SIDE, SIDE), camera, draws)
