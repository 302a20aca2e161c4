from dataclasses import replace

import exifread
import imagecodecs
import numpy as np
import pytest
import tifffile
from helpers import blocks
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from denoiser.data.images import reading, writing
from denoiser.data.images.formats.photo import Details, Header, Photo
from denoiser.errors import DenoiserError

MOVED = ("ExifOffset", "GPSInfo", "StripOffsets", "Thumbnail", "JPEGThumbnail", "Orientation")
PNG16, TIFF32 = Header(4, 5, 3, 16, "PNG"), Header(4, 5, 3, 32, "TIFF")


def exif(path):
    """EXIF as another library reads it, without what stands elsewhere or upright now."""
    with path.open("rb") as file:
        tags = exifread.process_file(file)
    return {name: str(tag) for name, tag in tags.items() if not any(word in name for word in MOVED)}


def turned(path):
    with path.open("rb") as file:
        return str(exifread.process_file(file)["Image Orientation"])


@st.composite
def photos(draw):
    """Pictures of every type and shape, as they are in memory."""
    kind = draw(st.sampled_from([np.uint8, np.uint16, np.float32, np.float64]))
    height, width = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    values = st.floats(-2, 1, width=32) if kind in (np.float32, np.float64) else None
    pixels = draw(arrays(kind, draw(st.sampled_from([(height, width), (height, width, 3)])), elements=values))
    alpha = draw(st.none() | arrays(kind, (height, width), elements=values))
    white = 1.0 if values is not None else float(np.iinfo(kind).max)
    return Photo(pixels, white, Details("PPM"), alpha)


def same(one, other):
    np.testing.assert_array_equal(one.pixels, other.pixels)
    assert one.pixels.dtype == other.pixels.dtype
    assert (one.alpha is None) == (other.alpha is None)
    assert one.alpha is None or np.array_equal(one.alpha, other.alpha)


@settings(max_examples=60, deadline=None)
@given(photo=photos(), suffix=st.sampled_from([".png", ".tif", ".ppm", ".pnm", ".bmp", ".dib"]))
def test_what_a_format_takes_comes_back_bit_by_bit(photo, suffix, tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / f"x{suffix}"
    try:
        writing.check(path, photo.header)
    except DenoiserError:
        with pytest.raises(DenoiserError):
            writing.write(path, photo)
        assert not path.exists()
        return
    writing.write(path, photo)
    same(photo, reading.read(path))


def test_every_kind_is_written_again_as_it_was(samples, tmp_path):
    lossy = ("turned_jpeg", "jpeg_", "turned_webp")
    for kind, path in samples.items():
        photo = reading.read(path)
        writing.write(tmp_path / path.name, photo)
        again = reading.read(tmp_path / path.name)
        assert replace(again.header, subsampling=photo.header.subsampling) == photo.header, kind
        assert [each for each in again.notes if "floats" not in each] == []
        one, other = (replace(each.details, encoding={}, subsampling=(1, 1)) for each in (photo, again))
        assert one == other, kind
        if kind.startswith(lossy):
            assert np.abs(photo.pixels.astype(int) - again.pixels).mean() < 4, kind
        else:
            same(photo, again)


@pytest.mark.parametrize("kind", ["turned_jpeg", "turned_png", "turned_tiff"])
def test_exif_is_the_same_to_another_library(kind, samples, tmp_path):
    source, target = samples[kind], tmp_path / samples[kind].name
    photo = reading.read(source)
    writing.write(target, photo.with_pixels(photo.pixels ^ 1))
    assert turned(source) == "Rotated 90 CW"
    assert turned(target) == ("Rotated 90 CW" if kind == "turned_jpeg" else "Horizontal (normal)")
    before, after = exif(source), exif(target)
    sizes = {"Image ImageWidth", "Image ImageLength", "Image RowsPerStrip"}
    assert {name: before[name] for name in before if name not in sizes} == {
        name: after[name] for name in after if name not in sizes
    }
    assert {"EXIF MakerNote", "EXIF ExposureTime", "GPS GPSLatitude", "Image Make"} < set(before)


def test_webp_keeps_all_that_pillow_finds_there(samples, tmp_path):
    path = tmp_path / "x.webp"
    writing.write(path, reading.read(samples["turned_webp"]))
    with Image.open(samples["turned_webp"]) as before, Image.open(path) as after:
        assert after.info["icc_profile"] == before.info["icc_profile"] == blocks.SRGB
        assert after.info["xmp"] == blocks.xmp(1)
        assert (before.getexif()[0x0112], after.getexif()[0x0112]) == (6, 1)
        assert after.getexif().get_ifd(0x8825) == before.getexif().get_ifd(0x8825)


def test_profiles_and_packets_stay_byte_by_byte(samples, tmp_path):
    for kind in ("turned_jpeg", "turned_png", "turned_tiff"):
        path = tmp_path / samples[kind].name
        photo = reading.read(samples[kind])
        writing.write(path, photo.with_pixels(photo.pixels ^ 1))
        with Image.open(path) as opened:
            assert opened.info["icc_profile"] == blocks.SRGB, kind
            assert opened.info["xmp"] == blocks.xmp(6 if kind == "turned_jpeg" else 1), kind
            assert opened.info["dpi"] == pytest.approx((240, 240) if "tiff" in kind else (300, 300), abs=0.01), kind


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
@pytest.mark.parametrize("kind", ["turned_jpeg", "turned_png", "turned_tiff", "turned_webp"])
def test_metadata_is_kept_in_another_format(kind, suffix, samples, tmp_path):
    photo, path = reading.read(samples[kind]), tmp_path / f"x{suffix}"
    writing.write(path, photo)
    tags = exif(path)
    assert tags["Image Make"] == "Maker"
    assert tags["EXIF DateTimeOriginal"] == "2024:05:06 07:08:09"
    assert tags["GPS GPSLatitude"] == "[47, 30, 31/2]"
    again = reading.read(path)
    assert (again.details.icc, again.details.xmp) == (photo.details.icc, photo.details.xmp)
    assert photo.details.dpi is None or again.details.dpi == pytest.approx(photo.details.dpi, abs=0.02)
    assert suffix == ".jpg" or np.array_equal(again.pixels, photo.pixels)


def test_16_bits_are_there_to_other_libraries(samples, deep, tmp_path):
    photo = reading.read(samples["png16_rgb"])
    writing.write(tmp_path / "x.png", photo)
    writing.write(tmp_path / "x.tif", photo)
    np.testing.assert_array_equal(imagecodecs.png_decode((tmp_path / "x.png").read_bytes()), deep)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "x.tif"), deep)


@pytest.mark.parametrize(
    ("name", "header", "bits", "what", "fix"),
    [
        ("x.jpg", PNG16, None, "8 bits, not 16", "--bits 8"),
        ("x.webp", PNG16, None, "8 bits, not 16", "--format png"),
        ("x.jpg", Header(4, 5, 3, 8, "JPEG"), 16, "8 bits, not 16", "--bits 8"),
        ("x.png", TIFF32, None, "16 bits, not 32", "--format tiff"),
        ("x.jpeg", Header(4, 5, 3, 8, "PNG", alpha=True), None, "no alpha channel", "--format png"),
        ("x.webp", Header(4, 20000, 3, 8, "PNG"), None, "16383 pixels a side", "--format png"),
        ("x.pgm", Header(4, 5, 3, 8, "PNG"), None, "holds grey", "--format ppm"),
        ("x.gif", Header(4, 5, 3, 8, "GIF"), None, ".gif files are read, but not written", "png"),
    ],
)
def test_what_would_be_lost_is_reported_before_any_work(name, header, bits, what, fix, tmp_path):
    with pytest.raises(DenoiserError, match=what) as caught:
        writing.check(tmp_path / name, header, bits)
    assert fix in caught.value.fix
    assert caught.value.code == 2


@pytest.mark.parametrize(("header", "bits"), [(PNG16, 8), (PNG16, 16), (PNG16, None), (TIFF32, 16), (TIFF32, 8)])
def test_depth_is_lowered_where_it_is_asked_for(header, bits, tmp_path):
    writing.check(tmp_path / "x.png", header, bits)


def test_8_bits_become_16_and_are_the_same_again():
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    photo = Photo(pixels, 255, Details("PNG"), pixels)
    deeper = writing.at_depth(photo, 16)
    np.testing.assert_array_equal(deeper.pixels, pixels.astype(np.uint16) * 257)
    assert deeper.white == 65535
    same(photo, writing.at_depth(deeper, 8))


def test_16_bits_are_rounded_to_8_and_not_cut():
    pixels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    lowered = writing.at_depth(Photo(pixels, 65535, Details("PNG")), 8).pixels
    np.testing.assert_array_equal(lowered, np.floor(pixels / 257.0 + 0.5))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_floats_are_clamped_and_scaled_by_their_white(kind):
    pixels = np.array([[-1, 0, 0.5, 1, 2, 3]], kind)
    alpha = np.array([[0, 0.5, 1, 1, 1, 1]], kind)
    lowered = writing.at_depth(Photo(pixels, 2.0, Details("TIFF"), alpha), 16)
    np.testing.assert_array_equal(lowered.pixels, [[0, 0, 16384, 32768, 65535, 65535]])
    np.testing.assert_array_equal(lowered.alpha, [[0, 32768, 65535, 65535, 65535, 65535]])


def test_a_disk_that_is_full_leaves_nothing_behind(samples, tmp_path, monkeypatch):
    photo, target = reading.read(samples["tiff16_rgb"]), tmp_path / "x.tif"

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tifffile.TiffWriter, "write", full)
    with pytest.raises(DenoiserError, match="No space left") as caught:
        writing.write(target, photo)
    assert caught.value.code == 3
    assert list(tmp_path.iterdir()) == []
