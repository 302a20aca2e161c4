"""What is written of a model's output: strength, luma, clamping and rounding, in any type."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from denoiser.inference import pixels
from denoiser.inference.blend import fill
from denoiser.metrics.luma import LUMA

TYPES = {np.uint8: 255, np.uint16: 65535, np.float32: 1.0, np.float64: 4.0}


def a_pair(kind, white, shape, seed=0):
    """A picture, and an output that leaves [0, 1]."""
    rng = np.random.default_rng(seed)
    before = rng.random(shape) * white
    denoised = rng.uniform(-0.2, 1.2, (shape[2] if len(shape) == 3 else 1, *shape[:2])).astype(np.float32)
    return (np.rint(before) if np.dtype(kind).kind == "u" else before).astype(kind), denoised


def filled(before, denoised, white, luma=1.0, chroma=1.0):
    out = np.empty_like(before)
    fill(out, before, denoised, white, luma, chroma)
    return out


def fitting(luma, offset, white):
    """The largest part of the offset, up to all, with which no channel leaves black to white."""
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(offset > 0, (white - luma) / offset, np.where(offset < 0, -luma / offset, 1))
    return np.minimum(each.min(axis=2, keepdims=True), 1)


@pytest.mark.parametrize(("kind", "white"), TYPES.items())
@settings(max_examples=20, deadline=None)
@given(
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    channels=st.sampled_from([1, 3]),
    luma=st.sampled_from([0.0, 0.25, 0.7, 1.0]),
    chroma=st.sampled_from([0.0, 0.7, 1.0]),
    seed=st.integers(0, 99),
)
def test_it_is_what_float64_says(kind, white, height, width, channels, luma, chroma, seed):
    before, denoised = a_pair(kind, white, (height, width) if channels == 1 else (height, width, 3), seed)
    change = denoised.astype(np.float64).transpose(1, 2, 0).reshape(before.shape) * white - before
    if channels == 1:
        exact = before + luma * change
    else:
        grey = (change @ np.array(LUMA))[..., None]
        exact = before + luma * grey + chroma * (change - grey)
        if luma != chroma and np.dtype(kind).kind == "u":
            kept = (exact @ np.array(LUMA))[..., None]
            offset, kept = exact - kept, kept.clip(0, white)
            exact = kept + offset * fitting(kept, offset, white)
    out = filled(before, denoised, white, luma, chroma)
    assert out.dtype == kind and out.shape == before.shape
    if np.dtype(kind).kind == "u":
        # Half a step, plus 1e-6 of white: float32 holds 24 bits, and BLAS adds up a luma in an order of its own.
        assert np.abs(out - np.clip(exact, 0, white)).max() <= 0.5 + 1e-6 * white
    else:
        assert np.allclose(out, exact, atol=1e-6 * white)


@pytest.mark.parametrize(("kind", "white"), TYPES.items())
def test_strength_0_is_the_input_bit_by_bit(kind, white):
    before, denoised = a_pair(kind, white, (7, 5, 3))
    assert np.array_equal(filled(before, denoised, white, 0, 0), before)


def test_halves_are_rounded_to_even_and_integers_stay_between_black_and_white():
    values = np.array([[0.5, 1.5, 2.5, -3.0, 254.5, 999.0]], np.float32)
    assert filled(np.zeros((1, 6), np.uint8), values[None] / 255, 255).tolist() == [[0, 2, 2, 0, 254, 255]]
    assert filled(np.zeros((1, 6), np.float32), values[None], 1.0).tolist() == values.tolist()


@pytest.mark.parametrize(("kind", "white"), [(np.uint8, 255), (np.uint16, 65535)])
@pytest.mark.parametrize("chroma", [0.5, 1.0])
def test_chroma_alone_keeps_the_luma_where_colours_would_clip(kind, white, chroma):
    before, denoised = a_pair(kind, white, (40, 30, 3))
    before[:2], before[2:4] = 0, white
    free = filled(before.astype(np.float64), denoised, white, 0, chroma)
    assert ((free < 0) | (free > white)).any(axis=2).mean() > 0.2
    out = filled(before, denoised, white, 0, chroma)
    assert np.abs((out.astype(float) - before) @ LUMA).max() <= 0.52
    assert np.array_equal(out[:4], before[:4])  # black and white have no room for colour


def test_chroma_alone_keeps_the_luma_to_a_rounding():
    rng = np.random.default_rng(0)
    before = rng.integers(90, 160, (40, 30, 3), dtype=np.uint8)
    denoised = np.broadcast_to(np.array([0.6, 0.5, 0.4], np.float32)[:, None, None], (3, 40, 30))
    out = filled(before, denoised, 255, luma=0)
    assert np.abs((out.astype(float) - before) @ LUMA).max() <= 0.5
    assert np.abs(np.ptp(out.astype(int) - out[..., :1], axis=(0, 1))).max() <= 1  # one colour everywhere


def test_a_channel_without_chroma_is_no_overflow():
    steps = np.linspace(0, 0.5, 1000, dtype=np.float32)
    change = np.stack([LUMA[2] * steps, 0 * steps, -LUMA[0] * steps])  # of red and blue, and none of luma
    before = np.full((1, 1000, 3), 255, np.uint8)
    assert (filled(before, (1 + change)[:, None], 255, luma=0) == 255).all()


def test_luma_alone_keeps_the_differences_of_the_channels():
    before, denoised = a_pair(np.float32, 1.0, (40, 30, 3))
    out = filled(before, denoised, 1.0, chroma=0)
    assert np.abs(np.diff(out - before, axis=2)).max() < 1e-6
    assert np.allclose(out @ LUMA, denoised.transpose(1, 2, 0) @ LUMA, atol=1e-6)


def test_bands_are_the_whole(monkeypatch):
    before, denoised = a_pair(np.uint8, 255, (23, 7, 3))
    whole = filled(before, denoised, 255, 0, 0.3)
    monkeypatch.setattr(pixels, "STRIP", 15)  # two rows
    assert np.array_equal(filled(before, denoised, 255, 0, 0.3), whole)


@pytest.mark.parametrize("chroma", [1.0, 0.5])
def test_what_is_above_white_in_the_input_is_not_clipped(chroma):
    before = np.full((2, 2, 3), 4000, np.uint16)
    before[0, 0] = 65535, 60000, 50000
    after = np.empty_like(before)
    rows = np.moveaxis(before / np.float32(4095), 2, 0).copy()
    rows[:, 1, 1] = 2
    fill(after, before, rows, 4095.0, 1.0, chroma)
    assert np.array_equal(after[0], before[0]) and (after[1, 1] == 4095).all()
