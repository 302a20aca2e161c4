"""Where a network removes nothing, the output is the picture that decoders show, in every format."""

import imagecodecs
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from denoiser.data.images import reading, writing
from denoiser.inference.chroma import has_equal_channels
from denoiser.inference.picture_model import PictureModel
from denoiser.photos import routes
from denoiser.photos.options import Options
from denoiser.photos.restore import Restorer

SAMPLINGS = ("420", "422", "440", "444", "411")
ORIENTATIONS = (1, 6)


class Nothing(PictureModel):
    """Returns its input."""

    takes_sigma, name = False, "nothing"

    def __init__(self, channels):
        super().__init__()
        self.channels = channels
        self.network = nn.Conv2d(1, 1, 1).requires_grad_(False)  # has a device and a data type

    def forward(self, noisy, sigma=None):
        return noisy.clone()


def scene(height=71, width=93):
    """Edges between saturated colours, and noise."""
    rng = np.random.default_rng(0)
    blocks = rng.uniform(50, 205, (10, 12, 3)).repeat(8, axis=0).repeat(8, axis=1)[:height, :width]
    return (blocks + rng.normal(0, 8, blocks.shape)).clip(0, 255).round().astype(np.uint8)


def unchanged(path, channels=1, **options):
    """The photo, and what the network makes of it."""
    photo = reading.read(path)
    restorer = Restorer(Nothing(channels), torch.device("cpu"), Options(precision="32", **options))
    way = routes.way(photo.header, has_equal_channels(photo.pixels), channels, restorer.options)
    return photo, restorer(photo, way)


@pytest.fixture(params=SAMPLINGS)
def jpeg(request, tmp_path):
    (tmp_path / "in.jpg").write_bytes(imagecodecs.jpeg8_encode(scene(), level=93, subsampling=request.param))
    return tmp_path / "in.jpg"


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("strength", [1, 0.6])
def test_the_pixels_are_the_decoders(jpeg, channels, strength):
    photo, after = unchanged(jpeg, channels, strength=strength)
    with Image.open(jpeg) as opened:
        assert np.array_equal(after.pixels, photo.pixels) and np.array_equal(after.pixels, np.asarray(opened))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "ppm"])
def test_formats_without_loss_hold_them(tmp_path, suffix, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(scene()).save(tmp_path / "in.jpg", quality=90, subsampling=2, exif=exif)
    photo, after = unchanged(tmp_path / "in.jpg")
    writing.write(tmp_path / f"out.{suffix}", after)
    assert np.array_equal(reading.read(tmp_path / f"out.{suffix}").pixels, photo.pixels)


@pytest.mark.parametrize("lossless", [False, True])
def test_webp(tmp_path, lossless):
    Image.fromarray(scene()).save(tmp_path / "in.webp", quality=90, lossless=lossless)
    photo, after = unchanged(tmp_path / "in.webp")
    assert np.array_equal(after.pixels, photo.pixels)
    writing.write(tmp_path / "out.webp", after)
    if lossless:  # the others lose what this format loses
        assert np.array_equal(reading.read(tmp_path / "out.webp").pixels, photo.pixels)


def again(photo, folder):
    """The pixels of a photo that is written as JPEG."""
    writing.write(folder / "out.jpg", photo)
    return reading.read(folder / "out.jpg").pixels


@pytest.mark.parametrize("shape", [(71, 93), (74, 90)])
@pytest.mark.parametrize("contrast", [1, 3])  # at 3, R, G, B and also Y, Cb, Cr are clipped
@pytest.mark.parametrize("level", [60, 97])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_a_jpeg_of_a_jpeg_is_the_same_picture(tmp_path, sampling, level, contrast, shape):
    pixels = ((scene(*shape).astype(float) - 128) * contrast + 128).clip(0, 255).astype(np.uint8)
    (tmp_path / "in.jpg").write_bytes(imagecodecs.jpeg8_encode(pixels, level=level, subsampling=sampling))
    photo, after = unchanged(tmp_path / "in.jpg")
    assert np.array_equal(again(after, tmp_path), photo.pixels)


@pytest.mark.parametrize("options", [{"progressive": True}, {"keep_rgb": True}, {"restart_marker_blocks": 3}])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpegs_of_other_kinds_too(tmp_path, options, mode):
    Image.fromarray(scene()).convert(mode).save(tmp_path / "in.jpg", quality=97, **options)
    photo, after = unchanged(tmp_path / "in.jpg")
    assert np.array_equal(again(after, tmp_path), photo.pixels)


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize(("subsampling", "height"), [(0, 80), (1, 77), (2, 80), (2, 77)])
def test_a_turned_jpeg_is_kept_as_it_is_stored(tmp_path, subsampling, height, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(scene(height, 96)).save(tmp_path / "in.jpg", quality=97, subsampling=subsampling, exif=exif)
    photo, after = unchanged(tmp_path / "in.jpg")
    assert np.array_equal(again(after, tmp_path), photo.pixels)


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("quality", [60, 97])
def test_the_rest_of_a_turned_jpeg_is_the_same(tmp_path, subsampling, orientation, quality):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(scene(77, 93)).save(tmp_path / "in.jpg", quality=quality, subsampling=subsampling, exif=exif)
    photo, after = unchanged(tmp_path / "in.jpg")
    changed = after.pixels.copy()
    changed[:8, :8] = 255 - changed[:8, :8]
    off = np.abs(again(after.with_pixels(changed), tmp_path).astype(int) - photo.pixels)
    assert off[:8, :8].mean() > 20 and not off[40:].any() and not off[:, 40:].any()
