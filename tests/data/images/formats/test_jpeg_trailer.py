"""Videos behind a picture stay, with their length; all else behind it is named; no metadata describes what is gone."""

import io
import struct
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from helpers import blocks
from helpers.samples import RAW
from PIL import Image

from denoiser.data.images import reading, writing
from denoiser.data.images.formats import claims

VIDEO = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(range(256)) * 9
SAMSUNG = b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Data" + VIDEO + b"SEFH" + bytes(20) + b"SEFT"
ITEM = '<rdf:li rdf:parseType="Resource"><C:Item I:Mime="{}" I:Semantic="{}" I:Length="{}"/></rdf:li>'
GAIN = ITEM.format("image/jpeg", "GainMap", 700)
MOTION = ITEM.format("video/mp4", "MotionPhoto", len(VIDEO))
ALL = ("MotionPhoto", "MicroVideo", "GainMap", "hdrgm:Version", "HasExtendedXMP", "Directory")


def xmp(*items, more=""):
    """A packet as phones write it, with a directory of the picture and of further items."""
    listed = ITEM.format("image/jpeg", "Primary", 0) + "".join(items)
    directory = f"<C:Directory><rdf:Seq>{listed}</rdf:Seq></C:Directory>" if items else ""
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:G="http://ns.google.com/photos/1.0/camera/" '
        'xmlns:C="http://ns.google.com/photos/1.0/container/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        'xmlns:I="http://ns.google.com/photos/1.0/container/item/" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" '
        'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
        f'xmp:Rating="4" G:SpecialTypeID="x"{more}>{directory}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


MOVING = ' G:MotionPhoto="1" G:MotionPhotoVersion="1" G:MotionPhotoPresentationTimestampUs=\'5\''


def picture(deep, side=1):
    return Image.fromarray((deep >> 8).astype(np.uint8)[::side, ::side])


def jpeg(deep, side=1, **options):
    file = io.BytesIO()
    picture(deep, side).save(file, "JPEG", quality=90, **options)
    return file.getvalue()


def rewritten(data, tmp_path, suffix=".jpg"):
    """The notes of reading and of writing, the file, and its packet."""
    (tmp_path / "in.jpg").write_bytes(data)
    photo = reading.read(tmp_path / "in.jpg")
    notes = writing.write(tmp_path / f"out{suffix}", photo)
    out = (tmp_path / f"out{suffix}").read_bytes()
    return (*photo.notes, *notes), out, reading.read(tmp_path / f"out{suffix}").details.xmp


def claimed(packet):
    return {word for word in ALL if packet and word.encode() in packet}


@pytest.mark.parametrize("video", [VIDEO, SAMSUNG, bytes(64) + VIDEO])
@pytest.mark.parametrize("progressive", [True, False])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_video_stays_where_it_was_from_the_end(video, progressive, orientation, deep, tmp_path):
    packet = xmp(MOTION, more=MOVING)
    data = jpeg(deep, xmp=packet, progressive=progressive, exif=blocks.exif(orientation)) + video
    notes, out, after = rewritten(data, tmp_path)
    assert notes == () and out.endswith(b"\xff\xd9" + video) and out.count(b"ftypmp42") == 1
    assert after == packet and f'I:Length="{len(VIDEO)}"'.encode() in after
    start = len(out) - len(video)
    Image.open(io.BytesIO(out[:start])).load()


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
@pytest.mark.parametrize("form", ["attributes", "elements"])
def test_elsewhere_it_is_left_out_told_and_not_claimed(suffix, form, deep, tmp_path):
    packet = xmp(MOTION, more=MOVING)
    if form == "elements":
        packet = xmp(MOTION).replace(
            b"<C:Directory>", b"<G:MicroVideo>1</G:MicroVideo><G:MicroVideoOffset>9</G:MicroVideoOffset><C:Directory>"
        )
    notes, out, after = rewritten(jpeg(deep, xmp=packet) + VIDEO, tmp_path, suffix)
    (note,) = notes
    assert note.endswith("cannot hold the JPEG's video: left out") and b"ftyp" not in out
    assert claimed(after) == set() and b'xmp:Rating="4" G:SpecialTypeID="x"' in after


def test_pictures_behind_it_are_counted_and_not_claimed(deep, tmp_path):
    gain = jpeg(deep, 4)
    packet = xmp(GAIN, MOTION, more=MOVING + ' hdrgm:Version="1.0"')
    notes, out, after = rewritten(jpeg(deep, xmp=packet) + gain + VIDEO, tmp_path)
    assert notes == ("only the first of 2 pictures in the file is kept",)
    assert out.endswith(b"\xff\xd9" + VIDEO) and gain not in out
    assert claimed(after) == {"MotionPhoto", "Directory"}
    assert after == xmp(MOTION, more=MOVING)
    notes, out, after = rewritten(jpeg(deep, xmp=xmp(GAIN, more=' hdrgm:Version="1.0"')) + gain + gain, tmp_path)
    assert notes == ("only the first of 3 pictures in the file is kept",)
    assert claimed(after) == set() and after == xmp()


def test_a_list_of_pictures_is_not_written_again(samples, tmp_path):
    notes, out, _ = rewritten(samples["jpeg_phone"].read_bytes(), tmp_path)
    assert notes == ("only the first of 2 pictures in the file is kept",) and b"MPF\0" not in out


def test_what_is_unknown_is_told_and_padding_is_not(deep, tmp_path):
    data = jpeg(deep)
    notes, out, _ = rewritten(data + b"something else", tmp_path)
    assert notes == ("14 bytes of an unknown kind behind the picture are left out",) and b"else" not in out
    for padding in (b"", bytes(40), b"\xff" * 9, b"\0\xff\0"):
        assert rewritten(data + padding, tmp_path)[0] == ()


def test_a_claim_of_what_was_gone_before_goes_too(deep, tmp_path):
    _, _, after = rewritten(jpeg(deep, xmp=xmp(MOTION, more=MOVING)), tmp_path)
    assert after == xmp()


def test_long_xmp_is_claimed_where_it_is(deep, tmp_path):
    packet = xmp(more=' xmpNote:HasExtendedXMP="0123"')
    long = b"http://ns.adobe.com/xmp/extension/\0" + bytes(99)
    data = jpeg(deep, xmp=packet)
    data = data[:2] + struct.pack(">BBH", 255, 0xE1, len(long) + 2) + long + data[2:]
    notes, out, after = rewritten(data, tmp_path)
    assert (notes, after) == ((), packet) and long in out
    notes, _, after = rewritten(data, tmp_path, ".png")
    assert notes == ("PNG cannot hold the JPEG's IPTC or long XMP: left out",) and after == xmp()
    assert rewritten(jpeg(deep, xmp=packet), tmp_path)[2] == xmp()


def test_a_profile_that_is_gone_is_not_claimed(samples, deep, tmp_path):
    packet = xmp(more=' photoshop:ColorMode="4" photoshop:ICCProfile="U.S. Web Coated"')
    picture(deep).convert("CMYK").save(tmp_path / "in.jpg", xmp=packet, icc_profile=blocks.ink_profile())
    assert reading.read(tmp_path / "in.jpg").details.xmp == xmp()
    photo = reading.read(samples["png8_rgb"])
    told = replace(photo, details=replace(photo.details, xmp=packet, icc=blocks.ink_profile()))
    writing.write(tmp_path / "out.png", told)
    assert reading.read(tmp_path / "out.png").details.xmp == xmp()


@pytest.mark.parametrize("packet", [b"", b"<x/>", blocks.xmp(), xmp(), b"\xff\xfe<\0x\0"])
def test_all_other_packets_stay_byte_by_byte(packet):
    for here in (True, False):
        assert claims.cleaned(packet, here, here) == packet
    assert claims.cleaned(None, False, False) is None


def test_a_damaged_picture_has_nothing_behind_it(deep, tmp_path):
    data = bytearray(jpeg(deep))
    data[data.index(b"\xff\xdb")] = 0  # in place of the first marker of a table
    (tmp_path / "in.jpg").write_bytes(data + VIDEO)
    from denoiser.data.images.formats.jpeg_trailer import trailer

    with (tmp_path / "in.jpg").open("rb") as file:
        assert trailer(file) == (data + VIDEO, 0, b"", 0)


def test_pages_and_layers_of_a_tiff_that_are_left_out_are_told(deep, tmp_path):
    block = b"Adobe Photoshop Document Data Block\0"
    layers = [(37724, 7, len(block), block, True)]
    with tifffile.TiffWriter(tmp_path / "in.tif") as writer:
        writer.write(deep, photometric="rgb", subifds=1, extratags=layers, **RAW)
        writer.write(deep[::2, ::2], photometric="rgb", subfiletype=1, **RAW)
        writer.write(deep[::4, ::4], photometric="rgb", subfiletype=1, **RAW)
    photo = reading.read(tmp_path / "in.tif")
    assert photo.notes == ("smaller versions and masks in the file are left out: 2", "Photoshop's layers are left out")
    writing.write(tmp_path / "out.tif", photo)
    assert reading.read(tmp_path / "out.tif").notes == ()
