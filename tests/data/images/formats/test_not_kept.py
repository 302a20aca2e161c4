"""What PNG and WebP files hold beside a picture is kept where that is allowed, else told; nothing claims it then."""

import struct
from dataclasses import replace

import numpy as np
import pytest
from helpers.samples import chunk
from PIL import Image

from denoiser.data.images import reading, writing
from denoiser.data.images.formats import png

VIDEO = b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 3
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:G="http://ns.google.com/photos/1.0/camera/" xmlns:D="http://purl.org/dc/elements/1.1/" '
    b'xmlns:C="http://ns.google.com/photos/1.0/container/" xmlns:I="http://ns.google.com/photos/1.0/container/item/" '
    b'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" G:MotionPhoto="1" hdrgm:Version="1.0" D:format="x">'
    b'<C:Directory><rdf:Seq><rdf:li rdf:parseType="Resource"><C:Item I:Mime="image/png" I:Semantic="Primary"/></rdf:li>'
    b'<rdf:li rdf:parseType="Resource"><C:Item I:Mime="video/mp4" I:Semantic="MotionPhoto" I:Length="768"/></rdf:li>'
    b"</rdf:Seq></C:Directory></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def written(folder, suffix, **options):
    """A small picture in a file of this format; returns its path."""
    pixels = np.random.default_rng(0).integers(0, 256, (7, 9, 3), np.uint8)
    Image.fromarray(pixels).save(folder / f"a{suffix}", **options)
    return folder / f"a{suffix}"


def again(path):
    """The file read and written once more; returns it, and the notes of reading."""
    photo = reading.read(path)
    writing.write(path.with_stem("b"), photo)
    return path.with_stem("b"), photo.notes


def chunk_names(path):
    with path.open("rb") as file:
        return [name for name, _ in png._chunks(file)]


@pytest.mark.parametrize("suffix", [".png", ".webp"])
@pytest.mark.parametrize(
    ("tail", "kind"),
    [(VIDEO, "a video"), (b"\0\1\2", "an unknown kind"), (bytes(40), None), (b"\n", None), (b"", None)],
)
def test_what_is_behind_the_picture_is_told(tmp_path, suffix, tail, kind):
    path = written(tmp_path, suffix)
    with path.open("ab") as file:
        file.write(tail)
    after, notes = again(path)
    assert notes == ((f"{len(tail)} bytes of {kind} behind the picture are left out",) if kind else ())
    assert again(after)[1] == ()  # nothing is behind it now


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_what_is_gone_is_not_claimed_in_the_xmp(tmp_path, suffix):
    path = written(tmp_path, suffix)
    photo = reading.read(path)
    writing.write(path, replace(photo, details=replace(photo.details, xmp=XMP)))
    xmp = reading.read(again(path)[0]).details.xmp
    assert not [claim for claim in (b"MotionPhoto", b"hdrgm:Version", b"Directory", b"video") if claim in xmp]
    assert b'D:format="x"' in xmp


def test_chunks_of_png_are_kept_where_they_stay_true_else_told(tmp_path):
    path = written(tmp_path, ".png")
    data = path.read_bytes()
    before = chunk(b"npOl", b"layout") + chunk(b"caBX", b"signature") + chunk(b"sBIT", b"\5\5\5")
    later = chunk(b"tEXt", b"Title\0x") + chunk(b"vpAg", b"place") + chunk(b"x\x1bBX", b"raw")
    path.write_bytes(data[:33] + before + data[33:-12] + later + data[-12:])
    after, notes = again(path)
    assert notes == ("chunks that cannot be kept are left out: caBX, x?BX",)
    assert chunk_names(after) == [b"IHDR", b"npOl", b"IDAT", b"tEXt", b"vpAg", b"IEND"]
    assert chunk(b"npOl", b"layout") in after.read_bytes() and chunk(b"vpAg", b"place") in after.read_bytes()
    writing.write(tmp_path / "c.webp", reading.read(path))
    assert b"vpAg" not in (tmp_path / "c.webp").read_bytes()


def test_a_chunk_of_png_that_is_too_large_is_told(tmp_path, monkeypatch):
    path = written(tmp_path, ".png")
    data = path.read_bytes()
    path.write_bytes(data[:33] + chunk(b"vpAg", bytes(300)) + data[33:])
    monkeypatch.setattr(png, "_LARGEST", 299)
    after, notes = again(path)
    assert notes == ("chunks that cannot be kept are left out: vpAg",) and b"vpAg" not in chunk_names(after)


def test_chunks_of_webp_of_an_unknown_kind_are_told(tmp_path):
    path = written(tmp_path, ".webp", exif=b"Exif\0\0" + b"MM\0*\0\0\0\x08\0\0\0\0\0\0", lossless=True)
    data = path.read_bytes()
    unknown = struct.pack("<4sI", b"ABCD", 3) + b"xyz\0"
    path.write_bytes(b"RIFF" + struct.pack("<I", len(data) - 8 + len(unknown)) + data[8:] + unknown)
    after, notes = again(path)
    assert notes == ("chunks that cannot be kept are left out: ABCD",)
    assert np.array_equal(reading.read(after).pixels, reading.read(path).pixels)
