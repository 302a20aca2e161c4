import numpy as np
import pytest
from PIL import Image

from denoiser.data.images import reading, writing


@pytest.mark.parametrize("suffix", [".bmp", ".gif"])
def test_palettes_become_rgb_and_one_bit_grey(suffix, samples, tmp_path):
    with Image.open(samples["png8_rgb"]) as opened:
        palette, bits = opened.quantize(16), opened.convert("1")
    palette.save(tmp_path / f"palette{suffix}")
    bits.save(tmp_path / f"bits{suffix}")
    np.testing.assert_array_equal(reading.read(tmp_path / f"palette{suffix}").pixels, palette.convert("RGB"))
    photo = reading.read(tmp_path / f"bits{suffix}")
    np.testing.assert_array_equal(photo.pixels, bits.convert("L"))
    assert photo.header == reading.header(tmp_path / f"bits{suffix}")


def test_transparency_of_a_gif_becomes_alpha(samples, tmp_path):
    with Image.open(samples["png8_rgb"]) as opened:
        opened.quantize(16).save(tmp_path / "x.gif", transparency=3)
    photo = reading.read(tmp_path / "x.gif")
    with Image.open(tmp_path / "x.gif") as opened:
        np.testing.assert_array_equal(np.dstack([photo.pixels, photo.alpha]), opened.convert("RGBA"))
    assert reading.header(tmp_path / "x.gif").alpha


def test_density_of_a_bitmap_is_kept(samples, tmp_path):
    writing.write(tmp_path / "x.bmp", reading.read(samples["bmp_rgb"]))
    with Image.open(tmp_path / "x.bmp") as opened:
        assert opened.info["dpi"] == pytest.approx((96, 96), abs=0.1)
