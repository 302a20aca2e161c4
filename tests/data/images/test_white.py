"""The white of pictures of 12 bits in 16, which hot pixels do not change, and that which networks see."""

import numpy as np
import pytest
import tifffile
import torch

from denoiser.data.images import stacks, writing
from denoiser.data.images.formats.photo import Details, Photo
from denoiser.inference import exposure
from denoiser.photos.model_choice import ModelChoice, Models
from denoiser.photos.options import Options
from denoiser.weights import shipped

SIDE = 96
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
DISTANCE = np.hypot(ROWS - 40, COLUMNS - 40)
CLEAN = 2000 + 1200 * np.sin(ROWS / 9) * np.cos(COLUMNS / 13)


def picture(path, kind, hot=0):
    """A file with noise and so many hot pixels in its first rows; without that, with one in the middle."""
    pixels = (CLEAN + np.random.default_rng(0).normal(0, 100, CLEAN.shape)).round().astype(kind)
    top = np.iinfo(np.int16 if kind == "int16" else np.uint16).max
    if hot:
        pixels.flat[:hot] = top
    else:
        pixels[40, 40] = top
    tifffile.imwrite(path, pixels)
    return pixels, stacks.open_stack(path).read()


@pytest.mark.parametrize(("hot", "white"), [(1, 4095), (2, 65535), (SIDE, 65535)])
def test_one_hot_pixel_is_no_sign_of_16_bits_and_more_are(tmp_path, hot, white):
    before, photo = picture(tmp_path / "a.tif", "uint16", hot)
    assert photo.white == white and np.array_equal(photo.pixels, before)
    usual = int(before[before <= 4095].max())
    note = f"values up to 65535, all but a few up to {usual}, in 16 bits: 4095 (12 bits) is taken as white"
    assert photo.notes == ((note,) if white == 4095 else ())


@pytest.mark.skipif("grey" not in shipped.NAMES, reason="no weights are shipped")
@pytest.mark.parametrize("kind", ["uint16", "int16", "int32"])
@pytest.mark.parametrize("options", [Options(), Options(strength=0.5)])
def test_a_hot_pixel_stays_and_does_no_harm(tmp_path, kind, options):
    before, photo = picture(tmp_path / "a.tif", kind)
    after, _ = Models(ModelChoice(model="grey"), torch.device("cpu"), options).denoise(photo)
    writing.write(tmp_path / "b.tif", after)
    written = tifffile.imread(tmp_path / "b.tif")
    assert written.dtype == kind and written[40, 40] == before[40, 40] > 30000
    for low, high in ((1, 2), (2, 8), (8, 20), (20, 60)):
        where = (low <= DISTANCE) & (high > DISTANCE)
        deviation, noise = (np.sqrt(np.square(each[where] - CLEAN[where]).mean()) for each in (written, before))
        assert deviation < 0.8 * noise


@pytest.mark.skipif(not {"photo", "grey", "camera"} <= set(shipped.NAMES), reason="not all models ship")
def test_the_white_that_networks_see_is_computed_once(monkeypatch):
    seen, white = [], exposure.white
    monkeypatch.setattr(exposure, "white", lambda *given: seen.append(given) or white(*given))
    pixels = (CLEAN + np.random.default_rng(0).normal(0, 100, CLEAN.shape)).astype(np.float32)
    Models(ModelChoice(), torch.device("cpu"), Options()).denoise(Photo(pixels, 4095.0, Details("TIFF")))
    assert len(seen) == 1
