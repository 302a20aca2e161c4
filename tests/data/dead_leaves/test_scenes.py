import pytest
import torch

from denoiser.data.dead_leaves import scenes
from denoiser.data.dead_leaves.scenes import dead_leaves


@pytest.fixture(scope="module")
def grey():
    return dead_leaves(12, 96, 1, seed=3)


@pytest.fixture(scope="module")
def colour():
    return dead_leaves(12, 96, 3, seed=3)


@pytest.mark.parametrize("channels", [1, 3])
def test_format(channels, grey, colour):
    pictures = {1: grey, 3: colour}[channels]
    assert pictures.dtype == torch.uint8
    assert pictures.shape == (12, channels, 96, 96)
    assert pictures.min() < 40 and pictures.max() > 215


@pytest.mark.parametrize("size", [8, 33])
def test_any_size_from_8_on(size):
    assert dead_leaves(2, size, 3, seed=0).shape == (2, 3, size, size)


def test_a_picture_depends_on_seed_and_index_alone(grey):
    assert torch.equal(dead_leaves(3, 96, 1, seed=3), grey[:3])
    assert not torch.equal(dead_leaves(1, 96, 1, seed=4)[0], grey[0])
    assert not torch.equal(grey[0], grey[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [({"channels": 2}, "channels is 2"), ({"n": 0}, "n 0"), ({"size": 7}, "size 7"), ({"seed": -1}, "seed -1")],
)
def test_refuses_what_cannot_be_drawn(change, message):
    with pytest.raises(ValueError, match=message):
        dead_leaves(**{"n": 1, "size": 64, "channels": 1, "seed": 0, **change})


def test_spectrum_falls_like_that_of_photographs(grey):
    """Power falls as f^-2 to f^-3 in photographs (Field 1987): 2 to 3 octaves of power per octave."""
    luminance = grey[:, 0].double()
    window = torch.hann_window(96, dtype=torch.float64)
    power = torch.fft.fft2((luminance - luminance.mean((1, 2), keepdim=True)) * window * window[:, None]).abs().square()
    f = torch.fft.fftfreq(96, dtype=torch.float64)
    radius = (f.square() + f[:, None].square()).sqrt() * 96
    levels = [power.mean(0)[(radius > 0.8 * r) & (radius < 1.25 * r)].mean().log2() for r in (4, 32)]
    assert 1.8 < (levels[0] - levels[1]) / 3 < 3.2


def test_gradients_are_sparse_like_those_of_photographs(grey):
    """A photograph has mostly small steps and a few large ones: kurtosis far above the Gaussian's 3."""
    step = grey.double().diff(dim=3)
    assert (step**4).mean() / (step**2).mean() ** 2 > 8


def test_colour_is_mostly_grey(colour):
    pixels = colour.double().permute(1, 0, 2, 3).reshape(3, -1)
    red_green, red_blue, green_blue = torch.corrcoef(pixels)[[0, 0, 1], [1, 2, 2]]
    assert min(red_green, red_blue, green_blue) > 0.7
    assert 5 < (pixels.amax(0) - pixels.amin(0)).median() < 60


def test_the_tone_curve_compresses_before_it_clips(grey):
    """A straight line would clip 17 % of these pixels."""
    ends = (grey == 0) | (grey == 255)
    assert 0 < ends.double().mean() < 0.05


def detail(pictures):
    return pictures.double().diff(dim=-1).square().mean((1, 2, 3))


def test_a_quarter_of_the_pictures_is_out_of_focus_where_the_scene_is_far(monkeypatch):
    pictures = dead_leaves(60, 24, 1, seed=1)
    monkeypatch.setattr(scenes, "DEFOCUSED", 0)
    sharp = dead_leaves(60, 24, 1, seed=1)
    blurred = (pictures != sharp).flatten(1).any(1)
    assert 0.1 < blurred.double().mean() < 0.4
    assert (detail(pictures)[blurred] < detail(sharp)[blurred]).all()
    monkeypatch.setattr(scenes, "DEFOCUSED", 1)
    monkeypatch.setattr(scenes, "DEFOCUS", (3.0, 3.0))
    changed = (dead_leaves(60, 24, 1, seed=1) != sharp).flatten(1).double().mean(1)
    assert 0.4 < changed.median() < 0.75
