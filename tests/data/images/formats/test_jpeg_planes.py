"""Pixels that changed in a part of a JPEG: the rest stays, and what is denoised is as near as a plain encoder's."""

import io
from dataclasses import replace

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from denoiser.data.images import reading, writing

SAMPLINGS = {"420": 48, "422": 48, "444": 8}
"""How far from the changed pixels others may change: chroma is interpolated, and blocks have 8 or 16 pixels."""


def scene(height, width, noise=6):
    """A smooth picture without saturated colours, and noise of the given deviation."""
    rows, columns = np.mgrid[:height, :width] / 17
    waves = 128 + 50 * np.stack([np.sin(rows + i) * np.cos(columns - i) for i in range(3)], axis=2)
    return (waves + np.random.default_rng(0).normal(0, noise, waves.shape)).round().astype(np.uint8)


def written(photo, folder):
    writing.write(folder / "out.jpg", photo)
    return reading.read(folder / "out.jpg").pixels


def by_pillow(photo):
    """What Pillow makes of the same pixels, with the same tables and subsampling."""
    file, kept = io.BytesIO(), photo.details.encoding["qtables"]
    Image.fromarray(photo.pixels).save(file, "JPEG", qtables=kept, subsampling="4:2:0")
    return np.asarray(Image.open(file))


def with_corner(photo):
    pixels = photo.pixels.copy()
    pixels[:16, :16] = 20
    return photo.with_pixels(pixels)


@pytest.mark.parametrize("shape", [(128, 160), (121, 149), (125, 143), (130, 130)])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_what_is_far_from_the_change_stays(tmp_path, sampling, shape):
    (tmp_path / "in.jpg").write_bytes(imagecodecs.jpeg8_encode(scene(*shape), level=75, subsampling=sampling))
    photo, far = with_corner(reading.read(tmp_path / "in.jpg")), SAMPLINGS[sampling] + 16
    after = written(photo, tmp_path)
    off = np.abs(after.astype(int) - photo.pixels)
    assert off[:16, :16].mean() < 4
    assert after.shape == photo.pixels.shape and not off[far:].any() and not off[:, far:].any()


@pytest.mark.parametrize("shape", [(121, 149), (125, 143)])
def test_grey_and_progressive_jpegs_keep_their_last_blocks(tmp_path, shape):
    for name, picture, options in (
        ("grey.jpg", Image.fromarray(scene(*shape)[..., 0]), {}),
        ("progressive.jpg", Image.fromarray(scene(*shape)), {"subsampling": 0, "progressive": True}),
    ):
        picture.save(tmp_path / name, quality=75, **options)
        photo = with_corner(reading.read(tmp_path / name))
        after = written(photo, tmp_path)
        with Image.open(tmp_path / "out.jpg") as opened:
            assert bool(opened.info.get("progressive")) == bool(options) and opened.size == shape[::-1]
        assert np.array_equal(after[16:, 16:], photo.pixels[16:, 16:])


def test_a_progressive_jpeg_with_shared_chroma_loses_only_in_its_last_blocks(tmp_path):
    Image.fromarray(scene(121, 149)).save(tmp_path / "in.jpg", quality=75, subsampling=2, progressive=True)
    photo = with_corner(reading.read(tmp_path / "in.jpg"))
    off = np.abs(written(photo, tmp_path).astype(int) - photo.pixels)
    assert not off[64:, :96].any() and not off[:80, 64:96].any() and off[64:, 64:].max() < 12


def test_chroma_that_is_clipped_on_the_screen_does_not_change_its_neighbours(tmp_path):
    """R is 285, shown as 255, beside pixels that become darker: of RGB alone, 255 would have been stored."""
    planes = np.full((64, 64, 3), (240, 128, 160), np.uint8)
    Image.fromarray(planes, "YCbCr").save(tmp_path / "in.jpg", quality=90, subsampling=0)
    photo = reading.read(tmp_path / "in.jpg")
    assert photo.pixels[0, 0, 0] == 255
    after = written(with_corner(photo), tmp_path)
    assert np.array_equal(after[16:, 16:], photo.pixels[16:, 16:])


def psnr(pixels, clean):
    return -10 * np.log10(np.square(pixels.astype(float) - clean).mean() / 255**2)


def without_noise(noisy, clean, part):
    """The photo without a part of its noise."""
    return noisy.with_pixels(np.rint(noisy.pixels + part * (clean - noisy.pixels.astype(float))).astype(np.uint8))


@pytest.mark.parametrize("quality", [75, 90, 97])
def test_a_denoised_picture_is_as_near_as_that_of_a_plain_encoder(tmp_path, quality):
    clean = scene(128, 160, 0)
    Image.fromarray(scene(128, 160)).save(tmp_path / "in.jpg", quality=quality, subsampling=2)
    noisy = reading.read(tmp_path / "in.jpg")
    all_noise, half = without_noise(noisy, clean, 1), without_noise(noisy, clean, 0.5)
    assert psnr(written(all_noise, tmp_path), clean) > psnr(by_pillow(all_noise), clean) - 0.3  # as smooth as a mean
    assert psnr(written(half, tmp_path), half.pixels) > psnr(by_pillow(half), half.pixels) - 0.1


def test_a_little_noise_removed_does_not_smooth_chroma(tmp_path):
    Image.fromarray(scene(128, 160, 12)).save(tmp_path / "in.jpg", quality=90, subsampling=2)
    noisy = reading.read(tmp_path / "in.jpg")
    pixels = noisy.pixels.copy()
    pixels[::3, ::3] ^= 1
    photo = noisy.with_pixels(pixels)
    after, plain = written(photo, tmp_path), by_pillow(photo)
    assert np.abs(after.astype(int) - pixels).max() <= 6 and psnr(after, pixels) > psnr(plain, pixels) + 8


def test_real_pairs(real_data, tmp_path):
    """Half and most of the noise of real photographs; the clean ones themselves were saved by a plain encoder."""
    gains = []
    for path in sorted((real_data / "polyu-dev" / "noisy").iterdir())[::10]:
        noisy, clean = reading.read(path), reading.read(path.parents[1] / "clean" / path.name).pixels
        for photo in (without_noise(noisy, clean, part) for part in (0.8, 0.5)):
            after, plain = written(photo, tmp_path), by_pillow(photo)
            gains.append([psnr(after, goal) - psnr(plain, goal) for goal in (photo.pixels, clean)])
    gain, gain_of_clean = np.mean(gains, axis=0)
    assert min(gain, gain_of_clean) > -0.15


def test_without_its_source_a_jpeg_is_written_as_pillow_does(tmp_path):
    Image.fromarray(scene(60, 70)).save(tmp_path / "in.jpg", quality=75, subsampling=2)
    photo = reading.read(tmp_path / "in.jpg")
    encoding = {key: value for key, value in photo.details.encoding.items() if key != "source"}
    without = replace(photo, details=replace(photo.details, encoding=encoding))
    assert np.array_equal(written(without, tmp_path), by_pillow(photo))


def test_bands_are_the_whole(tmp_path, monkeypatch):
    from denoiser.inference import pixels as arrays_of_pixels

    Image.fromarray(scene(150, 70)).save(tmp_path / "in.jpg", quality=90, subsampling=2)
    photo = reading.read(tmp_path / "in.jpg")
    photo = photo.with_pixels(scene(150, 70, 0))
    whole = written(photo, tmp_path)
    monkeypatch.setattr(arrays_of_pixels, "STRIP", 80 * 16)
    assert np.array_equal(written(photo, tmp_path), whole)
