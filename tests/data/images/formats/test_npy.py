"""Arrays in `.npy` files."""

import numpy as np
import pytest
import tifffile
from helpers import blocks

from denoiser.data.images import reading, stacks, writing
from denoiser.data.images.formats import npy
from denoiser.data.images.formats.photo import Details, Photo
from denoiser.errors import DenoiserError

RNG = np.random.default_rng(0)
NAMES = {".npy": ".npy", ".ppm": "PPM", ".bmp": "BMP"}
KINDS = ("uint8", "uint16", "int8", "int16", "int32", "uint32", "float16", "float32", "float64")


def again(source, target, axes=None, number=None):
    """Write the pictures of one file into another."""
    stack = stacks.open_stack(source, number=number, axes=axes)
    writing.check_pages(target, stack.headers)
    if len(stack) == 1:
        writing.write(target, stack.read())
    else:
        writing.write_pages(target, stack.photos(stack.levels()), stack.headers)
    return np.load(target) if target.suffix == ".npy" else tifffile.imread(target)


def refusal(path, axes=None):
    with pytest.raises(DenoiserError) as caught:
        stacks.open_stack(path, axes=axes)
    return caught.value


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", KINDS)
def test_types_and_byte_orders_come_back_as_they_were(kind, order, tmp_path):
    dtype = np.dtype(kind).newbyteorder(order)
    limits = np.iinfo(kind) if dtype.kind in "ui" else np.finfo(np.float16)
    array = RNG.uniform(limits.min, limits.max, (7, 9)).astype(dtype)
    np.save(tmp_path / "x.npy", array)
    after = again(tmp_path / "x.npy", tmp_path / "y.npy")
    assert after.dtype == dtype
    np.testing.assert_array_equal(after, array)
    np.testing.assert_array_equal(again(tmp_path / "x.npy", tmp_path / "y.tif"), array)
    assert tifffile.imread(tmp_path / "y.tif").dtype == np.dtype(kind)


@pytest.mark.parametrize(
    ("shape", "axes", "count", "channels"),
    [
        ((7, 9), None, 1, 1),
        ((7, 9, 3), None, 1, 3),
        ((7, 9, 1), None, 1, 1),
        ((5, 7, 9), None, 5, 1),
        ((1, 7, 9), None, 1, 1),
        ((2, 7, 9, 3), None, 2, 3),
        ((2, 3, 7, 9), None, 2, 3),
        ((3, 7, 9), "CHW", 1, 3),
        ((3, 7, 9), "NHW", 3, 1),
        ((7, 9, 4), "HWC", 1, 3),
        ((7, 9, 4), "NHW", 7, 1),
        ((9, 7, 8), "NHW", 9, 1),
        ((2, 4, 7, 9), "NCHW", 2, 3),
    ],
)
@pytest.mark.parametrize("fortran", [False, True])
def test_shapes_come_back_as_they_were(shape, axes, count, channels, fortran, tmp_path):
    array = RNG.integers(0, 65536, shape, dtype=np.uint16)
    np.save(tmp_path / "x.npy", np.asfortranarray(array) if fortran else array)
    stack = stacks.open_stack(tmp_path / "x.npy", axes=axes)
    assert (len(stack), stack.headers[0].channels) == (count, channels)
    np.testing.assert_array_equal(again(tmp_path / "x.npy", tmp_path / "y.npy", axes), array)


def test_pixels_are_those_of_the_picture(tmp_path):
    array = RNG.integers(0, 256, (2, 3, 7, 9), dtype=np.uint8)
    np.save(tmp_path / "x.npy", array)
    stack = stacks.open_stack(tmp_path / "x.npy", number=2)
    np.testing.assert_array_equal(stack.read().pixels, array[1].transpose(1, 2, 0))
    np.testing.assert_array_equal(again(tmp_path / "x.npy", tmp_path / "y.npy", number=2), array[1])


@pytest.mark.parametrize(
    ("shape", "fix"),
    [
        ((3, 48, 64), "--axes CHW"),
        ((4, 48, 64), "--axes CHW"),
        ((48, 64, 4), "--axes HWC"),
        ((48, 64, 31), "--axes NHW"),
        ((48, 64, 2), "--axes NHW if the first axis counts pictures, else numpy.moveaxis"),
        ((2, 48, 64, 4), "--axes NHWC"),
        ((2, 3, 64, 3), "--axes N"),
    ],
)
def test_a_shape_that_can_mean_several_things_is_never_guessed(shape, fix, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros(shape, np.uint8))
    error = refusal(tmp_path / "x.npy")
    assert f"an array of shape {shape} can be " in error.what and error.fix.startswith(fix)


@pytest.mark.parametrize(
    ("array", "axes", "what"),
    [
        (np.zeros((5, 6), bool), None, "bool, which are no pixels"),
        (np.zeros((5, 6), np.complex64), None, "complex64, which are no pixels"),
        (np.zeros((5, 6), np.int64), None, "int64, which are no pixels"),
        (np.array([{}, []], object), None, "objects, which are no pixels"),
        (np.zeros(6, np.uint8), None, "is no picture"),
        (np.zeros((5, 6), np.uint8), "NHW", "is no picture as NHW"),
        (np.zeros((5, 6, 5), np.uint8), "HWC", "has 5 channels as HWC"),
        (np.zeros((5, 6, 4), np.int16), "HWC", "int16 with alpha"),
        (np.zeros((0, 6), np.uint8), None, "no pixels"),
    ],
)
def test_what_is_no_picture_is_named(array, axes, what, tmp_path):
    np.save(tmp_path / "x.npy", array)
    error = refusal(tmp_path / "x.npy", axes)
    assert what in error.what and error.fix and "replace" not in error.fix


def test_objects_are_not_unpickled_and_a_short_file_is_told(tmp_path):
    class Trap:
        def __reduce__(self):
            return pytest.fail, ("unpickled",)

    np.save(tmp_path / "x.npy", np.array([Trap()], object))
    refusal(tmp_path / "x.npy")
    np.save(tmp_path / "y.npy", np.zeros((99, 99), np.uint8))
    (tmp_path / "y.npy").write_bytes((tmp_path / "y.npy").read_bytes()[:-1])
    assert "cut off" in refusal(tmp_path / "y.npy").what


def test_pages_of_a_tiff_become_one_array_where_they_are_equal(tmp_path):
    pages = RNG.integers(-9, 900, (3, 8, 9)).astype(np.int16)
    tifffile.imwrite(tmp_path / "x.tif", pages, photometric="minisblack")
    after = again(tmp_path / "x.tif", tmp_path / "y.npy")
    assert after.dtype == np.int16
    np.testing.assert_array_equal(after, pages)
    with tifffile.TiffWriter(tmp_path / "z.tif") as writer:
        for page in (pages[0], pages[1, :5]):
            writer.write(page, metadata=None)
    with pytest.raises(DenoiserError, match=r"\.npy holds pages of one size and type"):
        again(tmp_path / "z.tif", tmp_path / "z.npy")


def test_an_array_is_mapped_and_read_page_by_page(tmp_path):
    np.save(tmp_path / "x.npy", RNG.integers(0, 9, (5, 8, 9)).astype(np.uint8))
    with (tmp_path / "x.npy").open("rb") as file:
        pages = npy.ArrayPictures(file)
        assert isinstance(pages.stack, np.memmap)
        assert pages.read(1, pages.header(1)[1]).pixels.flags.owndata
    with pytest.raises(DenoiserError, match="5 pages"):
        reading.read(tmp_path / "x.npy")


@pytest.mark.parametrize("suffix", [".npy", ".ppm", ".bmp"])
def test_metadata_that_a_format_does_not_hold_is_told(suffix, tmp_path):
    pixels = np.zeros((5, 6), np.uint8)
    for exif, notes in ((blocks.exif(1), (f"{NAMES[suffix]} holds no metadata: left out",)), (None, ())):
        photo = Photo(pixels, 255, Details("JPEG", exif=exif))
        assert writing.write(tmp_path / f"x{suffix}", photo) == notes


@pytest.mark.parametrize(
    ("array", "values"),
    [
        (np.eye(9, dtype=bool), 255 * np.eye(9)),
        (np.eye(9, dtype=np.complex64) * (3 + 4j), 5 * np.eye(9)),
        (np.eye(9, dtype=np.int64) * 70_000, 70_000 * np.eye(9)),
        (np.eye(9, dtype=np.uint64) * 70_000, 70_000 * np.eye(9)),
    ],
    ids=["bool", "complex", "int64", "uint64"],
)
def test_the_advice_for_other_types_makes_pixels_of_the_same_values(array, values, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", array)
    fix = refusal(tmp_path / "x.npy").fix
    eval(fix, {"numpy": np, "array": array})  # as a user would type it
    np.testing.assert_allclose(reading.read(tmp_path / "FILE.npy").pixels, values, rtol=1e-6)
