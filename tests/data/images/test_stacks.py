"""Files of several pictures, one at a time."""

import numpy as np
import pytest
import tifffile

from denoiser.data.images import reading, stacks, writing
from denoiser.data.images.formats import tiff_writer
from denoiser.errors import DenoiserError

PAGES = np.random.default_rng(0).integers(0, 4000, (3, 9, 12)).astype(np.uint16)


def saved(path, pages=PAGES, **options):
    tifffile.imwrite(path, pages, photometric="minisblack", **options)
    return path


def again(source, target, number=None, bits=None):
    """Write the pages of one file into another."""
    stack = stacks.open_stack(source, number=number)
    notes = writing.write_pages(target, stack.photos(stack.levels()), stack.headers, bits)
    return tifffile.TiffFile(target), notes


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_pages_come_back_as_they_were(order, bigtiff, tmp_path):
    path = saved(tmp_path / "x.tif", byteorder=order, bigtiff=bigtiff, compression="lzw", resolution=(300, 200))
    with tifffile.TiffFile(path) as before, again(path, tmp_path / "y.tif")[0] as after:
        np.testing.assert_array_equal(after.asarray(), PAGES)
        assert after.byteorder == order and len(after.pages) == 3
        for one, other in zip(before.pages, after.pages, strict=True):
            assert one.compression == other.compression
            assert one.aspage().tags["XResolution"].value == other.aspage().tags["XResolution"].value


def test_above_4_gigabytes_all_pages_are_in_a_big_tiff(tmp_path, monkeypatch):
    monkeypatch.setattr(tiff_writer, "_BIG", 0)
    path = saved(tmp_path / "x.tif", compression="zlib", resolution=(300, 200), metadata={"who": "me"})
    with again(path, tmp_path / "y.tif")[0] as after:
        assert after.is_bigtiff and len(after.pages) == 3
        np.testing.assert_array_equal(after.asarray(), PAGES)
        assert {page.aspage().tags["XResolution"].value for page in after.pages} == {(300, 1)}


def test_planes_of_metamorph_become_pages(tmp_path):
    planes = [(33629, "2I", len(PAGES), (0,) * 2 * len(PAGES), True)]
    path = saved(tmp_path / "x.tif", truncate=True, metadata=None, extratags=planes)
    with again(path, tmp_path / "y.tif")[0] as after:
        np.testing.assert_array_equal(after.asarray(), PAGES)
        assert len(after.pages) == 3 and not after.is_stk


@pytest.mark.parametrize(
    "options",
    [
        {
            "imagej": True,
            "metadata": {"axes": "ZYX", "Labels": ["a", "b", "c"], "min": 5.0, "max": 4000.0, "unit": "um"},
        },
        {"ome": True, "metadata": {"axes": "TYX", "Channel": {"Name": "blue"}}},
        {"metadata": {"axes": "ZYX", "who": "me"}},
    ],
    ids=["imagej", "ome", "tifffile"],
)
def test_descriptions_of_all_pages_stay_with_all_pages_only(options, tmp_path):
    path = saved(tmp_path / "x.ome.tif", **options)
    with tifffile.TiffFile(path) as before, again(path, tmp_path / "y.ome.tif")[0] as after:
        assert after.pages[0].description == before.pages[0].description
        assert after.imagej_metadata == before.imagej_metadata and after.ome_metadata == before.ome_metadata
        assert after.series[0].axes == before.series[0].axes
    one = stacks.open_stack(path, number=1)
    photo = one.read()
    writing.write(tmp_path / "z.tif", photo)
    with tifffile.TiffFile(tmp_path / "z.tif") as alone:
        assert alone.asarray().shape == (9, 12) and alone.ome_metadata is None
        assert not {"images", "slices", "Labels"} & set(alone.imagej_metadata or {})
        assert (alone.imagej_metadata or {}).get("unit") == (before.imagej_metadata or {}).get("unit")
    assert "what the file says of all its pages together is left out" in photo.notes


def test_what_is_said_of_the_type_goes_with_the_type(tmp_path):
    path = saved(tmp_path / "x.tif", imagej=True, metadata={"min": 5.0, "max": 4000.0, "unit": "um"})
    with again(path, tmp_path / "y.tif", bits=8)[0] as after:
        assert after.pages[0].dtype == np.uint8
        assert "max" not in after.imagej_metadata and after.imagej_metadata["images"] == 3
    path = saved(tmp_path / "x.ome.tif", ome=True)
    with again(path, tmp_path / "y.ome.tif", bits=8)[0] as after:
        assert len(after.pages) == 3 and after.ome_metadata is None


def test_pages_of_different_sizes_types_and_words(tmp_path):
    colours = np.random.default_rng(1).integers(0, 256, (7, 8, 3), dtype=np.uint8)
    floats, signed = PAGES[0, :5] / np.float32(1000), PAGES[1].astype(np.int16) - 2000
    with tifffile.TiffWriter(tmp_path / "x.tif") as writer:
        for pixels, words in ((colours, "one"), (floats, "two"), (signed, "three")):
            writer.write(
                pixels, description=words, metadata=None, photometric="rgb" if words == "one" else "minisblack"
            )
    stack = stacks.open_stack(tmp_path / "x.tif")
    assert [(header.height, header.channels, header.stored) for header in stack.headers] == [
        (7, 3, ""),
        (5, 1, ""),
        (9, 1, "int16"),
    ]
    assert [photo.white for photo in stack.photos(stack.levels())] == [255, floats.max(), signed.max()]
    with again(tmp_path / "x.tif", tmp_path / "y.tif")[0] as after:
        for page, pixels, words in zip(after.pages, (colours, floats, signed), ("one", "two", "three"), strict=True):
            np.testing.assert_array_equal(page.asarray(), pixels)
            assert (page.dtype, page.description) == (pixels.dtype, words)


def test_white_is_that_of_all_pages(tmp_path):
    stack = stacks.open_stack(saved(tmp_path / "x.tif", PAGES.astype(np.float32) * [[[1]], [[2]], [[3]]]))
    assert {photo.white for photo in stack.photos(stack.levels())} == {PAGES[2].max() * 3.0}


def test_12_bits_in_16_keep_their_range(tmp_path):
    (photo, *_) = (stack := stacks.open_stack(saved(tmp_path / "x.tif"))).photos(stack.levels())
    assert photo.white == 4095 and "12 bits" in photo.notes[0]
    with again(tmp_path / "x.tif", tmp_path / "y.tif", bits=16)[0] as after:
        np.testing.assert_array_equal(after.asarray(), PAGES)
    with again(tmp_path / "x.tif", tmp_path / "y.tif", bits=8)[0] as after:
        np.testing.assert_array_equal(after.asarray(), np.rint(PAGES * np.float32(255 / 4095)))
    assert stacks.open_stack(saved(tmp_path / "z.tif", PAGES[0] + np.uint16(200))).read().white == 65535


@pytest.mark.parametrize("options", [{"truncate": True}, {"truncate": True, "byteorder": ">"}])
def test_pictures_behind_the_only_page_are_pages_too(options, tmp_path):
    path = saved(tmp_path / "x.tif", **options)
    with tifffile.TiffFile(path) as opened:
        assert len(opened.pages) == 1
    with again(path, tmp_path / "y.tif")[0] as after:
        assert len(after.pages) == 3
        np.testing.assert_array_equal(after.asarray(), PAGES)


def test_one_page_of_many_is_read(tmp_path):
    many = np.arange(300, dtype=np.uint8)[:, None, None] * np.ones((1, 3, 4), np.uint8)
    stack = stacks.open_stack(saved(tmp_path / "x.tif", many), number=300)
    assert (stack.read().pixels == many[299]).all() and stack.chosen == (299,)


def test_a_page_that_is_not_there_or_not_whole_is_named(tmp_path):
    path = saved(tmp_path / "x.tif")
    with pytest.raises(DenoiserError) as caught:
        stacks.open_stack(path, number=4)
    assert caught.value.what == f"there is no page 4, only 3 ({path})" and caught.value.fix == "--pages 3"
    with tifffile.TiffFile(path, mode="r+") as opened:
        opened.pages[1].aspage().tags["StripByteCounts"].overwrite([0])
    with pytest.raises(DenoiserError, match="page 2 of 3: the file is cut off"):
        stacks.open_stack(path)
    with pytest.raises(DenoiserError, match="3 pages"):
        reading.header(path)


@pytest.mark.parametrize("options", [{}, {"byteorder": ">"}, {"bigtiff": True}])
def test_a_file_that_is_cut_off_behind_its_first_page_is_not_read_as_that_page_alone(options, tmp_path):
    with tifffile.TiffWriter(tmp_path / "x.tif", **options) as writer:
        for page in PAGES:
            writer.write(page, metadata=None)
    with tifffile.TiffFile(tmp_path / "x.tif") as opened:
        second = opened.pages[1].offset
    (tmp_path / "x.tif").write_bytes((tmp_path / "x.tif").read_bytes()[:second])
    with pytest.raises(DenoiserError, match="the file is cut off"):
        stacks.open_stack(tmp_path / "x.tif")


def test_a_picture_with_nan_is_found_before_any_is_written(tmp_path):
    pages = PAGES.astype(np.float32)
    pages[2, 1, 1] = np.nan
    stack = stacks.open_stack(saved(tmp_path / "x.tif", pages))
    with pytest.raises(DenoiserError, match="page 3 of 3: 1 values are NaN"):
        stack.levels()


def test_pages_keep_their_numbers_and_marks(tmp_path):
    with tifffile.TiffWriter(tmp_path / "x.tif") as writer:
        for number in range(2):
            tags = [(297, "H", 2, (number, 2), True), (285, "s", 0, f"page {number}", True)]
            writer.write(PAGES[number], subfiletype=2, extratags=tags, metadata=None)
    with again(tmp_path / "x.tif", tmp_path / "y.tif")[0] as after:
        assert [page.tags[297].value for page in after.pages] == [(0, 2), (1, 2)]
        assert [page.tags[285].value for page in after.pages] == ["page 0", "page 1"]
        assert all(page.subfiletype == 2 for page in after.pages)
    photo = stacks.open_stack(tmp_path / "x.tif", number=2).read()
    writing.write(tmp_path / "z.tif", photo)
    with tifffile.TiffFile(tmp_path / "z.tif") as alone:
        assert 297 not in alone.pages[0].tags and alone.pages[0].subfiletype == 0
