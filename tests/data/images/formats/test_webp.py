import numpy as np
import pytest
from PIL import Image

from denoiser.data.images import reading, writing
from denoiser.data.images.formats import webp


@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize("alpha", [True, False])
@pytest.mark.parametrize("tagged", [True, False])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 300), (37, 23)])
def test_headers_of_every_kind_of_file(lossless, alpha, tagged, height, width, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 4 if alpha else 3), dtype=np.uint8)
    tags = {"xmp": b"<x/>"} if tagged else {}
    Image.fromarray(pixels).save(tmp_path / "x.webp", lossless=lossless, exact=True, **tags)
    header = reading.header(tmp_path / "x.webp")
    assert (header.height, header.width, header.alpha, header.channels) == (height, width, alpha, 3)
    photo = reading.read(tmp_path / "x.webp")
    assert photo.header == header
    assert not lossless or np.array_equal(photo.pixels, pixels[..., :3])
    assert photo.details.xmp == tags.get("xmp")


def test_lossless_stays_lossless_and_lossy_lossy(samples, tmp_path):
    for kind in ("webp_lossless", "webp_alpha", "turned_webp"):
        writing.write(tmp_path / "x.webp", reading.read(samples[kind]))
        with (tmp_path / "x.webp").open("rb") as file:
            _, details = webp.header(file)
        assert details.encoding == {"lossless": kind != "turned_webp"}


def test_colours_below_full_transparency_survive(samples, tmp_path):
    photo = reading.read(samples["webp_alpha"])
    assert (photo.alpha[:, 0] == 0).all()
    writing.write(tmp_path / "x.webp", photo)
    np.testing.assert_array_equal(reading.read(tmp_path / "x.webp").pixels, photo.pixels)


def test_grey_is_written_as_colour_of_equal_parts(samples, tmp_path):
    writing.write(tmp_path / "x.webp", reading.read(samples["png8_grey"]))
    pixels = reading.read(tmp_path / "x.webp").pixels.astype(int)
    assert np.abs(pixels - pixels[..., :1]).max() <= 4
