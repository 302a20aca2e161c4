"""One small picture file of every kind, written by Pillow, tifffile and imagecodecs, never by this project."""

import io
import struct
import zlib

import imagecodecs
import numpy as np
import tifffile
from helpers import blocks
from PIL import Image, PngImagePlugin

RAW = {"software": False, "metadata": None}


def scene(height=48, width=64, seed=0):
    """A smooth picture with noise, uint16 `(H, W, 3)`, bright at the top left, so that turning it shows."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    clean = np.stack([1 - rows, 1 - columns, 0.5 + 0.3 * np.sin(9 * rows * columns)], axis=-1)
    noisy = clean * 50000 + 5000 + rng.normal(0, 3000, clean.shape)
    return noisy.clip(0, 65535).astype(np.uint16)


def one_of_each(folder, picture=None):
    """Write one file of every kind that is read, `kind -> path`; the file's stem is the kind.

    `turned_*` hold EXIF with orientation 6, GPS, a maker note, ICC and XMP; `picture` is uint8 or uint16 `(H, W, 3)`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    deep = scene() if picture is None else picture
    deep = deep.astype(np.uint16) * 257 if deep.dtype == np.uint8 else deep
    return {path.stem: path for make in (_png, _tiff, _jpeg, _others) for path in make(folder, deep)}


def grey(colour):
    """The mean of the channels, of the same type."""
    return colour.mean(axis=2).astype(colour.dtype)


def ramp(colour):
    """An alpha channel `(H, W)` from nothing to all, of the same type."""
    height, width = colour.shape[:2]
    full = np.iinfo(colour.dtype).max
    return np.broadcast_to(np.linspace(0, full, width), (height, width)).astype(colour.dtype)


def _png(folder, deep):
    eight = (deep >> 8).astype(np.uint8)
    for bits, colour in ((8, eight), (16, deep)):
        kinds = {
            "grey": grey(colour),
            "grey_alpha": np.dstack([grey(colour), ramp(colour)]),
            "rgb": colour,
            "rgba": np.dstack([colour, ramp(colour)]),
        }
        for kind, pixels in kinds.items():
            yield _save(folder / f"png{bits}_{kind}.png", imagecodecs.png_encode(pixels))
    picture = Image.fromarray(eight)
    palette = picture.quantize(16)
    for name, options in (
        ("turned_png", {"exif": blocks.exif(), "icc_profile": blocks.SRGB, "dpi": (300, 300), "pnginfo": _text()}),
        ("png_key", {"transparency": tuple(int(value) for value in eight[0, 0])}),
    ):
        picture.save(folder / f"{name}.png", **options)
        yield folder / f"{name}.png"
    palette.save(folder / "png_palette.png")
    palette.save(folder / "png_palette_alpha.png", transparency=bytes([0, 128, 255]))
    yield from (folder / "png_palette.png", folder / "png_palette_alpha.png")
    for bits in (1, 2, 4):
        yield _save(folder / f"png{bits}_grey.png", shallow_png(grey(eight) >> (8 - bits), bits))


def _text():
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "A scene")
    info.add_itxt("Comment", "Grüße", zip=True)
    info.add_itxt("XML:com.adobe.xmp", blocks.xmp().decode())
    info.add(b"gAMA", struct.pack(">I", 45455))
    return info


def shallow_png(levels, bits):
    """A grey PNG of 1, 2 or 4 bits; `levels` `(H, W)` uint8 below `2**bits`."""
    height, width = levels.shape
    packed = np.packbits(np.unpackbits(levels[..., None], axis=2)[..., -bits:].reshape(height, -1), axis=1)
    rows = b"".join(b"\0" + row.tobytes() for row in packed)
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def chunk(name, data):
    """A chunk of a PNG file."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _tiff(folder, deep):
    eight, real = (deep >> 8).astype(np.uint8), deep.astype(np.float32) / 65535
    with_alpha = {"extrasamples": ["unassalpha"], "photometric": "rgb"}
    deflate = {"compression": "deflate", "predictor": True}
    kinds = {
        "tiff8_grey": (grey(eight), {"photometric": "minisblack"}),
        "tiff8_rgb_lzw": (eight, {"compression": "lzw", "photometric": "rgb"}),
        "tiff8_white_is_zero": (255 - grey(eight), {"photometric": "miniswhite"}),
        "tiff8_jpeg": (eight, {"compression": "jpeg", "photometric": "rgb"}),
        "tiff16_grey": (grey(deep), {"photometric": "minisblack", **deflate}),
        "tiff16_rgb": (deep, {"photometric": "rgb", **deflate}),
        "tiff16_rgba": (np.dstack([deep, ramp(deep)]), with_alpha),
        "tiff16_tiled": (deep, {"photometric": "rgb", "tile": (16, 16), "compression": "lzw"}),
        "tiff16_planar": (np.moveaxis(deep, 2, 0), {"photometric": "rgb", "planarconfig": "separate"}),
        "tiff_float16": (real.astype(np.float16), {"photometric": "rgb"}),
        "tiff_float32": (real * 1.5 - 0.1, {"photometric": "rgb", **deflate}),
        "tiff_float64": (grey(real).astype(np.float64), {"photometric": "minisblack"}),
    }
    for name, (pixels, options) in kinds.items():
        tifffile.imwrite(folder / f"{name}.tif", pixels, resolution=(300, 300), resolutionunit=2, **RAW, **options)
        yield folder / f"{name}.tif"
    path = folder / "tiff16_big_endian.tif"
    tifffile.imwrite(path, deep, byteorder=">", photometric="rgb", **RAW)
    yield path
    path, tags = folder / "turned_tiff.tif", blocks.tags()
    tags[0x010E], tags[700] = "A scene with a caption", blocks.xmp()
    Image.fromarray(eight).save(path, exif=tags.tobytes(), icc_profile=blocks.SRGB, dpi=(240, 240))
    yield path


def _jpeg(folder, deep):
    picture = Image.fromarray((deep >> 8).astype(np.uint8))
    everything = {
        "exif": b"Exif\0\0" + blocks.exif(),
        "icc_profile": blocks.SRGB,
        "xmp": blocks.xmp(),
        "dpi": (300, 300),
    }
    kinds = {
        "turned_jpeg": (picture, {"quality": 83, "subsampling": 1, "comment": b"A scene", **everything}),
        "jpeg_grey": (picture.convert("L"), {"quality": 90}),
        "jpeg_progressive": (picture, {"quality": 70, "progressive": True}),
        "jpeg_cmyk": (picture.convert("CMYK"), {"quality": 95}),
        "jpeg_cmyk_profile": (picture.convert("CMYK"), {"quality": 95, "icc_profile": blocks.ink_profile()}),
    }
    for name, (pixels, options) in kinds.items():
        pixels.save(folder / f"{name}.jpg", **options)
        yield folder / f"{name}.jpg"
    picture.save(folder / "jpeg_phone.jpg", format="MPO", save_all=True, append_images=[picture.resize((16, 12))])
    yield folder / "jpeg_phone.jpg"


def _others(folder, deep):
    eight = (deep >> 8).astype(np.uint8)
    picture, faded = Image.fromarray(eight), Image.fromarray(np.dstack([eight, ramp(eight)]))
    tags = {"exif": blocks.exif(), "icc_profile": blocks.SRGB, "xmp": blocks.xmp()}
    kinds = {
        "turned_webp.webp": (picture, {"quality": 90, **tags}),
        "webp_lossless.webp": (picture, {"lossless": True}),
        "webp_alpha.webp": (faded, {"lossless": True, "exact": True}),
        "bmp_rgb.bmp": (picture, {"dpi": (96, 96)}),
        "bmp_grey.bmp": (picture.convert("L"), {}),
        "ppm8.ppm": (picture, {}),
        "pgm8.pgm": (picture.convert("L"), {}),
    }
    for name, (pixels, options) in kinds.items():
        pixels.save(folder / name, **options)
        yield folder / name
    for name, magic, pixels in (("ppm16.ppm", "P6", deep), ("pgm16.pgm", "P5", grey(deep))):
        header = f"{magic}\n# a comment\n{deep.shape[1]} {deep.shape[0]}\n65535\n".encode()
        yield _save(folder / name, header + pixels.astype(">u2").tobytes())


def _save(path, encoded):
    path.write_bytes(bytes(encoded))
    return path


def encoded(picture, kind, **options):
    """The bytes of the file that Pillow writes for a picture."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()
