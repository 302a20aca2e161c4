"""Files that are not read: recognised by content and name, each with a program that converts it."""

import numpy as np
import pytest
import tifffile

from denoiser.data.images import reading
from denoiser.data.images.formats import foreign
from denoiser.data.images.formats.suffixes import READ
from denoiser.errors import DenoiserError

FTYP = b"\0\0\0\x18ftyp"
TIFF = b"II*\0\x08\0\0\0"
FILES = {
    "a.cr2": (b"II*\0\x10\0\0\0CR\2\0", "a camera's raw file (CR2)", "dcraw_emu -w -6 -T FILE"),
    "a.cr3": (FTYP + b"crx ", "a camera's raw file (CR3)", "dcraw_emu"),
    "a.raf": (b"FUJIFILMCCD-RAW", "a camera's raw file (RAF)", "dcraw_emu"),
    "a.orf": (b"IIRO\x08\0\0\0", "a camera's raw file (ORF)", "dcraw_emu"),
    "a.rw2": (b"IIU\0\x18\0\0\0", "a camera's raw file (RW2)", "dcraw_emu"),
    "a.nef": (b"MM\0*\0\0\0\x08", "a camera's raw file (NEF)", "dcraw_emu"),
    "a.arw": (TIFF, "a camera's raw file (ARW)", "dcraw_emu"),
    "a.pef": (TIFF, "a camera's raw file (PEF)", "dcraw_emu"),
    "a.dng": (TIFF, "a camera's raw file (DNG)", "dcraw_emu"),
    "a.fits": (b"SIMPLE  =                    T", "a FITS file", "savetif"),
    "a.dcm": (bytes(128) + b"DICM", "a DICOM file", "ImageJ"),
    "b.dcm": (bytes(600), "a DICOM file by its name", "ImageJ"),
    "a.exr": (b"v/1\x01\x02\0\0\0", "an OpenEXR picture", "oiiotool FILE -d float -o FILE.tif"),
    "a.heic": (FTYP + b"heic", "a HEIC picture", "magick FILE -depth 16 FILE.tif"),
    "a.avif": (FTYP + b"avif", "an AVIF picture", "avifdec -d 16 FILE FILE.png"),
    "a.jxl": (b"\xff\x0a\0", "a JPEG XL picture", "djxl"),
    "a.jp2": (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture", "opj_decompress"),
    "a.psd": (b"8BPS\0\x01", "a Photoshop document", "magick 'FILE[0]'"),
    "a.svg": (b"<?xml version='1.0'?>\n<svg width='9'>", "an SVG drawing", "inkscape"),
    "a.pdf": (b"%PDF-1.7", "a PDF document", "pdfimages"),
    "a.npz": (b"PK\3\4", "an archive of arrays by its name", "numpy.load('FILE')"),
    "a.czi": (b"ZISRAWFILE\0", "a microscope's file", "bfconvert"),
    "a.mp4": (FTYP + b"isom", "a video (MP4)", "ffmpeg -i FILE -pix_fmt rgb48le"),
    "a.mov": (b"\0\0\0\x08wide\0\0\0\0mdat", "a video (MOV)", "ffmpeg"),
    "a.avi": (b"RIFF\0\0\0\0AVI LIST", "a video (AVI)", "ffmpeg"),
    "a.mkv": (b"\x1a\x45\xdf\xa3\x01", "a video (MKV)", "ffmpeg"),
    "a.mts": ((bytes(4) + b"\x47" + bytes(187)) * 3, "a video (MTS)", "ffmpeg"),
    "a.ts": ((b"\x47" + bytes(187)) * 3, "a video", "ffmpeg"),
}


@pytest.mark.parametrize("name", FILES)
def test_each_kind_is_named_with_a_program_that_converts_it(name, tmp_path):
    content, what, program = FILES[name]
    (tmp_path / name).write_bytes(content)
    for read in (reading.header, reading.read):
        with pytest.raises(DenoiserError) as caught:
            read(tmp_path / name)
        assert caught.value.what == f"{what}, which cannot be read ({tmp_path / name})"
        assert program in caught.value.fix and len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("name", sorted(FILES.keys() - {"a.npz", "b.dcm", "a.nef", "a.arw", "a.pef", "a.dng"}))
def test_content_shows_it_whatever_the_name(name, tmp_path):
    content, what, _ = FILES[name]
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(DenoiserError, match=what.split(" (")[0]):
        reading.header(tmp_path / "x.png")
    assert reading.kind(tmp_path / "x.png") in foreign.KINDS


def test_a_raw_file_named_as_a_tiff_is_not_read_as_its_thumbnail(tmp_path):
    small = np.zeros((8, 8, 3), np.uint8)
    with tifffile.TiffWriter(tmp_path / "nef.tif") as writer:
        writer.write(small, photometric="rgb", subfiletype=1, subifds=1, metadata=None)
        writer.write(np.zeros((16, 16), np.uint16), photometric="cfa", metadata=None)
    version = [(50706, 1, 4, bytes([1, 4, 0, 0]), True)]
    tifffile.imwrite(tmp_path / "dng.tif", small, photometric="rgb", extratags=version, metadata=None)
    for name in ("nef.tif", "dng.tif"):
        with pytest.raises(DenoiserError, match="raw file"):
            reading.read(tmp_path / name)


def test_sound_and_texts_are_no_pictures(tmp_path):
    for content in (FTYP + b"M4A ", b"BMW has many models", b"P5 is no header", b"P1, the first", b"\x47" * 9):
        (tmp_path / "x").write_bytes(content)
        assert reading.kind(tmp_path / "x") is None
    assert reading.kind(tmp_path / "none") is None


def test_no_suffix_is_of_two_kinds_or_read():
    suffixes = [suffix for kind in foreign.KINDS for suffix in kind.suffixes]
    assert len(suffixes) == len(set(suffixes)) and not READ & set(suffixes)
    assert all("makes" in kind.fix for kind in foreign.KINDS)
