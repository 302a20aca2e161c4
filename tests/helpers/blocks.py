"""Metadata for tests: an EXIF block like a camera's, an XMP packet, and a colour profile for CMYK."""

import struct

import numpy as np
from PIL import Image, ImageCms, TiffImagePlugin

MAKER_NOTE = b"MAKER\0" + bytes(range(200))
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def exif(orientation=6, thumbnail=True):
    """An EXIF block from its TIFF header on, with or without a thumbnail."""
    block = tags(orientation).tobytes().removeprefix(b"Exif\0\0")
    return with_thumbnail(block) if thumbnail else block


def tags(orientation=6):
    """The tags of a camera: maker, date, exposure, maker note and GPS."""
    tags = Image.Exif()
    tags[0x010F], tags[0x0110], tags[0x0112], tags[0x013B] = "Maker", "Camera 1", orientation, "Somebody"
    tags[0x8769] = {
        0x829A: TiffImagePlugin.IFDRational(1, 250),
        0x8827: 1600,
        0x9003: "2024:05:06 07:08:09",
        0x927C: MAKER_NOTE,
    }
    tags[0x8825] = {1: "N", 2: (47.0, 30.0, 15.5), 3: "E", 4: (8.0, 15.0, 45.25)}
    return tags


def with_thumbnail(block):
    """The block with a second directory, that of a thumbnail, and the thumbnail's bytes."""
    order = "<" if block[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", block, 4)
    (count,) = struct.unpack_from(order + "H", block, first)
    link, second, thumb = first + 2 + 12 * count, len(block), b"\xff\xd8thumbnail\xff\xd9"
    entries = ((0x0103, 3, 1, 6), (0x0201, 4, 1, second + 42), (0x0202, 4, 1, len(thumb)))
    directory = struct.pack(order + "H", 3) + b"".join(
        struct.pack(order + ("HHIHxx" if kind == 3 else "HHII"), tag, kind, n, value) for tag, kind, n, value in entries
    )
    return block[:link] + struct.pack(order + "I", second) + block[link + 4 :] + directory + bytes(4) + thumb


def xmp(orientation=6):
    """An XMP packet with an orientation and a rating."""
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        f'tiff:Orientation="{orientation}" xmp:Rating="4"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def ink_profile():
    """A colour profile for CMYK, whose inks are so pale that no formula gives the same colours."""
    paper, solids = np.array([95.0, 0, 0]), np.array([[70, -20, -25], [65, 35, -5], [90, -5, 45], [40, 0, 0]])
    corners = np.indices((2, 2, 2, 2)).reshape(4, 16).T  # the last ink changes fastest
    lab = paper + corners @ (solids - paper)
    lab[:, 0] = lab[:, 0].clip(10, 100)
    encoded = np.c_[lab[:, 0] * 255 / 100, lab[:, 1:] + 128].round().clip(0, 255).astype(np.uint8)
    identity, ramp = np.eye(3).ravel() * 65536, bytes(range(256))
    table = b"mft1" + struct.pack(">4xBBBx", 4, 3, 2) + identity.astype(">i4").tobytes() + 4 * ramp
    return _profile(b"prtrCMYKLab ", {b"A2B0": table + encoded.tobytes() + 3 * ramp})


def _profile(kind, tags):
    """An ICC profile, version 2, of a class, a colour space and a connection space, with the tags that it must have."""
    text = b"Test inks\0"
    tags = {b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78), **tags}
    tags[b"wtpt"] = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    tags[b"cprt"] = b"text\0\0\0\0none\0"
    start, entries, data = 132 + 12 * len(tags), b"", b""
    for name, body in tags.items():
        entries += struct.pack(">4sII", name, start + len(data), len(body))
        data += body + bytes(-len(body) % 4)
    head = (
        struct.pack(">I", start + len(data))
        + bytes(4)
        + b"\x02\x10\0\0"
        + kind
        + struct.pack(">6H", 2024, 1, 1, 0, 0, 0)
        + b"acsp"
    )
    head += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + entries + data
