import io

import pytest
from PIL import Image

from denoiser.data.images.formats import jpeg_segments


def jpeg(size=(35, 21), mode="RGB", **options):
    file = io.BytesIO()
    Image.new(mode, size).save(file, "JPEG", **{"subsampling": 2, **options})
    return file.getvalue()


@pytest.mark.parametrize(
    ("options", "blocks", "seen", "whole"),
    [
        ({"subsampling": 2}, [(4, 6), (2, 3)], [(3, 5), (2, 3)], [(32, 48), (32, 48)]),
        ({"subsampling": 1}, [(3, 6), (3, 3)], [(3, 5), (3, 3)], [(24, 48), (24, 48)]),
        ({"subsampling": 0}, [(3, 5), (3, 5)], [(3, 5), (3, 5)], [(24, 40), (24, 40)]),
        ({"mode": "L"}, [(3, 5)], [(3, 5)], [(24, 40)]),
        ({"progressive": True}, [(4, 6), (2, 3)], [(3, 5), (2, 3)], [(24, 40), (32, 48)]),
    ],
)
def test_blocks_of_a_frame(options, blocks, seen, whole):
    """Of 21 x 35 pixels; chroma of 4:2:0 has 11 x 18 samples."""
    frame = jpeg_segments.frame(jpeg(**options))
    assert (frame.height, frame.width, frame.progressive) == (21, 35, bool(options.get("progressive")))
    parts = frame.components[:2]
    assert [frame.blocks(part) for part in parts] == blocks
    assert [frame.seen_blocks(part) for part in parts] == seen
    assert [frame.whole_size(part) for part in parts] == whole


def test_a_frame_has_the_tables_of_its_components():
    coarse, fine = [*range(1, 65)], [300] * 64
    frame = jpeg_segments.frame(jpeg(qtables=[coarse, fine]))
    assert [frame.components[0].quantisation[i] for i in (0, 1, 2, 63)] == [1, 2, 9, 64]  # in zigzag order
    assert [part.quantisation for part in frame.components[1:]] == [(300,) * 64] * 2  # of 16 bits
    assert [part.number for part in frame.components] == [1, 2, 3]


@pytest.mark.parametrize(("side", "expected"), [(1, 16), (16, 16), (65488, 65488), (65489, 65489), (65500, 65500)])
def test_no_side_becomes_too_large_for_libjpeg(side, expected):
    frame = jpeg_segments.frame(jpeg())._replace(height=side)
    assert frame.whole_size(frame.components[0]) == (expected, 48)


@pytest.mark.parametrize(("marker", "precision"), [(0xC0, 12), (0xC3, 8)])
def test_other_precisions_and_pictures_without_blocks_have_no_frame(marker, precision):
    data = bytearray(jpeg())
    start = data.index(b"\xff\xc0")
    data[start + 1], data[start + 4] = marker, precision
    assert jpeg_segments.frame(bytes(data)) is None


def test_inks_have_no_frame():
    assert jpeg_segments.frame(jpeg(mode="CMYK")) is None


def test_fill_bytes_and_bytes_between_segments_are_skipped():
    data = jpeg()
    expected = jpeg_segments.frame(data)
    assert jpeg_segments.frame(data[:2] + b"\xff\xff\xff" + data[2:]) == expected
    end = next(jpeg_segments.segments(data)).end
    for between in (b"ab", b"\xff\0"):
        assert jpeg_segments.frame(data[:end] + between + data[end:]) == expected


def test_tables_behind_the_first_scan_are_seen():
    data = jpeg()
    assert not jpeg_segments.has_later_tables(data)
    table = data.index(b"\xff\xdb")
    assert jpeg_segments.has_later_tables(data[:-2] + data[table : table + 69] + data[-2:])


def test_the_metadata_are_those_of_the_other_file():
    picture = jpeg(comment=b"old", dpi=(50, 50), icc_profile=b"profile")
    adobe = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\1"  # says that three components are Y, Cb and Cr
    picture = picture[:2] + adobe + picture[2:]
    other = jpeg((8, 8), comment=b"new", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0", dpi=(72, 72))
    with Image.open(io.BytesIO(jpeg_segments.with_metadata(picture, other))) as opened:
        opened.load()
        assert opened.size == (35, 21) and opened.info["comment"] == b"new" and opened.info["dpi"] == (72, 72)
        assert "exif" in opened.info and "icc_profile" not in opened.info and opened.info["adobe_transform"] == 1


@pytest.mark.parametrize("data", [b"\xff\xd8\xff", jpeg()[:20], b"\xff\xd8" + bytes(9)])
def test_a_file_without_a_scan_is_an_error(data):
    with pytest.raises((ValueError, StopIteration)):
        jpeg_segments.frame(data)
