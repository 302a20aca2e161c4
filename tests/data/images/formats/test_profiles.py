"""The profile of every file fits its pixels, or the pixels are converted, so that they look as they did."""

import io
from dataclasses import replace

import imagecodecs
import numpy as np
import pytest
from helpers import blocks
from helpers.samples import grey
from PIL import Image, ImageCms

from denoiser.data.images import reading, writing
from denoiser.data.images.formats import profiles
from denoiser.data.images.formats.photo import Details, Photo

GREY = imagecodecs.cms_profile("gray", gamma=1.4)
WIDE = imagecodecs.cms_profile("rgb", gamma=1.8, whitepoint=(0.3457, 0.3585), primaries=(0.7, 0.3, 0.2, 0.7, 0.1, 0.1))
SUFFIXES = [".png", ".webp", ".jpg", ".tif"]


def shown(pixels, profile):
    """8-bit sRGB that a colour-managed program shows, by LittleCMS."""
    picture = Image.fromarray(pixels)
    if profile is None:
        return np.asarray(picture.convert("RGB")).astype(int)
    source, target = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    return np.asarray(ImageCms.profileToProfile(picture, source, target, outputMode="RGB")).astype(int)


def space(profile):
    return ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.xcolor_space.strip()


def photo(deep, channels, depth, icc, alpha=False):
    pixels = deep if channels == 3 else grey(deep)
    pixels = pixels if depth == np.uint16 else (pixels >> 8).astype(np.uint8)
    opaque = np.full(pixels.shape[:2], np.iinfo(depth).max, depth)
    details = Details("WEBP", icc=icc, encoding={"lossless": True})
    return Photo(pixels, float(np.iinfo(depth).max), details, opaque if alpha else None)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("icc", [GREY, WIDE, blocks.SRGB, blocks.ink_profile(), None], ids=lambda icc: icc and icc[:4])
def test_a_file_has_the_profile_of_its_pixels_and_looks_as_before(suffix, depth, channels, alpha, icc, deep, tmp_path):
    before = photo(deep, channels, depth, icc, alpha and suffix != ".jpg")
    path = tmp_path / f"x{suffix}"
    notes = writing.write(path, before, 8)
    with Image.open(path) as opened:
        kept, stored = opened.info.get("icc_profile"), 1 if opened.mode in ("L", "LA") else 3
        pixels = np.asarray(opened)[..., :3] if stored == 3 else np.asarray(opened.convert("L"))
    assert kept is None or space(kept) == ("GRAY" if stored == 1 else "RGB")
    assert kept == icc or (stored, icc) != (3, WIDE)
    fits = icc is None or (channels == 1 and icc != blocks.ink_profile()) or icc in (WIDE, blocks.SRGB)
    assert fits or (kept is None and notes == ("a colour profile that does not fit the pixels is left out",))
    was = writing.at_depth(before, 8).pixels
    if channels == 1 and icc in (WIDE, blocks.SRGB):
        was = np.repeat(was[..., None], 3, axis=2)
    error = np.abs(shown(np.ascontiguousarray(pixels), kept) - shown(was, icc if fits else None))
    assert error.mean() < (6 if suffix == ".jpg" else 1)


def test_webp_of_grey_is_converted_and_says_so(deep, tmp_path):
    before = photo(deep, 1, np.uint16, GREY)
    for source in (before, replace(before, pixels=(before.pixels / 65535).astype(np.float32), white=1.0)):
        (note,) = writing.write(tmp_path / "x.webp", source, 8)
        assert note == "grey converted to sRGB by its colour profile, as WebP holds RGB"
        again = reading.read(tmp_path / "x.webp")
        expected = shown((before.pixels >> 8).astype(np.uint8), GREY)
        assert again.details.icc is None and abs(again.pixels.mean() - expected.mean()) < 2


@pytest.mark.parametrize("suffix", [".ppm", ".bmp"])
def test_what_holds_no_profile_says_so(suffix, deep, tmp_path):
    (note,) = writing.write(tmp_path / f"x{suffix}", photo(deep, 3, np.uint8, WIDE))
    assert note.endswith("holds no colour profile: left out")
    assert writing.write(tmp_path / f"x{suffix}", photo(deep, 3, np.uint8, None)) == ()


def test_a_grey_profile_has_the_curve_of_the_colours(deep):
    made = profiles.fitting(WIDE, 1)
    assert space(made) == "GRAY" and made != WIDE
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    colours = np.repeat(ramp[..., None], 3, axis=2)
    assert np.abs(shown(ramp, made) - shown(colours, WIDE)).max() <= 1
    assert profiles.fitting(made, 1) == made and profiles.fitting(made, 3) is None


@pytest.mark.parametrize("icc", [b"", b"no profile", bytes(3000)])
def test_what_is_no_profile_is_left_as_it_is(icc):
    assert profiles.fitting(icc, 1) == profiles.fitting(icc, 3) == icc


@pytest.mark.parametrize("cut", [132, 140, 200, 400])
def test_a_profile_that_is_cut_off_gives_no_grey_one(cut):
    assert profiles.fitting(WIDE[:cut], 1) is None
    damaged = GREY[:132] + bytes(cut)
    pixels = np.zeros((4, 5), np.uint8)
    done, notes = profiles.fitted(Photo(pixels, 255, Details("PNG", icc=damaged)), False, "WebP")
    assert done.details.icc is None and notes == ("a colour profile that does not fit the pixels is left out",)
