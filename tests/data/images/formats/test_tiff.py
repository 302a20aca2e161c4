import io
import struct
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from helpers import blocks
from helpers.samples import RAW, grey, ramp
from PIL import Image

from denoiser.data.images import reading, writing
from denoiser.data.images.formats import tiff_directories, tiff_metadata, tiff_pages, tiff_writer
from denoiser.data.images.formats.colour_spaces import from_cmyk
from denoiser.data.images.formats.photo import Details, Photo
from denoiser.data.images.formats.tiff_tags import ExifTag
from denoiser.errors import DenoiserError


def saved(path, pixels, **options):
    tifffile.imwrite(path, pixels, **RAW, **options)
    return path


def page(path):
    with tifffile.TiffFile(path) as opened:
        (only,) = opened.pages
        return only


@pytest.mark.parametrize("bits", [9, 10, 12, 14])
def test_depths_between_8_and_16_fill_16_bits(bits, tmp_path):
    levels = np.random.default_rng(0).integers(0, 2**bits, (7, 9), dtype=np.uint16)
    levels[0, 0] = 2**bits - 1
    path = saved(tmp_path / "x.tif", levels, photometric="minisblack", bitspersample=bits)
    photo = reading.read(path)
    pixels = photo.pixels
    assert (pixels.dtype, pixels[0, 0]) == (np.uint16, 65535)
    assert photo.notes == (f"{bits}-bit levels stretched to 16 bits",)
    np.testing.assert_array_equal(np.rint(pixels * ((2**bits - 1) / 65535)), levels)


@pytest.mark.parametrize("compression", [None, "group4", "packbits"])
def test_one_bit_is_black_and_white(compression, tmp_path):
    bits = np.eye(20, dtype=bool)
    Image.fromarray(bits).save(tmp_path / "x.tif", compression=compression)
    np.testing.assert_array_equal(reading.read(tmp_path / "x.tif").pixels, bits * np.uint8(255))


def test_a_palette_becomes_rgb(tmp_path):
    indices, table = np.arange(256, dtype=np.uint8).reshape(16, 16), np.random.default_rng(0).integers(0, 256, (3, 256))
    path = saved(tmp_path / "x.tif", indices, photometric="palette", colormap=(table * 257).astype(np.uint16))
    np.testing.assert_array_equal(reading.read(path).pixels, table.T.reshape(16, 16, 3))


def test_white_is_zero_is_turned_over(deep, tmp_path):
    path = saved(tmp_path / "x.tif", 65535 - grey(deep), photometric="miniswhite")
    np.testing.assert_array_equal(reading.read(path).pixels, grey(deep))


@pytest.mark.parametrize("profile", [None, blocks.ink_profile()])
def test_inks_of_16_bits_become_rgb_and_lose_their_profile(profile, deep, tmp_path):
    inks = np.dstack([deep, ramp(deep)])
    path = saved(tmp_path / "x.tif", inks, photometric="separated", iccprofile=profile)
    photo = reading.read(path)
    np.testing.assert_array_equal(photo.pixels, from_cmyk(inks, profile)[0])
    assert photo.details.icc is None
    assert photo.header == reading.header(path)
    assert "CMYK" in photo.notes[0]


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_the_kind_of_alpha_is_kept_and_colours_are_not_divided(kind, deep, tmp_path):
    path = saved(tmp_path / "x.tif", np.dstack([deep, ramp(deep)]), photometric="rgb", extrasamples=[kind])
    photo = reading.read(path)
    writing.write(tmp_path / "y.tif", photo)
    assert page(tmp_path / "y.tif").extrasamples == (kind,)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "y.tif")[..., :3], deep)


def test_half_floats_stay_half(samples, tmp_path):
    photo = reading.read(samples["tiff_float16"])
    writing.write(tmp_path / "x.tif", replace(photo, pixels=photo.pixels * 1e6))
    assert page(tmp_path / "x.tif").dtype == np.float16
    assert np.isfinite(tifffile.imread(tmp_path / "x.tif")).all()


@pytest.mark.parametrize("compression", ["lzw", "zlib", "packbits", "zstd", "lzma", None])
@pytest.mark.parametrize("predictor", [True, False])
def test_lossless_compression_is_kept(compression, predictor, deep, tmp_path):
    predictor = predictor and compression in ("lzw", "zlib", "zstd")
    path = saved(tmp_path / "x.tif", deep, compression=compression, predictor=predictor, photometric="rgb")
    writing.write(tmp_path / "y.tif", reading.read(path))
    before, after = page(path), page(tmp_path / "y.tif")
    assert (after.compression, after.predictor) == (before.compression, before.predictor)


def test_lossy_compression_becomes_lossless(samples, tmp_path):
    writing.write(tmp_path / "x.tif", reading.read(samples["tiff8_jpeg"]))
    assert page(tmp_path / "x.tif").compression == tifffile.COMPRESSION.ADOBE_DEFLATE


def test_thumbnails_and_masks_are_no_pages(deep, tmp_path):
    with tifffile.TiffWriter(tmp_path / "x.tif") as writer:
        writer.write(deep[::4, ::4], photometric="rgb", subfiletype=1)
        writer.write(deep, photometric="rgb")
        writer.write(grey(deep) > 9, photometric="minisblack", subfiletype=4)
    np.testing.assert_array_equal(reading.read(tmp_path / "x.tif").pixels, deep)


@pytest.mark.parametrize(
    ("what", "shape", "options"),
    [
        ("raw file", (8, 9), {"photometric": "cfa"}),
        ("2 pictures|2 pages", (2, 8, 9), {"imagej": True}),
        ("DNG", (8, 9), {"extratags": [(50706, 1, 4, bytes([1, 4, 0, 0]), True)]}),
    ],
)
def test_what_is_not_one_picture_is_named(what, shape, options, tmp_path):
    tifffile.imwrite(tmp_path / "x.tif", np.zeros(shape, np.uint8), **options)
    with pytest.raises(DenoiserError, match=what):
        reading.header(tmp_path / "x.tif")


@pytest.mark.parametrize(("meaning", "name"), [(5, "SEPARATED"), (3, "PALETTE")])
def test_channels_that_do_not_fit_their_meaning_are_named(meaning, name, deep, tmp_path):
    path = saved(tmp_path / "x.tif", deep, photometric="rgb")
    with tifffile.TiffFile(path, mode="r+") as opened:
        opened.pages[0].tags["PhotometricInterpretation"].overwrite(meaning)
    with pytest.raises(DenoiserError, match=f"3 channels of depth 1 as {name}, which cannot be read"):
        reading.header(path)


def test_missing_strips_are_not_taken_for_black(deep, tmp_path):
    path = saved(tmp_path / "x.tif", deep, photometric="rgb", rowsperstrip=8)
    with tifffile.TiffFile(path, mode="r+") as opened:
        counts = list(opened.pages[0].databytecounts)
        opened.pages[0].tags["StripByteCounts"].overwrite([0, *counts[1:]])
    with pytest.raises(DenoiserError, match="cut off"):
        reading.read(path)


def test_tags_beyond_exif_and_the_byte_order_are_kept(deep, tmp_path):
    extra = [(33723, 7, 5, b"IPTC!", True), (42112, 2, 6, b"<gdal>", True), (50999, 12, 2, (0.1, 1e300), True)]
    path = saved(tmp_path / "x.tif", deep, photometric="rgb", byteorder=">", description="Words", extratags=extra)
    writing.write(tmp_path / "y.tif", reading.read(path))
    with tifffile.TiffFile(tmp_path / "y.tif") as after:
        tags = {tag.code: tag.value for tag in after.pages[0].tags}
        assert after.byteorder == ">"
    assert (tags[33723], tags[42112], tags[50999], tags[270]) == (b"IPTC!", "<gdal>", (0.1, 1e300), "Words")


def test_above_4_gigabytes_it_is_a_big_tiff_with_the_same_tags(samples, deep, tmp_path, monkeypatch):
    monkeypatch.setattr(tiff_writer, "_BIG", 0)
    photo = reading.read(samples["turned_tiff"])
    writing.write(tmp_path / "x.tif", photo)
    with tifffile.TiffFile(tmp_path / "x.tif") as opened:
        assert opened.is_bigtiff
        assert opened.pages[0].tags["ExifTag"].value["ExposureTime"] == (1, 250)
        assert opened.pages[0].tags["GPSTag"].value["GPSLatitudeRef"] == "N"
    again = reading.read(tmp_path / "x.tif")
    np.testing.assert_array_equal(again.pixels, photo.pixels)
    assert again.details.exif == photo.details.exif


def test_a_block_of_exif_comes_back_from_its_entries():
    block = blocks.exif(1, thumbnail=False)
    entries, order = tiff_directories.unblock(block)
    again, _ = tiff_directories.unblock(tiff_directories.block(entries, order))
    assert again == entries
    assert entries[ExifTag.ExifIFD].value[0x927C].value == blocks.MAKER_NOTE
    assert {0x010F, ExifTag.ExifIFD, ExifTag.GPSIFD} < set(entries)


@pytest.mark.parametrize("block", [b"", b"II*\0", b"II*\0\xff\xff\xff\xff", blocks.exif()[:70], b"rubbish" * 9])
def test_damaged_blocks_lose_what_is_damaged_and_no_more(block, tmp_path):
    photo = Photo(np.zeros((2, 3), np.uint8), 255, Details("JPEG", exif=block))
    writing.write(tmp_path / "x.tif", photo)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "x.tif"), photo.pixels)


def test_a_directory_that_holds_itself_ends():
    at_itself = b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\0\0\0\0"
    assert tiff_directories.unblock(at_itself)[0] == {}


def test_no_density_is_made_up(deep, tmp_path):
    photo = Photo(deep, 65535, Details("PNG"))
    writing.write(tmp_path / "x.tif", photo)
    assert not {282, 283, 296} & {tag.code for tag in page(tmp_path / "x.tif").tags}
    np.testing.assert_array_equal(reading.read(tmp_path / "x.tif").pixels, deep)
    writing.write(tmp_path / "y.tif", replace(photo, details=Details("PNG", dpi=(300, 300))))
    with Image.open(tmp_path / "y.tif") as opened:
        assert opened.info["dpi"] == (300, 300)


def test_density_in_centimetres_is_reported_in_inches(deep, tmp_path):
    path = saved(tmp_path / "x.tif", deep, photometric="rgb", resolution=(100, 50), resolutionunit=3)
    assert reading.read(path).details.dpi == pytest.approx((254, 127))
    with path.open("rb") as file:
        assert tiff_metadata.details(io.BytesIO(file.read()), page(path).offset).dpi == pytest.approx((254, 127))
    assert tiff_pages.depth(page(path)) == np.uint16


def test_pages_that_lead_in_a_circle_are_refused(tmp_path):
    data = bytearray(saved(tmp_path / "x.tif", np.zeros((5, 6), np.uint8)).read_bytes())
    (first,) = struct.unpack_from("<I", data, 4)
    link = first + 2 + 12 * struct.unpack_from("<H", data, first)[0]
    struct.pack_into("<I", data, link, first)
    (tmp_path / "x.tif").write_bytes(data)
    with pytest.raises(DenoiserError, match="in a circle"):
        reading.header(tmp_path / "x.tif")


def test_directories_are_read_once_and_no_more_than_the_file_holds():
    own = b"".join(struct.pack("<HHII", 0x8769 + kind, 4, 1, 8) for kind in (0, 0xBC) for _ in range(2000))
    same = b"".join(struct.pack("<HHII", 40000 + tag, 1, 5000, 8) for tag in range(400))
    block = struct.pack("<2sHIH", b"II", 42, 8, 4400) + same + own + bytes(4)
    entries, _ = tiff_directories.unblock(block)
    assert 1 <= len(entries) < 20 and sum(len(entry.value) for entry in entries.values()) <= len(block)


def test_a_pixel_that_is_called_as_a_raw_file_is_none(tmp_path):
    pixels = np.full((4, 4, 3), ord("C"), np.uint8)
    pixels[..., 1] = ord("R")
    head = struct.pack("<2sHI", b"II", 42, 8 + pixels.nbytes)
    data = saved(tmp_path / "x.tif", pixels, photometric="rgb").read_bytes()
    (first,) = struct.unpack_from("<I", data, 4)
    count = struct.unpack_from("<H", data, first)[0]
    table = bytearray(data[first : first + 2 + 12 * count + 4])
    for place in range(2, 2 + 12 * count, 12):
        tag = struct.unpack_from("<H", table, place)[0]
        if tag == 273:
            struct.pack_into("<I", table, place + 8, 8)
        elif tag == 258:
            struct.pack_into("<HHIHH", table, place, 258, 3, 1, 8, 0)
        elif tag in (282, 283):
            struct.pack_into("<HHII", table, place, tag, 4, 1, 1)
    (tmp_path / "x.tif").write_bytes(head + pixels.tobytes() + table)
    assert np.array_equal(reading.read(tmp_path / "x.tif").pixels, pixels)


@pytest.mark.parametrize("length", [5, 6, 7])
def test_directories_and_values_begin_at_even_positions(length, tmp_path):
    """TIFF 6.0, page 15: a directory and a value begin on a word boundary."""
    words = {0x010E: "d" * length, 0x010F: "m" * 8, 0x0131: "s" * 6, 0x013B: "a" * 10}  # each with a zero after it
    tags = Image.Exif()
    for tag, value in words.items():
        tags[tag] = value
    details = Details("JPEG", exif=tags.tobytes().removeprefix(b"Exif\0\0"))
    writing.write(tmp_path / "x.tif", Photo(np.zeros((3, length), np.uint8), 255, details))
    with tifffile.TiffFile(tmp_path / "x.tif") as opened:
        (page,) = opened.pages
        assert page.offset % 2 == 0 and {tag: page.tags[tag].value for tag in words} == words
        assert [tag.valueoffset % 2 for tag in page.tags] == [0] * len(page.tags)


def test_a_directory_after_an_odd_number_of_bytes_begins_at_an_even_one():
    head = struct.pack("<2sHI", b"II", 42, 10)
    table = struct.pack("<HHHIII", 1, 0x0100, 4, 1, 7, 0)
    file = io.BytesIO(head + b"xx" + table + b"odd")
    assert len(file.getvalue()) % 2 == 1
    tiff_directories.add(file, [{0x010E: tiff_directories.Entry(2, 7, b"a word\0")}])
    numbers, position = tiff_directories.layout(file)
    assert position % 2 == 0
    assert {tag: entry.value for tag, entry in tiff_directories.directory(file, position, numbers).items()} == {
        0x0100: struct.pack("<I", 7),
        0x010E: b"a word\0",
    }


@pytest.mark.parametrize("predictor", [False, True])
@pytest.mark.parametrize(("channels", "photometric"), [(1, "minisblack"), (1, "miniswhite"), (3, "rgb"), (4, "rgb")])
def test_lzw_in_strips_is_what_was_written(predictor, channels, photometric, tmp_path):
    shape = (90, 70) if channels == 1 else (90, 70, channels)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    options = {"extrasamples": ["unassalpha"]} if channels == 4 else {}
    written = {"compression": "lzw", "predictor": predictor, "rowsperstrip": 7, "metadata": None, **options}
    tifffile.imwrite(tmp_path / "x.tif", pixels, photometric=photometric, planarconfig="contig", **written)
    photo = reading.read(tmp_path / "x.tif")
    shown = pixels if channels < 4 else pixels[..., :3]
    np.testing.assert_array_equal(photo.pixels, 255 - shown if photometric == "miniswhite" else shown)
    data = (tmp_path / "x.tif").read_bytes()
    for share in (0.3, 0.9):
        (tmp_path / "cut.tif").write_bytes(data[: int(share * len(data))])
        with pytest.raises(DenoiserError, match="cut off"):
            reading.read(tmp_path / "cut.tif")
