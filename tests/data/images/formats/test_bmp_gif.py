from contextlib import nullcontext

import numpy as np
import pytest
from PIL import Image

from denoiser.data.images import reading, writing
from denoiser.errors import DenoiserError


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


@pytest.mark.parametrize("frames", [1, 2, 5])
@pytest.mark.parametrize("mode", ["P", "L"])
def test_pictures_of_a_gif_are_counted_as_pillow_counts_them(frames, mode, tmp_path):
    rng = np.random.default_rng(0)
    pictures = [Image.fromarray(rng.integers(0, 256, (40, 60), dtype=np.uint8)).convert(mode) for _ in range(frames)]
    pictures[0].save(tmp_path / "x.gif", save_all=True, append_images=pictures[1:], comment=b",;!" * 100)
    with Image.open(tmp_path / "x.gif") as opened:
        assert opened.n_frames == frames
    with nullcontext() if frames == 1 else pytest.raises(DenoiserError, match=f"an animation of {frames} pictures"):
        assert reading.header(tmp_path / "x.gif").width == 60


def test_a_gif_is_no_video_whatever_its_colours(tmp_path):
    """Packets of videos begin with the first letter of GIF."""
    palette = Image.new("P", (9, 9))
    palette.putpalette(b"G" * 768)
    palette.save(tmp_path / "x.gif", optimize=False)
    assert reading.read(tmp_path / "x.gif").pixels.shape[:2] == (9, 9)
    assert reading.kind(tmp_path / "x.gif") is True
