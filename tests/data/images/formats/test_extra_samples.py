"""Bands beyond colour are no transparency: a TIFF keeps them, and other formats are written without them."""

import imagecodecs
import numpy as np
import pytest
import tifffile
from helpers.samples import RAW, grey, ramp
from PIL import Image

from denoiser.data.images import reading, writing
from denoiser.data.images.formats.photo import Header

FULL = {"uint8": 255, "uint16": 65535, "float32": 1.0}


def pictured(deep, kind):
    """Colour, near infrared, an alpha channel and one more band, in levels of that type."""
    colour, alpha = deep, ramp(deep)
    planes = (colour, 65535 - grey(colour), alpha, colour[..., 1])
    scaled = [plane / 65535 * FULL[kind] for plane in planes]
    return [(np.rint(plane) if kind != "float32" else plane).astype(kind) for plane in scaled]


def stored(path, colour, extras, kinds, **options):
    meaning = "minisblack" if colour.ndim == 2 else "rgb"
    layout = {"photometric": meaning, "planarconfig": "contig", "extrasamples": kinds, **options}
    samples = np.dstack([colour, *extras])
    if layout["planarconfig"] == "separate":
        samples = np.ascontiguousarray(np.moveaxis(samples, 2, 0))
    tifffile.imwrite(path, samples, **layout, **RAW)
    return path


@pytest.mark.parametrize("kind", FULL)
@pytest.mark.parametrize("planes", ["contig", "separate"])
@pytest.mark.parametrize("order", [(0,), (0, 0), (0, 2), (2, 0), (0, 1, 0), (2, 2)])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_tiff_keeps_each_in_its_place(kind, planes, order, channels, deep, tmp_path):
    colour, infrared, alpha, green = pictured(deep, kind)
    first = colour if channels == 3 else grey(colour) if kind != "float32" else colour[..., 2]
    spare = iter((infrared, green))
    has_alpha = any(order)
    place = next((place for place, each in enumerate(order) if each), None)
    extras = [alpha if at == place else next(spare) for at in range(len(order))]
    path = stored(tmp_path / "in.tif", first, extras, order, planarconfig=planes)
    photo = reading.read(path)
    assert np.array_equal(photo.pixels, first) and photo.header == reading.header(path)
    assert (photo.header.channels, photo.header.alpha, photo.header.bands) == (
        channels,
        has_alpha,
        len(order) - has_alpha,
    )
    assert not has_alpha or np.array_equal(photo.alpha, alpha)
    assert writing.write(tmp_path / "out.tif", photo) == ()
    with tifffile.TiffFile(tmp_path / "out.tif") as opened:
        assert tuple(int(each) for each in opened.pages[0].extrasamples) == order
        assert np.array_equal(opened.asarray(), np.dstack([first, *extras]))


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("suffix", [".png", ".webp", ".jpg", ".ppm", ".bmp"])
def test_other_formats_get_the_colours_and_a_note(kind, channels, suffix, deep, tmp_path):
    colour, infrared, *_ = pictured(deep, kind)
    first = colour if channels == 3 else grey(colour)
    photo = reading.read(stored(tmp_path / "in.tif", first, [infrared], [0]))
    path = tmp_path / f"out{suffix}"
    (note,) = writing.write(path, photo, 8)
    assert note.endswith("holds no bands beyond colour: 1 left out")
    with Image.open(path) as opened:
        assert opened.mode in ("L", "RGB")  # opaque
    if suffix == ".png":
        expected = first if kind == "uint8" else np.rint(first / 257)
        assert np.array_equal(imagecodecs.imread(path), expected)


def test_alpha_is_kept_where_a_band_stands_before_it(deep, tmp_path):
    colour, infrared, alpha, _ = pictured(deep, "uint16")
    photo = reading.read(stored(tmp_path / "in.tif", colour, [infrared, alpha], [0, 2]))
    writing.write(tmp_path / "out.png", photo)
    assert np.array_equal(imagecodecs.imread(tmp_path / "out.png"), np.dstack([colour, alpha]))


def test_bands_are_turned_and_their_depth_is_lowered_with_the_colours(deep, tmp_path):
    colour, infrared, *_ = pictured(deep, "uint16")
    path = stored(tmp_path / "in.tif", colour, [infrared], [0], extratags=[(274, 3, 1, 6, True)])
    photo = reading.read(path)
    assert np.array_equal(photo.bands[..., 0], np.rot90(infrared, -1))
    lowered = writing.at_depth(photo, 8)
    assert np.array_equal(lowered.bands[..., 0], np.rint(np.rot90(infrared, -1) / 257))


def test_inks_with_a_spot_colour_keep_it_as_a_band(deep, tmp_path):
    inks, spot = np.dstack([deep, grey(deep)]), ramp(deep)
    tifffile.imwrite(
        tmp_path / "in.tif", np.dstack([inks, spot]), photometric="separated", extrasamples=["unspecified"], **RAW
    )
    photo = reading.read(tmp_path / "in.tif")
    assert photo.alpha is None and np.array_equal(photo.bands[..., 0], spot) and photo.channels == 3


def test_a_sample_without_a_kind_is_an_alpha_channel(deep, tmp_path):
    path = stored(tmp_path / "in.tif", deep, [ramp(deep)], [2])
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as opened:
        at = opened.pages[0].tags[338].offset
    data[at : at + 2] = (65000).to_bytes(2, "little")  # an unknown tag in its place
    path.write_bytes(data)
    assert np.array_equal(reading.read(path).alpha, ramp(deep))


def test_memory_of_bands_is_counted():
    from denoiser.photos.batch.reader import memory

    assert memory(Header(10, 20, 3, 16, "TIFF", bands=2)) == 2 * 10 * 20 * (3 + 1 + 2) * 2
