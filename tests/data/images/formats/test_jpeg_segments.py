import io

import pytest
from PIL import Image

from denoiser.data.images.formats import jpeg_segments


def jpeg(size=(35, 21), mode="RGB", **options):
    file = io.BytesIO()
    Image.new(mode, size).save(file, "JPEG", **{"subsampling": 2, **options})
    return file.getvalue()


def test_the_size_is_the_frames_and_can_be_changed():
    data = jpeg()
    assert jpeg_segments.size(data) == (21, 35)
    changed = jpeg_segments.resized(data, 17, 33)
    with Image.open(io.BytesIO(changed)) as opened:
        opened.load()
        assert opened.size == (33, 17)
    assert len(changed) == len(data) and sum(a != b for a, b in zip(changed, data, strict=True)) == 2


@pytest.mark.parametrize(
    ("options", "whole"),
    [
        ({"subsampling": 2}, (32, 48)),
        ({"subsampling": 1}, (24, 48)),
        ({"subsampling": 0}, (24, 40)),
        ({"mode": "L"}, (24, 40)),
        ({"subsampling": 2, "progressive": True}, (24, 40)),
    ],
)
def test_whole_blocks_can_be_decoded(options, whole):
    data = jpeg(**options)
    assert jpeg_segments.whole_size(data) == whole
    Image.open(io.BytesIO(jpeg_segments.resized(data, *whole))).load()


@pytest.mark.parametrize(("side", "expected"), [(1, 16), (16, 16), (65488, 65488), (65489, 65489), (65500, 65500)])
def test_no_side_becomes_too_large_for_libjpeg(side, expected):
    assert jpeg_segments.whole(side, 16) == expected


def test_fill_bytes_and_bytes_between_segments_are_skipped():
    data = jpeg()
    assert jpeg_segments.size(data[:2] + b"\xff\xff\xff" + data[2:]) == (21, 35)
    end = next(jpeg_segments.segments(data)).end
    for between in (b"ab", b"\xff\0"):
        assert jpeg_segments.size(data[:end] + between + data[end:]) == (21, 35)


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
        jpeg_segments.size(data)
