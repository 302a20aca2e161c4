import io

import numpy as np
import pytest
from helpers import blocks
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from denoiser.data.images import reading
from denoiser.data.images.formats import colour_spaces

INKS = np.random.default_rng(0).integers(0, 256, (40, 50, 4), dtype=np.uint8)


def test_inks_through_their_profile_as_littlecms_does_it():
    profile = ImageCms.ImageCmsProfile(io.BytesIO(blocks.ink_profile()))
    picture = Image.frombytes("CMYK", (50, 40), INKS.tobytes())
    expected = ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    ours, note = colour_spaces.from_cmyk(INKS, blocks.ink_profile())
    assert np.abs(ours.astype(int) - np.asarray(expected)).max() <= 1
    assert note == colour_spaces.BY_PROFILE
    deep, _ = colour_spaces.from_cmyk(INKS.astype(np.uint16) * 257, blocks.ink_profile())
    assert np.abs(deep / 257 - ours).max() <= 1


@pytest.mark.parametrize("profile", [None, b"rubbish", blocks.SRGB])
def test_inks_without_a_profile_of_theirs_by_the_formula_of_pillow(profile):
    ours, note = colour_spaces.from_cmyk(INKS, profile)
    np.testing.assert_array_equal(ours, Image.frombytes("CMYK", (50, 40), INKS.tobytes()).convert("RGB"))
    assert note == colour_spaces.BY_FORMULA


def test_inks_of_a_jpeg_are_reported_and_differ_by_profile(samples):
    plain, profiled = (reading.read(samples[kind]) for kind in ("jpeg_cmyk", "jpeg_cmyk_profile"))
    with Image.open(samples["jpeg_cmyk"]) as opened:
        np.testing.assert_array_equal(plain.pixels, opened.convert("RGB"))
    assert (plain.notes, profiled.notes) == ((colour_spaces.BY_FORMULA,), (colour_spaces.BY_PROFILE,))
    assert np.abs(plain.pixels.astype(int) - profiled.pixels).max() > 50
    assert profiled.details.icc is None


def test_lab_becomes_what_littlecms_makes_of_it():
    rng = np.random.default_rng(0)
    lightness, chroma = rng.integers(60, 200, (40, 50, 1)), rng.integers(-15, 16, (40, 50, 2))
    stored = np.concatenate([lightness, chroma % 256], axis=2).astype(np.uint8)
    spaces = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    picture = Image.frombuffer("LAB", (50, 40), stored.tobytes(), "raw", "LAB", 0, 1)
    expected = ImageCms.applyTransform(picture, ImageCms.buildTransform(*spaces, "LAB", "RGB"))
    assert np.abs(colour_spaces.from_lab(stored).astype(int) - np.asarray(expected)).max() <= 1


@given(white=st.integers(1, 65535), level=st.integers(0, 65535))
def test_levels_are_stretched_to_the_nearest_and_back(white, level):
    level %= white + 1
    top = 255 if white < 256 else 65535
    (stretched,) = colour_spaces.stretched(np.array([level], np.uint16), white)
    assert abs(stretched - level * top / white) <= 0.5
    assert round(int(stretched) * white / top) == level
