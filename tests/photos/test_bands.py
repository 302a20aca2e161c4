"""Bands beyond colour are denoised one by one, as the grey pictures that they are."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from denoiser.data.images.formats.photo import Details, Photo
from denoiser.photos.model_choice import ModelChoice, Models
from denoiser.photos.options import Options


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 3])
def test_each_band_is_what_a_grey_photo_of_it_would_be(kind, channels):
    models = Models(ModelChoice(), torch.device("cpu"), Options(precision="32"))
    white = {np.uint8: 255, np.uint16: 65535, np.float32: 1}[kind]
    rows, columns = np.mgrid[:64, :72]
    clean = np.stack([0.2 + rows / 100, 0.3 + columns / 200, 0.9 - rows / 100, 0.5 + 0 * rows, 0.2 + columns / 100], -1)
    noisy = (np.clip(clean + np.random.default_rng(0).normal(0, 0.1, clean.shape), 0, 1) * white).astype(kind)
    colours = np.ascontiguousarray(noisy[..., :3] if channels == 3 else noisy[..., 0])
    photo = Photo(colours, white, Details("TIFF"))
    after, _ = models.denoise(replace(photo, bands=noisy[..., 3:]))
    alone, _ = models.denoise(photo)
    assert np.array_equal(after.pixels, alone.pixels)
    for index in range(2):
        band = Photo(np.ascontiguousarray(noisy[..., 3 + index]), white, Details("TIFF"))
        assert np.array_equal(after.bands[..., index], models.denoise(band)[0].pixels)
    error = [np.square((bands - clean[..., 3:] * white) / white).mean() for bands in (after.bands, noisy[..., 3:])]
    assert error[0] < error[1] / 4
    assert after.notes == (*alone.notes, "bands beyond colour denoised one by one as grey pictures: 2")
