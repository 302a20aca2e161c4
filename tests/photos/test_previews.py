"""Previews of photos of any depth and size."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from denoiser.data.images.formats.photo import Details, Photo
from denoiser.inference import pixels as arrays_of_pixels
from denoiser.photos import previews
from denoiser.photos.previews import (
    BLOCK,
    SIDE,
    beside,
    block,
    difference,
    difference_block,
    factor,
    gain,
    most_changed,
    preview,
)

WHITES = {np.uint8: 255, np.uint16: 65535, np.float32: 1.0, np.float64: 6.0}


def photo(shape, kind=np.uint8, seed=0):
    values = np.random.default_rng(seed).random(shape) * WHITES[kind]
    return Photo(values.astype(kind), WHITES[kind], Details("PNG"))


@pytest.mark.parametrize("kind", WHITES)
@pytest.mark.parametrize("shape", [(9, 7), (5, 11, 3), (1, 1, 3), (1, 4)])
def test_a_small_picture_is_itself_in_8_bits(kind, shape):
    picture = photo(shape, kind)
    exact = np.rint(picture.pixels / picture.white * 255)
    assert np.abs(np.asarray(preview(picture)) - exact).max() <= (0 if kind is np.uint8 else 1)
    assert np.array_equal(np.asarray(block(picture, 0, 0, 1)), np.asarray(preview(picture))[:1, :1])


def test_what_is_beyond_black_and_white_is_shown_as_them():
    pixels = np.array([[-3.0, 0.5, 9.0]], np.float32)
    assert np.asarray(preview(Photo(pixels, 1.0, Details("TIFF")))).tolist() == [[0, 128, 255]]


@settings(max_examples=25, deadline=None)
@given(height=st.integers(1, 60), width=st.integers(1, 60), channels=st.sampled_from([1, 3]), side=st.integers(4, 20))
def test_a_large_one_is_reduced_to_means(height, width, channels, side):
    picture = photo((height, width) if channels == 1 else (height, width, 3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(previews, "SIDE", side)
        patch.setattr(arrays_of_pixels, "STRIP", 100)
        by, small = factor(picture), preview(picture)
    assert max(small.size) <= side and small.size == (-(-width // by), -(-height // by))
    for i, j in np.ndindex(height // by, width // by):
        mean = picture.pixels[i * by :, j * by :][:by, :by].mean((0, 1))
        assert np.abs(np.asarray(small)[i, j] - mean).max() <= 0.51


@pytest.mark.parametrize("shape", [(700, 900), (3000, 2500, 3), (40, 30), (1, 1), (1, 5000), (2000, 3, 3)])
def test_the_block_holds_what_changed_and_lies_inside(shape):
    before = photo(shape)
    height, width = shape[:2]
    y, x = height * 2 // 3, width - 1
    pixels = before.pixels.copy()
    pixels[y, x] = 255 - pixels[y, x] // 2
    top, left, side = most_changed(before, before.with_pixels(pixels))
    assert 1 <= side <= BLOCK + factor(before) and top >= 0 <= left and top + side <= height and left + side <= width
    assert (top <= y < top + side and left <= x < left + side) or side < factor(before)
    assert side == min(BLOCK, height // 2, width // 2) or factor(before) > 1 or side == 1
    same = most_changed(before, before)
    assert same[0] + same[2] <= height and same[1] + same[2] <= width


def test_side_by_side():
    one, other = preview(photo((5, 4, 3))), preview(photo((5, 4, 3), seed=1))
    both = np.asarray(beside(one, other))
    assert np.array_equal(both[:, :4], one) and np.array_equal(both[:, -4:], other) and (both[:, 4:-4] == 255).all()


def test_memory_is_that_of_a_band():
    row = np.random.default_rng(0).integers(0, 65536, (1, 9000, 3), dtype=np.uint16)
    large = Photo(np.broadcast_to(row, (9000, 9000, 3)), 65535, Details("TIFF"))  # 81 megapixels of one row's memory
    tracemalloc.start()
    assert max(preview(large).size) <= SIDE
    most_changed(large, large)
    assert tracemalloc.get_traced_memory()[1] < 120_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("kind", WHITES)
@pytest.mark.parametrize(("grey_levels", "expected"), [(0, 32), (3, 32), (10, 8), (30, 4), (100, 1), (250, 1)])
def test_a_difference_is_amplified_as_far_as_it_fits_around_grey(kind, grey_levels, expected):
    before = Photo(np.zeros((20, 30, 3), kind), WHITES[kind], Details("PNG"))
    pixels = before.pixels.copy()
    pixels[:, 15:] += np.array(grey_levels / 255 * WHITES[kind]).astype(kind)
    after = before.with_pixels(pixels)
    assert gain(before, after, 0, 10, 20) == expected
    brighter, darker = (np.asarray(difference(*pair, expected)) for pair in ((before, after), (after, before)))
    assert (brighter[:, :15] == 128).all() and (darker[:, :15] == 128).all()
    assert np.abs(brighter[:, 15:] - min(127.5 + grey_levels * expected, 255)).max() <= 1
    assert np.abs(darker[:, 15:] - max(127.5 - grey_levels * expected, 0)).max() <= 1
    assert np.array_equal(difference_block(before, after, expected, 2, 12, 8), brighter[2:10, 12:20])


def test_a_few_outliers_do_not_set_the_amplification():
    before = Photo(np.zeros((50, 50), np.uint8), 255, Details("PNG"))
    pixels = np.full((50, 50), 3, np.uint8)
    pixels[0, :20] = 255
    assert gain(before, before.with_pixels(pixels), 0, 0, 50) == 32
