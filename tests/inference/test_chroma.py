"""Subsampled chroma as planes, on files that Pillow wrote."""

import imagecodecs
import numpy as np
import pytest
import torch
from PIL import Image

from denoiser.data.images import reading, writing
from denoiser.data.images.formats import jpeg
from denoiser.data.images.formats.photo import strips
from denoiser.data.photos import FOLDER
from denoiser.inference import chroma, subsampled
from denoiser.inference import pixels as arrays_of_pixels
from denoiser.photos.model_choice import ModelChoice, Models
from denoiser.photos.options import Options
from denoiser.weights import shipped

FILES = {"0.jpg": (1, 1), "1.jpg": (1, 2), "2.jpg": (2, 2), "lossy.webp": (2, 2), "exact.webp": (1, 1), "a.png": (1, 1)}


def smooth(height, width):
    rows, columns = np.mgrid[:height, :width] / 60
    waves = [np.sin(rows + i) * np.cos(columns - i) for i in range(3)]
    return (127.5 + 90 * np.stack(waves, axis=2)).round().astype(np.uint8)


def written(folder, name, pixels, quality=95):
    options = {"0.jpg": {"subsampling": 0}, "1.jpg": {"subsampling": 1}, "2.jpg": {"subsampling": 2}}.get(name, {})
    options |= {"exact.webp": {"lossless": True}, "a.png": {}}.get(name, {"quality": quality})
    Image.fromarray(pixels).save(folder / name, **options)
    return reading.read(folder / name)


@pytest.mark.parametrize("name", FILES)
def test_the_factor_is_the_files(tmp_path, name):
    assert written(tmp_path, name, smooth(20, 30)).details.subsampling == FILES[name]


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_factor_and_the_file_that_is_written_are_upright(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(smooth(40, 60)).save(tmp_path / "a.jpg", quality=95, subsampling=1, exif=exif)
    upright = reading.read(tmp_path / "a.jpg")
    assert upright.details.subsampling == ((2, 1) if orientation > 4 else (1, 2))
    changed = upright.with_pixels(upright.pixels ^ 1)
    writing.write(tmp_path / "b.jpg", changed)
    again = reading.read(tmp_path / "b.jpg")
    assert again.details.subsampling == upright.details.subsampling  # a JPEG stays turned as it was
    assert np.abs(again.pixels.astype(int) - upright.pixels).mean() < 1


@pytest.mark.parametrize(("luma", "subsampling"), [(0x12, (2, 1)), (0x41, (1, 4)), (0x22, (2, 2)), (0x11, (1, 1))])
def test_the_factor_is_that_of_the_files_header(tmp_path, luma, subsampling):
    written(tmp_path, "0.jpg", smooth(20, 30))
    data = bytearray((tmp_path / "0.jpg").read_bytes())
    frame = data.index(b"\xff\xc0")
    assert data[frame + 11] == 0x11  # columns and rows of the first component, in 4 bits each
    data[frame + 11] = luma
    (tmp_path / "0.jpg").write_bytes(data)
    with (tmp_path / "0.jpg").open("rb") as file:
        assert jpeg.header(file)[1].subsampling == subsampling


@pytest.mark.parametrize("name", ["L.jpg", "CMYK.jpg"])
def test_grey_and_inks_share_nothing(tmp_path, name):
    Image.new(name.partition(".")[0], (9, 7)).save(tmp_path / name)
    assert reading.read(tmp_path / name).details.subsampling == (1, 1)


def joined(planes, factor, shape, band=None):
    """The picture of planes: what they change where there was black."""
    neutral = np.iinfo(planes[0].dtype).max * 128 // 255
    black = tuple(np.full_like(plane, 0 if plane is planes[0] else neutral) for plane in planes)
    return chroma.change(black, planes, factor, band or slice(0, shape[0]))


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (8, 8), (33, 47), (1051, 1003)])
@pytest.mark.parametrize("factor", [(1, 1), (1, 2), (2, 1), (2, 2), (1, 4)])
def test_planes_make_the_picture_again(shape, factor):
    pixels = smooth(*shape)
    luma, blue, red = chroma.split(pixels, factor)
    assert luma.shape == shape and blue.shape == red.shape == (-(-shape[0] // factor[0]), -(-shape[1] // factor[1]))
    bands = list(strips(*shape))
    assert [band.start for band in bands[1:]] == [band.stop for band in bands[:-1]] and bands[-1].stop == shape[0]
    again = np.concatenate([joined((luma, blue, red), factor, shape, band) for band in bands], axis=1)
    assert again.dtype == np.float32 and again.shape == (3, *shape)
    assert np.abs(again * 255 - pixels.transpose(2, 0, 1)).max() < 4


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (1, 9), (3, 3), (7, 3), (8, 8), (33, 46), (200, 103)])
def test_samples_are_those_that_the_decoder_interpolated(shape):
    stored = np.random.default_rng(0).uniform(-9, 9, (-(-shape[0] // 2), -(-shape[1] // 2))).astype(np.float32)
    near = stored.repeat(2, axis=0).repeat(2, axis=1)
    for axis in (0, 1):  # as in libjpeg's h2v2_fancy_upsample
        first, last = near.take([0], axis), near.take([-1], axis)
        framed = np.moveaxis(np.concatenate([first, near, last], axis), axis, 0)
        others = np.where((np.arange(len(framed) - 2) % 2)[:, None] == 0, framed[:-2], framed[2:])
        near = np.moveaxis((3 * framed[1:-1] + others) / 4, 0, axis)
    assert np.abs(subsampled.enlarged(stored, (2, 2)) - near).max() < 1e-5
    assert np.abs(subsampled.samples(near[: shape[0], : shape[1]], (2, 2)) - stored).max() < 1e-4


SHARED = {"420": (2, 2), "422": (1, 2), "440": (2, 1), "411": (1, 4), "444": (1, 1), "webp": (2, 2)}


@pytest.mark.parametrize("sampling", SHARED)
def test_noise_of_the_stored_chroma_is_independent_from_sample_to_sample(tmp_path, sampling):
    noisy = np.random.default_rng(0).normal(128, 15, (200, 301, 3)).clip(0, 255).astype(np.uint8)
    if sampling == "webp":
        Image.fromarray(noisy).save(tmp_path / "a", "WEBP", quality=97)
    else:  # Pillow writes the usual ones only
        (tmp_path / "a").write_bytes(imagecodecs.jpeg8_encode(noisy, level=97, subsampling=sampling))
    photo = reading.read(tmp_path / "a")
    assert photo.details.subsampling == SHARED[sampling]
    for plane in chroma.split(photo.pixels, photo.details.subsampling)[1:]:
        for one, other in ((plane[1:], plane[:-1]), (plane[:, 1:], plane[:, :-1])):
            assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.05


@pytest.mark.parametrize("factor", [(1, 2), (2, 2), (4, 1)])
def test_bands_are_the_whole(monkeypatch, factor):
    pixels = np.random.default_rng(0).integers(0, 256, (41, 23, 3), np.uint8)
    whole = chroma.split(pixels, factor)
    monkeypatch.setattr(arrays_of_pixels, "STRIP", 23 * 4)
    for one, other in zip(chroma.split(pixels, factor), whole, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("factor", [(1, 1), (1, 2), (2, 2)])
def test_planes_of_16_bits_are_those_of_8_and_finer(factor):
    eight = smooth(33, 47)
    planes, deep = chroma.split(eight, factor), chroma.split(eight.astype(np.uint16) * 257, factor)
    for one, other, limit in zip(planes, deep, (129, 2 * 257, 2 * 257), strict=True):  # chroma is rounded twice
        assert other.dtype == np.uint16 and np.abs(one * 257.0 - other).max() <= limit and (other % 257).any()
    again = joined(deep, factor, (33, 47))
    assert np.abs(again * 255 - eight.transpose(2, 0, 1)).max() < (0.02 if factor == (1, 1) else 3)


def test_planes_are_those_of_pillow():
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    theirs = np.asarray(Image.fromarray(pixels).convert("YCbCr")).astype(int)
    ours = np.stack(chroma.split(pixels, (1, 1)), axis=2).astype(int)
    assert np.abs(ours - theirs).max() <= 1


def test_equal_channels_are_grey():
    grey = np.repeat(smooth(200, 5)[..., :1], 3, axis=2)
    assert chroma.has_equal_channels(grey)
    grey[199, 4, 2] += 1
    assert not chroma.has_equal_channels(grey)


def psnr(pixels, clean):
    return -10 * np.log10(np.square(pixels.astype(float) - clean).mean() / 255**2)


@pytest.mark.skipif({"photo", "grey"} - set(shipped.NAMES) != set(), reason="photo and grey do not both ship")
@pytest.mark.parametrize(("model", "least"), [(None, 6), ("grey", 6), ("photo", 0)])
def test_a_noisy_jpeg_of_subsampled_chroma_loses_its_noise(tmp_path, model, least):
    with Image.open(FOLDER / "astronaut.png") as opened:
        clean = np.asarray(opened.convert("RGB").crop((100, 60, 261, 201)))
    noise = 25 * np.random.default_rng(0).standard_normal(clean.shape)
    photo = written(tmp_path, "2.jpg", (clean + noise).clip(0, 255).round().astype(np.uint8))
    after, name = Models(ModelChoice(model), torch.device("cpu"), Options(precision="32")).denoise(photo)
    assert psnr(after.pixels, clean) > psnr(photo.pixels, clean) + least
    (note,) = (note for note in after.notes if "subsampled chroma" in note)
    assert ("much of the noise stays" in note) == (model == "photo")
    assert not any("removed" in note for note in after.notes)  # one note says it
    assert any("deviation" in note and "white" in note for note in after.notes) == (model is None)
    assert name == (model or "grey")


@pytest.mark.skipif("grey" not in shipped.NAMES, reason="grey does not ship")
def test_strength_and_luma_are_kept_for_the_whole_picture(tmp_path):
    noisy = (smooth(60, 70) + np.random.default_rng(0).normal(0, 20, (60, 70, 3))).clip(0, 255).astype(np.uint8)
    photo = written(tmp_path, "2.jpg", noisy)
    denoised = {
        name: Models(ModelChoice("grey"), torch.device("cpu"), options).denoise(photo)[0].pixels.astype(float)
        for name, options in {
            "all": Options(precision="32"),
            "none": Options(precision="32", strength=0),
            "half": Options(precision="32", strength=0.5),
            "chroma": Options(precision="32", chroma_only=True),
        }.items()
    }
    assert (denoised["none"] == photo.pixels).all()
    assert np.abs(denoised["half"] - (denoised["all"] + photo.pixels) / 2).max() <= 1
    luma = [pixels @ np.array([0.299, 0.587, 0.114]) for pixels in (denoised["chroma"], photo.pixels)]
    assert np.abs(luma[0] - luma[1]).max() < 0.52 and (denoised["chroma"] != photo.pixels).any()
