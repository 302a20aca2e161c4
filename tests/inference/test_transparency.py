"""Hidden pixels get the colours of visible ones, at any size and of any shape, and get their own back."""

import numpy as np
import pytest

from denoiser.inference import transparency


def disc(height, width, radius):
    rows, columns = np.ogrid[:height, :width]
    return np.hypot(rows - height / 2, columns - width / 2) < radius


def noise(*shape, kind=np.uint8):
    return np.random.default_rng(0).integers(1, 255, shape).astype(kind)


@pytest.fixture
def small_bands(monkeypatch):
    monkeypatch.setattr(transparency, "MARGIN", 4)
    monkeypatch.setattr(transparency, "BAND", 40)


@pytest.mark.parametrize("shape", [(40, 50), (40, 50, 3)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_it_depends_on_the_visible_pixels_alone(shape, kind):
    visible = disc(40, 50, 12)
    pixels, alpha = noise(*shape, kind=kind), visible.astype(kind)
    other = pixels.copy()
    other[~visible] = 0
    result = transparency.filled(pixels, alpha)
    assert np.array_equal(result, transparency.filled(other, alpha)) and result.dtype == kind
    assert np.array_equal(result[visible], pixels[visible]) and (result > 0).all()


def test_beyond_a_straight_border_is_the_mirror_image():
    pixels, alpha = noise(30, 40, 3), np.ones((30, 40))
    alpha[:, 25:] = 0
    result = transparency.filled(pixels, alpha)
    assert np.array_equal(result[:, 25:], pixels[:, 9:24][:, ::-1])


def test_a_strip_that_is_narrower_than_what_is_hidden_is_mirrored_again():
    pixels, alpha = noise(30, 40), np.zeros((30, 40))
    alpha[:, 20:26] = 1
    result = transparency.filled(pixels, alpha)
    assert np.array_equal(result[:, 26:31], pixels[:, 20:25][:, ::-1]) and result.std() > 60
    assert np.isin(result[3], pixels[3, 20:26]).all()


@pytest.mark.parametrize("visible", [disc(90, 9, 3), disc(90, 9, 30), ~disc(90, 9, 40)])
def test_rows_far_from_all_that_is_visible_are_filled_too(visible, small_bands):
    pixels = noise(90, 9, 3)
    result = transparency.filled(pixels, visible * 1.0)
    wholes = {tuple(colour) for colour in pixels[visible]}
    assert {tuple(colour) for colour in result.reshape(-1, 3)} <= wholes
    assert np.array_equal(result[visible], pixels[visible])
    assert (result.std(axis=(0, 1)) > 40).all()  # the noise goes on


def test_bands_make_no_difference_near_the_border(small_bands):
    pixels, alpha = noise(60, 30), np.ones((60, 30))
    alpha[:, 20:] = 0
    assert np.array_equal(transparency.filled(pixels, alpha)[:, 20:], pixels[:, 9:19][:, ::-1])


@pytest.mark.parametrize("alpha", [0, 1, 255])
def test_nothing_is_to_do_where_all_or_nothing_is_visible(alpha):
    assert transparency.filled(noise(5, 6), np.full((5, 6), alpha, np.uint8)) is None


def test_the_hidden_pixels_come_back(small_bands):
    before, visible = noise(40, 50, 3), disc(40, 50, 12)
    after = np.zeros_like(before)
    transparency.restore(after, before, visible.astype(np.uint8))
    assert np.array_equal(after[~visible], before[~visible]) and not after[visible].any()
