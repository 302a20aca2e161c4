"""What is hidden under alpha 0 changes neither the model, nor what it makes of the visible pixels, and stays."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from denoiser.data.images.formats.photo import Details, Photo
from denoiser.photos import hidden
from denoiser.photos.model_choice import ModelChoice, Models
from denoiser.photos.options import Options

CPU = torch.device("cpu")


def pictures(kind=np.uint8):
    """A noisy disc on the picture that goes on behind it, on black, on white and on noise."""
    rows, columns = np.mgrid[:96, :96]
    clean = np.stack([90 + 0.8 * rows, 70 + columns, 160 - 0.5 * rows], axis=-1)
    noisy = np.clip(clean + np.random.default_rng(0).normal(0, 25, clean.shape), 0, 255)
    outside = np.hypot(rows - 48, columns - 48) > 36
    for behind in (noisy, 0, 255, np.random.default_rng(1).integers(0, 256, noisy.shape)):
        pixels = np.where(outside[..., None], behind, noisy).round().astype(np.uint8)
        alpha = np.where(outside, 0, 255).astype(np.uint8)
        scale = {np.uint8: 1, np.uint16: np.uint16(257), np.float32: np.float32(1 / 255)}[kind]
        white = {np.uint8: 255, np.uint16: 65535, np.float32: 1.0}[kind]
        yield Photo((pixels * scale).astype(kind), white, Details("PNG"), (alpha * scale).astype(kind)), outside


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_the_visible_pixels_are_the_same_whatever_is_hidden(kind):
    models = Models(ModelChoice(), CPU, Options(precision="32"))
    results = []
    for photo, outside in pictures(kind):
        before = photo.pixels.copy()
        after, name = models.denoise(photo)
        results.append((after.pixels[~outside], after.notes, name))
        assert np.array_equal(after.pixels[outside], before[outside]) and np.array_equal(photo.pixels, before)
        assert after.alpha is photo.alpha and not np.array_equal(after.pixels, before)
    for pixels, notes, name in results[1:]:
        assert np.array_equal(pixels, results[0][0]) and (notes, name) == results[0][1:]


def test_hidden_colours_make_no_colour_picture_of_a_grey_one():
    photo, outside = next(pictures())
    grey = np.where(outside[..., None], photo.pixels, photo.pixels[..., :1])
    after, _ = Models(ModelChoice(model="grey"), CPU, Options(precision="32")).denoise(replace(photo, pixels=grey))
    assert after.notes == ("grey denoised pictures of three equal channels as grey ones",)
    assert np.array_equal(after.pixels[outside], photo.pixels[outside])


def test_a_photo_of_which_all_or_nothing_is_seen_is_itself():
    photo, _ = next(pictures())
    for alpha in (None, np.zeros_like(photo.alpha), np.ones_like(photo.alpha)):
        assert hidden.filled(same := replace(photo, alpha=alpha)) is same
