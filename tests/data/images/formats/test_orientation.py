import io
import struct

import numpy as np
import pytest
from helpers import blocks
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from denoiser.data.images.formats import orientation, tiff_directories


@pytest.mark.parametrize("tag", range(1, 9))
def test_pixels_are_turned_as_pillow_turns_them(tag):
    pixels = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", exif=blocks.exif(tag))
    with Image.open(file) as opened:
        np.testing.assert_array_equal(orientation.turn(pixels, tag), np.asarray(ImageOps.exif_transpose(opened)))
    assert orientation.orientation(blocks.exif(tag), None) == tag


def test_only_the_orientation_and_the_link_to_the_thumbnail_change():
    before = blocks.exif(6)
    after = orientation.upright(before, 6)
    changed = [place for place, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    assert 1 + 1 <= len(changed) <= 1 + 4
    link = orientation._first_directory(before).link
    assert any(before[link : link + 4]) and not any(after[link : link + 4])
    assert orientation.orientation(after, None) == 1
    assert blocks.MAKER_NOTE in after
    kept = orientation.upright(before, 1)
    assert sum(one != other for one, other in zip(before, kept, strict=True)) == 1


@pytest.mark.parametrize("stored", range(1, 9))
def test_a_thumbnail_goes_wherever_the_pixels_were_turned(stored):
    before = blocks.exif(stored)
    link = orientation._first_directory(before).link
    assert any(orientation.upright(before, stored)[link : link + 4]) == (stored == 1)


@pytest.mark.parametrize("stored", range(1, 9))
def test_width_and_height_change_places_where_rows_become_columns(stored):
    tags = blocks.tags(stored)
    tags[0x8769] |= {0xA002: 70000, 0xA003: 321}  # which are of different types
    found = Image.Exif()
    found.load(orientation.upright(tags.tobytes().removeprefix(b"Exif\0\0"), stored))
    inside = found.get_ifd(0x8769)
    assert (inside[0xA002], inside[0xA003]) == ((321, 70000) if stored >= 5 else (70000, 321))
    assert inside[0x927C] == blocks.MAKER_NOTE


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("kind", "format"), [(3, "H2x"), (4, "I")])
def test_both_byte_orders_and_both_widths(order, kind, format):
    magic = b"II" if order == "<" else b"MM"
    entry = struct.pack(f"{order}HHI{format}", 0x0112, kind, 1, 8)
    block = magic + struct.pack(order + "HIH", 42, 8, 1) + entry + bytes(4)
    assert orientation.orientation(block, None) == 8
    assert orientation.orientation(orientation.upright(block, 8), None) == 1


def test_the_packet_is_asked_where_the_block_is_silent():
    assert orientation.orientation(None, blocks.xmp(8)) == 8
    assert orientation.orientation(blocks.exif(3), blocks.xmp(8)) == 3
    assert orientation.upright_xmp(blocks.xmp(8)) == blocks.xmp(1)
    assert orientation.orientation(None, b"<tiff:Orientation>6</tiff:Orientation>") == 6
    assert orientation.orientation(None, None) == 1


@given(block=st.binary(max_size=80), cut=st.integers(0, 60))
def test_damaged_blocks_are_left_as_they_are(block, cut):
    for each in (block, b"II*\0" + block, blocks.exif(6)[:cut]):
        assert len(orientation.upright(each, 6)) == len(each)
        assert orientation.orientation(each, None) in range(1, 9)


def test_directories_inside_of_directories_are_carried():
    tags = blocks.tags(1)
    tags[0x8769][0xA005] = {1: "R98", 2: b"0100"}
    entries, order = tiff_directories.unblock(tags.tobytes().removeprefix(b"Exif\0\0"))
    again = Image.Exif()
    again.load(tiff_directories.block(entries, order))
    assert again.get_ifd(0x8769)[0x927C] == blocks.MAKER_NOTE
    assert again.get_ifd(0xA005)[1] == "R98"
