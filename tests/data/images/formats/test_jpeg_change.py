"""Pixels that changed in a part of a JPEG: the rest stays, and what is denoised is as near as a plain encoder's."""

import io
from dataclasses import replace

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from denoiser.data.images import reading, writing
from denoiser.errors import DenoiserError

SAMPLINGS = {"420": 48, "422": 48, "440": 48, "411": 48, "444": 8}
"""How far from the changed pixels others may change: chroma is interpolated, and blocks have 8 or 16 pixels."""
ROUNDED = (0, 1)
"""Levels that others may differ by: steps of 1 are all that rounding may hit."""


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
@pytest.mark.parametrize("contrast", [1, 4])  # at 4, R, G, B and also Y, Cb, Cr are clipped
@pytest.mark.parametrize("level", [40, 75, 97, 100])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_what_is_far_from_the_change_stays(tmp_path, sampling, level, contrast, shape):
    pixels = ((scene(*shape).astype(float) - 128) * contrast + 128).clip(0, 255).astype(np.uint8)
    (tmp_path / "in.jpg").write_bytes(imagecodecs.jpeg8_encode(pixels, level=level, subsampling=sampling))
    photo, far = with_corner(reading.read(tmp_path / "in.jpg")), SAMPLINGS[sampling] + 16
    after = written(photo, tmp_path)
    off = np.abs(after.astype(int) - photo.pixels)
    assert off[:16, :16].mean() < 8
    assert after.shape == photo.pixels.shape
    assert off[far:].max() <= ROUNDED[level == 100] and off[:, far:].max() <= ROUNDED[level == 100]


@pytest.mark.parametrize("shape", [(121, 149), (125, 143), (128, 160)])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 5}, {"keep_rgb": True}])
@pytest.mark.parametrize("mode", ["L", "4:4:4", "4:2:2", "4:2:0"])
def test_jpegs_of_all_kinds_stay_of_their_kind(tmp_path, mode, options, shape):
    picture = Image.fromarray(scene(*shape))
    options = {"quality": 90, **options, **({} if mode == "L" or "keep_rgb" in options else {"subsampling": mode})}
    (picture.convert("L") if mode == "L" else picture).save(tmp_path / "in.jpg", **options)
    photo = with_corner(reading.read(tmp_path / "in.jpg"))
    after = written(photo, tmp_path)
    with Image.open(tmp_path / "in.jpg") as source, Image.open(tmp_path / "out.jpg") as opened:
        assert opened.info.get("progressive") == source.info.get("progressive")
        assert opened.layer == source.layer and opened.quantization == source.quantization
    assert np.array_equal(after[64:], photo.pixels[64:]) and np.array_equal(after[:, 64:], photo.pixels[:, 64:])


def in_three_scans(path, qualities, tables_between):
    """Y, Cb and Cr follow one another: three grey pictures of which the frame says that they are one of 61 x 77."""
    planes = [scene(61, 77)[..., 0], *(scene(31, 39)[..., i] for i in (1, 2))]
    files = []
    for plane, quality in zip(planes, qualities, strict=True):
        file = io.BytesIO()
        Image.fromarray(plane).save(file, "JPEG", quality=quality)
        files.append(file.getvalue())
    frame = b"\xff\xc0\0\x11\x08\0\x3d\0\x4d\x03\x01\x22\0\x02\x11\0\x03\x11\0"
    first = files[0]
    tables, codes, start = (first.index(marker) for marker in (b"\xff\xdb", b"\xff\xc4", b"\xff\xda"))
    parts = [first[: tables + 69], frame, first[codes:start]]
    for number, data in enumerate(files, 1):
        scan = data[data.index(b"\xff\xda") : -2]
        table = data.index(b"\xff\xdb")
        parts += [data[table : table + 69]] if tables_between else []
        parts.append(scan[:5] + bytes([number]) + scan[6:])
    path.write_bytes(b"".join([*parts, b"\xff\xd9"]))
    return with_corner(reading.read(path))


def test_a_picture_in_scans_of_one_component_each(tmp_path):
    photo = in_three_scans(tmp_path / "in.jpg", (80, 80, 80), False)
    after = written(photo, tmp_path)
    assert np.array_equal(after[48:], photo.pixels[48:]) and np.array_equal(after[:, 48:], photo.pixels[:, 48:])


def test_tables_that_change_between_scans_are_not_mixed_up(tmp_path):
    """One frame cannot have both, so that all is encoded anew."""
    photo = in_three_scans(tmp_path / "in.jpg", (90, 50, 50), True)
    off = np.abs(written(photo, tmp_path)[48:, 48:].astype(int) - photo.pixels[48:, 48:])
    assert 0 < off.mean() < 6


def test_damaged_files_that_are_read_are_written(tmp_path):
    file, rng, read = io.BytesIO(), np.random.default_rng(0), 0
    Image.fromarray(scene(64, 80)).save(file, "JPEG", quality=90, subsampling=2)
    for _ in range(150):
        data = bytearray(file.getvalue())
        for position in rng.integers(2, 640, 3):  # mostly in tables and headers
            data[position] = rng.integers(256)
        (tmp_path / "in.jpg").write_bytes(data)
        try:
            photo = reading.read(tmp_path / "in.jpg")
        except DenoiserError:
            continue
        read += 1
        assert written(with_corner(photo), tmp_path).shape == photo.pixels.shape
    assert read > 50


def test_chroma_that_is_clipped_on_the_screen_does_not_change_its_neighbours(tmp_path):
    """R is 285, shown as 255, beside pixels that become darker: of RGB alone, 255 would have been stored."""
    planes = np.full((64, 64, 3), (240, 128, 160), np.uint8)
    Image.fromarray(planes, "YCbCr").save(tmp_path / "in.jpg", quality=90, subsampling=0)
    photo = reading.read(tmp_path / "in.jpg")
    assert photo.pixels[0, 0, 0] == 255
    after = written(with_corner(photo), tmp_path)
    assert np.array_equal(after[16:, 16:], photo.pixels[16:, 16:])


def test_what_was_darker_than_black_becomes_grey(tmp_path):
    """Noise beside a white edge is stored as less than black; what the pixels become is what is written."""
    pixels = np.zeros((64, 64), np.uint8)
    pixels[:, 4::8] = 255
    Image.fromarray(pixels).save(tmp_path / "in.jpg", quality=60)
    photo = reading.read(tmp_path / "in.jpg")
    grey = photo.with_pixels(np.full_like(photo.pixels, 40))
    assert np.abs(written(grey, tmp_path).astype(int) - 40).max() <= 1


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
