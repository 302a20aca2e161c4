"""Files that are no pictures to this project: what they are, by content and suffix, and what makes pictures of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from denoiser.data.images.formats.photo import Refused

START = 512
"""Bytes at the start of a file that show what it is."""
_OF_IT = "makes a 16-bit TIFF of it"
_ISO_MEDIA = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
"""First boxes of QuickTime files without a type."""
_SOUND = (b"M4A", b"M4B", b"M4P")
"""Types of such files that hold sound alone."""
_PACKET = 0x47
"""First byte of each packet of an MPEG transport stream; packets have 188 bytes, or 192 with a time code before."""


@dataclass(frozen=True)
class Kind:
    """A kind of files.

    Attributes:
        one: what such a file is, with its article.
        many: what several are.
        program: the command that makes a picture of `FILE`, and the program that it is of.
        suffixes: their usual suffixes.
        magic: the bytes that they begin with, by their position.
    """

    one: str
    many: str
    program: str
    suffixes: tuple[str, ...]
    magic: tuple[tuple[int, bytes], ...] = ()

    @property
    def fix(self) -> str:
        """How to get a picture that can be read."""
        return self.program if " makes " in self.program else f"{self.program} {_OF_IT}"

    def begins(self, start: bytes) -> bool:
        """Whether a file that begins with these bytes is of this kind."""
        return any(start[position:].startswith(magic) for position, magic in self.magic)


RAW = Kind(
    "a camera's raw file",
    "raw files of cameras",
    "dcraw_emu -w -6 -T FILE (LibRaw), or darktable or RawTherapee,",
    (
        *(".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".dng", ".raf", ".orf", ".rw2", ".pef"),
        *(".srw", ".3fr", ".fff", ".iiq", ".dcr", ".kdc", ".mrw", ".x3f", ".rwl", ".erf", ".mef", ".mos"),
    ),
    (
        *((4, b"ftypcrx"), (8, b"CR\x02\0"), (6, b"HEAPCCDR"), (0, b"FUJIFILM"), (0, b"IIRO"), (0, b"IIRS")),
        *((0, b"MMOR"), (0, b"IIU\0"), (0, b"FOVb"), (0, b"\0MRM")),
    ),
)
VIDEO = Kind(
    "a video",
    "videos",
    "ffmpeg -i FILE -pix_fmt rgb48le FILE-%05d.tif makes a 16-bit TIFF of each of its pictures",
    (
        *(".mp4", ".mov", ".avi", ".mkv", ".mts", ".m2ts", ".m4v", ".webm", ".mpg", ".mpeg", ".wmv", ".3gp", ".mxf"),
        *(".flv", ".braw", ".r3d"),
    ),
    (
        *((0, b"\x1a\x45\xdf\xa3"), (0, b"\0\0\x01\xba"), (0, b"FLV\x01"), (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11")),
        *((0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01"), (8, b"AVI ")),
    ),
)
_NAMES = {b"CR\x02\0": "CR2", b"ftypcrx": "CR3", b"FUJIFILM": "RAF", b"IIRO": "ORF", b"IIU\0": "RW2", b"FOVb": "X3F"}
"""Names of cameras' raw files by what they begin with."""
KINDS = (
    RAW,
    Kind(
        "a HEIC picture",
        "HEIC pictures",
        "magick FILE -depth 16 FILE.tif (ImageMagick)",
        (".heic", ".heif", ".hif"),
        tuple((4, b"ftyp" + brand) for brand in (b"hei", b"hev", b"mif1", b"msf1")),
    ),
    Kind(
        "an AVIF picture",
        "AVIF pictures",
        "avifdec -d 16 FILE FILE.png (libavif) makes a 16-bit PNG of it",
        (".avif", ".avifs"),
        ((4, b"ftypavi"),),
    ),
    Kind(
        "a JPEG XL picture",
        "JPEG XL pictures",
        "djxl --bits_per_sample=16 FILE FILE.png (libjxl) makes a 16-bit PNG of it",
        (".jxl",),
        ((4, b"JXL "), (0, b"\xff\x0a")),
    ),
    Kind(
        "a JPEG 2000 picture",
        "JPEG 2000 pictures",
        "opj_decompress -i FILE -o FILE.tif (OpenJPEG) makes a TIFF of it, at its depth",
        (".jp2", ".j2k", ".j2c", ".jpf", ".jpx"),
        ((4, b"jP  "), (0, b"\xff\x4f\xff\x51")),
    ),
    Kind(
        "a FITS file",
        "FITS files",
        "Siril (load FILE, savetif FILE) or ImageJ",
        (".fits", ".fit", ".fts", ".fz"),
        ((0, b"SIMPLE  ="),),
    ),
    Kind(
        "a DICOM file",
        "DICOM files",
        "ImageJ makes a 16-bit TIFF of it, or dcm2img +on2 FILE FILE.png (DCMTK) a 16-bit PNG",
        (".dcm", ".dicom", ".ima"),
        ((128, b"DICM"),),
    ),
    Kind(
        "an OpenEXR picture",
        "OpenEXR pictures",
        "oiiotool FILE -d float -o FILE.tif (OpenImageIO) makes a float TIFF of it, -d uint16 a 16-bit TIFF",
        (".exr",),
        ((0, b"v/1\x01"),),
    ),
    Kind(
        "a Radiance HDR picture",
        "Radiance HDR pictures",
        "oiiotool FILE -d float -o FILE.tif (OpenImageIO) makes a float TIFF of it",
        (".rgbe",),
        ((0, b"#?RADIANCE"), (0, b"#?RGBE")),
    ),
    Kind(
        "a DPX picture",
        "DPX pictures",
        "oiiotool FILE -d uint16 -o FILE.tif (OpenImageIO)",
        (".dpx",),
        ((0, b"SDPX"), (0, b"XPDS")),
    ),
    Kind(
        "a microscope's file",
        "files of microscopes",
        "bfconvert FILE FILE.ome.tif (Bio-Formats) makes a TIFF of all its pictures, at their depth",
        (".czi", ".nd2", ".lif", ".oir", ".oib", ".vsi"),
        ((0, b"ZISRAWFILE"), (0, b"\xda\xce\xbe\x0a"), (0, b"\x70\0\0\0")),
    ),
    Kind(
        "a Photoshop document",
        "Photoshop documents",
        "magick 'FILE[0]' -depth 16 FILE.tif (ImageMagick) makes a 16-bit TIFF of all its layers together",
        (".psd", ".psb"),
        ((0, b"8BPS"),),
    ),
    Kind(
        "an SVG drawing",
        "SVG drawings",
        "inkscape FILE --export-filename=FILE.png makes a PNG of it; it has no noise",
        (".svg", ".svgz"),
        ((0, b"<svg"),),
    ),
    Kind(
        "a PDF document",
        "PDF documents",
        "pdfimages -tiff FILE FILE (Poppler) makes a TIFF of each picture in it",
        (".pdf",),
        ((0, b"%PDF"),),
    ),
    Kind(
        "an archive of arrays",
        "archives of arrays",
        "numpy.save('FILE.npy', numpy.load('FILE')['NAME']) makes a file of one array",
        (".npz",),
    ),
    Kind(
        "a PBM or PAM picture",
        "PBM or PAM pictures",
        "magick FILE FILE.png (ImageMagick) makes a PNG of it, at its depth",
        (".pbm", ".pam"),
        tuple((0, b"P" + digit + space) for digit in (b"1", b"4", b"7") for space in (b" ", b"\n", b"\r")),
    ),
    Kind("a Targa picture", "Targa pictures", "magick FILE FILE.png (ImageMagick) makes a PNG of it", (".tga",)),
    VIDEO,
)
BY_SUFFIX: Mapping[str, Kind] = {suffix: kind for kind in KINDS for suffix in kind.suffixes}
"""The kind of files by their suffix."""


def kind_of(start: bytes) -> Kind | None:
    """The kind of a file by its first `START` bytes; None for other files, pictures among them."""
    known = next((kind for kind in KINDS if kind.begins(start)), None)
    if known is not None:
        return known
    is_media = start[4:8] == b"ftyp" and start[8:11] not in _SOUND
    if is_media or start[4:8] in _ISO_MEDIA or _is_transport_stream(start):
        return VIDEO
    if start.lstrip()[:5] == b"<?xml" and b"<svg" in start:
        return BY_SUFFIX[".svg"]
    return None


def refuse(start: bytes, suffix: str, is_tiff: bool) -> None:
    """Refuse a file of another kind.

    Args:
        start: its first `START` bytes.
        suffix: of its name, in lower case.
        is_tiff: whether it begins as a TIFF file does; so do many cameras' raw files, which only their suffix shows.

    Raises:
        Refused: the file is of one of `KINDS`; says which, and what makes a picture of it.
    """
    kind = RAW if is_tiff and suffix in RAW.suffixes else kind_of(start)
    if kind is not None:
        by_suffix = suffix[1:].upper() if kind in (RAW, VIDEO) and suffix in kind.suffixes else ""
        name = next((name for magic, name in _NAMES.items() if magic in start[:16]), by_suffix)
        raise Refused(f"{kind.one}{f' ({name})' if name else ''}, which cannot be read", kind.fix)


def unknown(suffix: str) -> Refused:
    """The error for a file whose content shows nothing, by the suffix of its name."""
    kind = BY_SUFFIX.get(suffix)
    return Refused(f"{kind.one} by its name, which cannot be read", kind.fix) if kind else Refused("not a picture")


def _is_transport_stream(start: bytes) -> bool:
    return any(
        len(start) > first + step and start[first] == start[first + step] == _PACKET
        for first, step in ((0, 188), (4, 192))
    )
