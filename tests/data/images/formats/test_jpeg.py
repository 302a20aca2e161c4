import io
import struct
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from denoiser.data.images import reading, writing
from denoiser.data.images.formats.photo import Details, Photo
from denoiser.errors import DenoiserError


def rewritten(path, tmp_path, changed=False):
    target, photo = tmp_path / "x.jpg", reading.read(path)
    writing.write(target, photo.with_pixels(photo.pixels ^ 1) if changed else photo)
    return Image.open(path), Image.open(target)


@pytest.mark.parametrize("changed", [False, True])
@pytest.mark.parametrize("kind", ["turned_jpeg", "jpeg_grey", "jpeg_progressive"])
def test_quality_is_matched(kind, changed, samples, tmp_path):
    before, after = rewritten(samples[kind], tmp_path, changed)
    with before, after:
        assert after.quantization == before.quantization
        assert JpegImagePlugin.get_sampling(after) == JpegImagePlugin.get_sampling(before)
        assert after.info.get("progressive") == before.info.get("progressive")
        assert after.info.get("comment") == before.info.get("comment")
        assert after.mode == before.mode


@pytest.mark.parametrize("changed", [False, True])
@pytest.mark.parametrize("adobe", [True, False])
def test_colours_that_were_stored_as_rgb_stay_so(deep, changed, adobe, tmp_path):
    file = io.BytesIO()
    Image.fromarray((deep >> 8).astype(np.uint8)).save(file, "JPEG", keep_rgb=True, quality=90)
    data = file.getvalue()
    start = data.index(b"\xff\xee")
    (tmp_path / "rgb.jpg").write_bytes(data if adobe else data[:start] + data[start + 16 :])
    before, after = rewritten(tmp_path / "rgb.jpg", tmp_path, changed)
    with before, after:
        assert [number for number, *_ in before.layer] == [number for number, *_ in after.layer] == [*b"RGB"]
        assert np.abs(np.asarray(before, int) - np.asarray(after)).mean() < 2


def test_the_same_picture_has_the_new_metadata(samples, tmp_path):
    photo = reading.read(samples["jpeg_progressive"])
    kept = photo.details.encoding
    details = replace(photo.details, xmp=b"<x/>", dpi=(99, 99), encoding={**kept, "comment": b"another"})
    writing.write(tmp_path / "x.jpg", replace(photo, details=details))
    with Image.open(tmp_path / "x.jpg") as after:
        assert after.info["comment"] == b"another" and after.info["xmp"] == b"<x/>" and after.info["dpi"] == (99, 99)
        assert np.array_equal(np.asarray(after), photo.pixels) and after.info["progressive"]


def test_without_metadata_that_say_so_a_picture_is_not_written_turned(samples, tmp_path):
    photo = reading.read(samples["turned_jpeg"])
    bare = replace(photo, details=replace(photo.details, exif=None, xmp=None))
    writing.write(tmp_path / "x.jpg", bare)
    with Image.open(samples["turned_jpeg"]) as before, Image.open(tmp_path / "x.jpg") as after:
        assert after.size == photo.pixels.shape[1::-1]
        assert np.abs(np.asarray(after).astype(int) - photo.pixels).mean() < 2
        stored, table = (np.reshape(each.quantization[0], (8, 8)) for each in (before, after))
        assert np.array_equal(table, stored.T)


def test_captions_of_photoshop_and_long_packets_are_kept(samples, tmp_path):
    segments = {0xED: b"Photoshop 3.0\0" + b"8BIM" * 9, 0xE1: b"http://ns.adobe.com/xmp/extension/\0" + bytes(99)}
    extra = b"".join(struct.pack(">BBH", 255, mark, len(data) + 2) + data for mark, data in segments.items())
    data = samples["jpeg_grey"].read_bytes()
    (tmp_path / "caption.jpg").write_bytes(data[:2] + extra + data[2:])
    before, after = rewritten(tmp_path / "caption.jpg", tmp_path)
    with before, after:
        assert set(segments.values()) <= {data for _, data in after.applist}


def test_of_other_formats_the_quality_is_95_without_subsampling(samples, tmp_path):
    path = tmp_path / "x.jpg"
    writing.write(path, reading.read(samples["png8_rgb"]))
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", quality=95)
    with Image.open(path) as opened, Image.open(file) as expected:
        assert JpegImagePlugin.get_sampling(opened) == 0
        assert opened.quantization == expected.quantization


def test_of_a_phone_the_first_picture_is_kept_and_the_others_are_reported(samples):
    assert reading.read(samples["jpeg_phone"]).notes == ("only the first of 2 pictures in the file is kept",)


@pytest.mark.parametrize("name", ["exif", "xmp"])
def test_what_does_not_fit_is_refused_and_not_dropped(name, tmp_path):
    photo = Photo(np.zeros((2, 3), np.uint8), 255, Details("PNG", **{name: bytes(70000)}))
    with pytest.raises(DenoiserError, match=f"70000 bytes of {name.upper()}") as caught:
        writing.write(tmp_path / "x.jpg", photo)
    assert caught.value.fix == "a name ending in .tif as -o, or --format tiff for a folder"
    assert list(tmp_path.iterdir()) == []


def renumbered(data, numbers):
    """A JPEG whose quantisation tables have other numbers."""
    data, place = bytearray(data), 2
    while data[place + 1] != 0xDA:
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        if data[place + 1] == 0xDB:
            for table in range(place + 4, place + 2 + length, 65):
                data[table] = numbers[data[table]]
        if data[place + 1] == 0xC0:
            for component in range(data[place + 9]):
                data[place + 12 + 3 * component] = numbers[data[place + 12 + 3 * component]]
        place += 2 + length
    return bytes(data)


@pytest.mark.parametrize("numbers", [(0, 1), (1, 0), (0, 2), (2, 3), (3, 1)])
def test_each_component_keeps_its_table_whatever_its_number(numbers, deep, tmp_path):
    file = io.BytesIO()
    Image.fromarray((deep >> 8).astype(np.uint8)).save(file, "JPEG", quality=80)
    (tmp_path / "a.jpg").write_bytes(renumbered(file.getvalue(), numbers))
    before, after = rewritten(tmp_path / "a.jpg", tmp_path)
    with before, after:
        one, other = ([each.quantization[number] for *_, number in each.layer] for each in (before, after))
        assert one == other and one[0] != one[1] == one[2]


def test_inks_that_become_colours_keep_their_captions(samples, tmp_path):
    caption = b"Photoshop 3.0\0" + b"8BIM" * 9
    data = samples["jpeg_cmyk"].read_bytes()
    segment = struct.pack(">BBH", 255, 0xED, len(caption) + 2) + caption
    (tmp_path / "a.jpg").write_bytes(data[:2] + segment + data[2:])
    before, after = rewritten(tmp_path / "a.jpg", tmp_path)
    with before, after:
        assert (before.mode, after.mode) == ("CMYK", "RGB") and ("APP13", caption) in after.applist
