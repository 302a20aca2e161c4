import re
import struct
import subprocess
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tifffile
from helpers import samples as made
from PIL import Image, ImageOps

from denoiser.data.images import reading
from denoiser.errors import DenoiserError
from denoiser.inference import pixels as arrays_of_pixels


def refusal(path, **options):
    """The two lines that a file is refused with."""
    with pytest.raises(DenoiserError) as caught:
        reading.read(path, **options)
    assert str(path) in caught.value.what
    assert caught.value.code == 2
    return caught.value


def by_pillow(path):
    """What Pillow shows, upright; only of files with 8 bits."""
    with Image.open(path) as opened:
        shown = ImageOps.exif_transpose(opened)
        mode = shown.mode if shown.mode in ("L", "LA", "RGB", "RGBA") else "L" if shown.mode == "1" else "RGB"
        return np.asarray(shown.convert("RGBA" if "transparency" in shown.info else mode))


EIGHT = "png8_* png_* png1_* png2_* png4_* turned_* jpeg_grey jpeg_p* webp_* bmp_* ppm8 pgm8 tiff8_grey tiff8_rgb_lzw"


def test_pixels_are_those_that_pillow_shows_where_it_shows_all_bits(samples):
    kinds = [kind for kind in samples if any(Path(kind).match(pattern) for pattern in EIGHT.split())]
    assert len(kinds) > 20
    for kind in kinds:
        photo, shown = reading.read(samples[kind]), by_pillow(samples[kind])
        ours = photo.pixels if photo.alpha is None else np.dstack([photo.pixels, photo.alpha])
        np.testing.assert_array_equal(ours, shown, err_msg=kind)
        assert photo.pixels.flags.c_contiguous
        assert photo.white == 255


def test_all_16_bits_arrive(samples, deep):
    kinds = [kind for kind in samples if "16" in kind and "float" not in kind]
    assert len(kinds) == 12
    for kind in kinds:
        photo = reading.read(samples[kind])
        expected = made.grey(deep) if photo.channels == 1 else deep
        np.testing.assert_array_equal(photo.pixels, expected, err_msg=kind)
        assert photo.white == 65535
        if photo.alpha is not None:
            np.testing.assert_array_equal(photo.alpha, made.ramp(deep), err_msg=kind)


def test_the_header_tells_what_reading_gives(samples):
    for kind, path in samples.items():
        assert reading.header(path) == reading.read(path).header, kind
        assert reading.read(path).details.format == reading.header(path).format


def test_white_of_floats_is_reported(samples, deep):
    plain, bright = reading.read(samples["tiff_float16"]), reading.read(samples["tiff_float32"])
    assert (plain.white, plain.pixels.dtype, plain.notes) == (1, np.float32, ())
    assert bright.pixels.min() < 0
    assert bright.white == bright.pixels.max() > 1
    assert len(bright.notes) == 1
    assert f"{bright.white:g}" in bright.notes[0]
    assert reading.read(samples["tiff_float64"]).pixels.dtype == np.float64


def test_white_is_that_of_visible_floats(tmp_path):
    pixels = np.full((4, 5, 4), 0.5, np.float32)
    pixels[0, 0] = 9, 9, 9, 0
    tifffile.imwrite(tmp_path / "x.tif", pixels, photometric="rgb", extrasamples=["unassalpha"])
    photo = reading.read(tmp_path / "x.tif")
    assert (photo.white, photo.notes, photo.pixels.max()) == (1, (), 9)


def test_a_hot_pixel_is_not_white(tmp_path):
    pixels = np.random.default_rng(0).uniform(0, 4, (40, 50)).astype(np.float32)
    pixels[0, 0] = 1e5
    tifffile.imwrite(tmp_path / "x.tif", pixels)
    photo = reading.read(tmp_path / "x.tif")
    assert photo.white == np.sort(pixels, axis=None)[-2] and photo.pixels.max() == 1e5
    assert photo.notes == (f"floats up to 100000, all but a few up to {photo.white:g}, which is taken as white",)
    pixels[0, 0] = 15
    tifffile.imwrite(tmp_path / "y.tif", pixels)
    assert reading.read(tmp_path / "y.tif").white == 15


def test_contents_count_and_not_the_name(samples, tmp_path):
    path = tmp_path / "wrong.jpg"
    path.write_bytes(samples["png16_rgb"].read_bytes())
    photo = reading.read(path)
    assert (photo.details.format, photo.pixels.dtype) == ("PNG", np.uint16)
    assert photo.notes == ("a PNG file whose name ends in '.jpg'",)


def test_files_cut_off_anywhere_are_refused_and_never_half_grey(samples, tmp_path):
    for kind, path in samples.items():
        if kind == "jpeg_phone":
            continue  # what is cut off is the second picture, which is not read
        data = path.read_bytes()
        for share in (0.1, 0.5, 0.9, 1):
            short = tmp_path / path.name
            short.write_bytes(data[: int(len(data) * share) - 1])
            assert re.match(r"the file is (damaged or )?cut off \(", refusal(short).what), (kind, share)


def test_a_file_cut_off_in_its_header_is_refused_without_the_words_of_its_decoder(samples, tmp_path):
    for path in samples.values():
        data, short = path.read_bytes(), tmp_path / path.name
        for length in (1, *range(3, 200, 7)):
            short.write_bytes(data[:length])
            assert re.match(
                r"(not a picture|the file is (damaged or )?cut off|a PGM or PPM file whose header is damaged) \(",
                refusal(short).what,
            ), (path.name, length)


def test_a_kind_that_a_decoder_does_not_know_is_not_taken_for_damage(samples, tmp_path):
    data = bytearray(samples["bmp_rgb"].read_bytes())
    data[30] = 99  # the compression
    (tmp_path / "x.bmp").write_bytes(data)
    refused = refusal(tmp_path / "x.bmp")
    assert refused.what.startswith("a kind of picture that cannot be read: ") and "PNG or TIFF" in refused.fix


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "the file is empty"),
        (b"this is text, whatever its name says", "not a picture"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1", "HEIC"),
        (b"II*\0\x10\0\0\0CR\2\0" + bytes(9), "CR2"),
        (b"P1\n1 1\n0\n", "PBM"),
        (b"\x89PNG\r\n\x1a\nrubbish behind the signature", "cut off"),
        (b"II*\0\x08\0\0\0\0\0\0\0\0\0\0\0", "unreadable|cut off"),
    ],
)
def test_what_is_no_picture_is_named(data, what, tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(data)
    assert re.search(what, refusal(path).what)


def test_a_folder_is_no_picture(tmp_path):
    assert "directory" in refusal(tmp_path).what


def test_a_picture_without_permission_is_named(tmp_path, monkeypatch):
    def forbidden(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    assert "chmod" in refusal(tmp_path / "x.png").fix


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "TIFF"])
def test_several_pictures_in_a_file_are_counted(kind, tmp_path):
    pictures = [Image.new("RGB", (8, 8), (60 * level, 0, 0)) for level in range(3)]
    path = tmp_path / f"several.{kind.lower()}"
    pictures[0].save(path, save_all=True, append_images=pictures[1:])
    assert "3 pages" in refusal(path).what or "3 pictures" in refusal(path).what


def test_bombs_are_refused_by_their_header(tmp_path):
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(made.chunk(*each) for each in chunks))
    error = refusal(path)
    assert "10000000000 pixels" in error.what
    assert "400000000" in error.what
    assert error.fix == "--max-pixels 10000000000"


def test_the_limit_is_ours_alone_and_lets_pass_what_is_within(samples, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1)
    for path in samples.values():
        assert reading.read(path, max_pixels=48 * 64).megapixels == 48 * 64 / 1e6
        assert "--max-pixels 3072" in refusal(path, max_pixels=48 * 64 - 1).fix


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_no_numbers_are_counted(value, tmp_path):
    pixels = np.ones((5, 6), np.float32)
    pixels[2:4, 3] = value
    tifffile.imwrite(tmp_path / "nan.tif", pixels)
    assert "2 values are NaN or infinite" in refusal(tmp_path / "nan.tif").what


@pytest.mark.parametrize("kind", ["int8", "int16", "int32", "uint32"])
def test_integers_without_a_known_white_are_read_as_floats_up_to_the_largest(kind, tmp_path):
    limits = np.iinfo(kind)
    levels = np.array([[limits.min, limits.max], [1, 0]], kind)
    tifffile.imwrite(tmp_path / "levels.tif", levels)
    photo = reading.read(tmp_path / "levels.tif")
    assert photo.pixels.dtype == (np.float32 if levels.itemsize < 4 else np.float64)
    assert (photo.pixels == levels).all() and photo.white == limits.max
    assert f"{kind} from" in photo.notes[0] and photo.header == reading.header(tmp_path / "levels.tif")


@pytest.mark.parametrize("kind", ["complex64", "int64"])
def test_kinds_of_numbers_that_no_picture_has_are_refused(kind, tmp_path):
    tifffile.imwrite(tmp_path / "levels.tif", np.ones((5, 6), kind))
    assert f"{kind}, which cannot be read" in refusal(tmp_path / "levels.tif").what


def test_alpha_of_integers_without_a_known_white_is_refused(tmp_path):
    path = tmp_path / "alpha.tif"
    tifffile.imwrite(path, np.ones((5, 6, 4), np.int16), photometric="rgb", extrasamples=[2], metadata=None)
    assert "int16 RGB with alpha" in refusal(path).what


def test_threads_read_the_same_and_leave_warnings_alone(samples):
    filters = list(warnings.filters)
    alone = [reading.read(path).pixels for path in samples.values()]
    with ThreadPoolExecutor(8) as pool:
        photos = list(pool.map(reading.read, [*samples.values()] * 3))
    for photo, pixels in zip(photos, alone * 3, strict=True):
        np.testing.assert_array_equal(photo.pixels, pixels)
    assert warnings.filters == filters


def test_torch_is_not_needed():
    code = "import sys; from denoiser.data.images import reading, writing; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("row", [0, 5, 10])
def test_a_value_that_is_no_number_is_found_in_any_strip(row, tmp_path, monkeypatch):
    monkeypatch.setattr(arrays_of_pixels, "STRIP", 12)  # one row
    pixels = np.full((11, 12), 2.5, np.float32)
    tifffile.imwrite(tmp_path / "sound.tif", pixels)
    assert reading.read(tmp_path / "sound.tif").white == 2.5
    pixels[row, 3] = np.nan
    tifffile.imwrite(tmp_path / "broken.tif", pixels)
    assert "1 values are NaN or infinite" in refusal(tmp_path / "broken.tif").what
