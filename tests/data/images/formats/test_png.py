import struct
import zlib

import numpy as np
import pytest
from helpers import samples as made
from PIL import Image

from denoiser.data.images import reading, writing
from denoiser.data.images.formats.photo import Details, Photo
from denoiser.errors import DenoiserError


def test_text_and_gamma_are_kept_at_both_depths(samples, tmp_path):
    photo = reading.read(samples["turned_png"])
    writing.write(tmp_path / "8.png", photo)
    writing.write(tmp_path / "16.png", photo, bits=16)
    for name in ("8.png", "16.png"):
        with Image.open(tmp_path / name) as opened:
            opened.load()
            assert opened.text["Title"] == "A scene"
            assert opened.text["Comment"] == "Grüße"
            assert opened.info["gamma"] == pytest.approx(0.45455)
            assert opened.text.keys() == {"Title", "Comment", "XML:com.adobe.xmp"}


def test_chunks_are_those_of_a_sound_file(samples, tmp_path):
    writing.write(tmp_path / "x.png", reading.read(samples["turned_png"]), bits=16)
    data, place, names = (tmp_path / "x.png").read_bytes(), 8, []
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        name, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        assert struct.unpack_from(">I", data, place + 8 + length) == (zlib.crc32(name + body),)
        names.append(name)
        place += 12 + length
    assert (names[0], names[-1]) == (b"IHDR", b"IEND")
    assert max(names.index(name) for name in (b"gAMA", b"iCCP", b"pHYs")) < names.index(b"IDAT")


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_levels_fill_8_bits(bits, tmp_path):
    levels = np.random.default_rng(0).integers(0, 2**bits, (5, 7), dtype=np.uint8)
    (tmp_path / "x.png").write_bytes(made.shallow_png(levels, bits))
    np.testing.assert_array_equal(reading.read(tmp_path / "x.png").pixels, levels * (255 // (2**bits - 1)))


def test_a_transparent_colour_becomes_alpha(samples, deep):
    photo = reading.read(samples["png_key"])
    eight = (deep >> 8).astype(np.uint8)
    np.testing.assert_array_equal(photo.alpha == 0, (eight == eight[0, 0]).all(axis=2))
    assert photo.header.alpha


def test_the_shape_of_dots_is_kept_and_their_size_turned(samples, tmp_path):
    data = samples["png8_grey"].read_bytes()
    ratio = made.chunk(b"pHYs", struct.pack(">IIB", 2, 1, 0))
    (tmp_path / "ratio.png").write_bytes(data[:33] + ratio + data[33:])
    Image.new("L", (3, 2)).save(tmp_path / "dpi.png", dpi=(300, 150), exif=b"Exif\0\0" + made.blocks.exif())
    for name in ("ratio.png", "dpi.png"):
        writing.write(tmp_path / name, reading.read(tmp_path / name))
    with Image.open(tmp_path / "ratio.png") as ratio, Image.open(tmp_path / "dpi.png") as dpi:
        assert ratio.info["aspect"] == (2, 1)
        assert dpi.info["dpi"] == pytest.approx((150, 300), abs=0.02)


def test_flipped_bits_are_found(samples, tmp_path):
    data = bytearray(samples["png16_rgb"].read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "x.png").write_bytes(data)
    with pytest.raises(DenoiserError, match="the file is damaged or cut off"):
        reading.read(tmp_path / "x.png")


def test_a_profile_that_grows_beyond_belief_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("denoiser.data.images.formats.png._LARGEST", 1000)
    Image.new("L", (3, 2)).save(tmp_path / "x.png", icc_profile=bytes(10**6))
    assert reading.read(tmp_path / "x.png").details.icc is None


@pytest.mark.parametrize("shape", [(9000, 1), (5000, 2), (5000, 3), (3000, 1, 3), (1, 9000), (700, 700, 3)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_noise_of_any_shape_is_written(shape, kind, tmp_path):
    pixels = np.random.default_rng(0).integers(0, np.iinfo(kind).max, shape, kind, endpoint=True)
    writing.write(tmp_path / "x.png", Photo(pixels, float(np.iinfo(kind).max), Details("PNG")))
    np.testing.assert_array_equal(reading.read(tmp_path / "x.png").pixels, pixels)


def test_a_text_beyond_belief_is_left_out_and_not_emptied(samples, tmp_path, monkeypatch):
    monkeypatch.setattr("denoiser.data.images.formats.png._LARGEST", 1000)
    data = samples["png8_grey"].read_bytes()
    texts = made.chunk(b"tEXt", b"Long\0" + b"x" * 2000) + made.chunk(b"tEXt", b"Short\0y")
    (tmp_path / "x.png").write_bytes(data[:33] + texts + data[33:])
    writing.write(tmp_path / "y.png", reading.read(tmp_path / "x.png"))
    with Image.open(tmp_path / "y.png") as opened:
        opened.load()
        assert opened.text == {"Short": "y"}


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_an_animation_of_two_frames_is_one_and_of_one_frame_is_none(frames, tmp_path):
    first, *others = (Image.new("L", (3, 2), 50 * level) for level in range(frames))
    first.save(tmp_path / "x.png", save_all=True, append_images=others)
    if frames == 1:
        assert reading.header(tmp_path / "x.png")
    else:
        with pytest.raises(DenoiserError, match=f"an animation of {frames} pictures"):
            reading.header(tmp_path / "x.png")
