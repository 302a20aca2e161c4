"""Colours multiplied by alpha are divided by it wherever the file written has no field for that."""

import imagecodecs
import numpy as np
import pytest
import tifffile
from helpers.samples import RAW, grey, ramp
from PIL import Image

from denoiser.data.images import reading, writing
from denoiser.data.images.formats.colour_spaces import from_cmyk
from denoiser.errors import DenoiserError

FULL = {"uint8": 255, "uint16": 65535, "float32": 1.0, "float64": 1.0}


def straight(deep, kind, channels):
    """Colours and an alpha channel from 0 to opaque, not multiplied."""
    colours = deep if channels == 3 else grey(deep)
    values = [array / 65535 * FULL[kind] for array in (colours, ramp(deep))]
    return [(np.rint(array) if "int" in kind else array).astype(kind) for array in values]


def premultiplied(folder, deep, kind, channels, **options):
    """A TIFF with associated alpha, its straight colours and its alpha channel."""
    colours, alpha = straight(deep, kind, channels)
    product = (colours.T.astype(float) * alpha.T / FULL[kind]).T
    product = (np.rint(product) if "int" in kind else product).astype(kind)
    meaning = {"photometric": "rgb" if channels == 3 else "minisblack", **options}
    tifffile.imwrite(folder / "in.tif", np.dstack([product, alpha]), extrasamples=["assocalpha"], **RAW, **meaning)
    return folder / "in.tif", colours, alpha


def decoded(path):
    """Colours and alpha as another library reads them."""
    values = np.asarray(Image.open(path)) if path.suffix == ".webp" else imagecodecs.imread(path)
    colours = values[..., :-1]
    return (colours[..., 0] if colours.shape[2] == 1 else colours), values[..., -1]


def in_levels(values, kind, full):
    return values.astype(float) * (full / FULL[kind])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("kind", "bits"), [(kind, bits) for kind in FULL for bits in (8, 16, None) if bits or "int" in kind]
)
def test_a_png_gets_straight_colours(kind, bits, channels, deep, tmp_path):
    path, colours, alpha = premultiplied(tmp_path, deep, kind, channels)
    writing.write(tmp_path / "out.png", reading.read(path), bits)
    after, opacity = decoded(tmp_path / "out.png")
    full = np.iinfo(after.dtype).max
    seen, error = alpha > 0.1 * FULL[kind], np.abs(after - in_levels(colours, kind, full))
    assert np.abs(opacity - in_levels(alpha, kind, full)).max() < 0.51
    # The product was rounded: half a level of it is more of a colour, the smaller the share of the alpha.
    level = full / FULL[kind] if "int" in kind else 0
    room = 0.51 + 0.5 * level * FULL[kind] / alpha[seen]
    assert (error[seen] <= (room[:, None] if channels == 3 else room)).all()
    assert (after[alpha == 0] == 0).all() and np.mean(error[seen] ** 2) < 1e-4 * full**2  # 40 dB


@pytest.mark.parametrize("kind", FULL)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_webp_gets_straight_colours(kind, channels, deep, tmp_path):
    path, colours, alpha = premultiplied(tmp_path, deep, kind, channels)
    writing.write(tmp_path / "out.webp", reading.read(path), 8)
    after = np.asarray(Image.open(tmp_path / "out.webp")).astype(float)
    shown = colours if channels == 3 else colours[..., None]
    assert np.abs(after[..., :3] - in_levels(shown, kind, 255))[alpha > 0.2 * FULL[kind]].mean() < 8  # it is lossy
    assert np.abs(after[..., 3] - in_levels(alpha, kind, 255)).max() < 0.51


@pytest.mark.parametrize("kind", FULL)
@pytest.mark.parametrize("bits", [None, 8, 16])
def test_a_tiff_stays_as_it_was_and_says_so(kind, bits, deep, tmp_path):
    path, *_ = premultiplied(tmp_path, deep, kind, 3)
    writing.write(tmp_path / "out.tif", reading.read(path), bits)
    before, after = tifffile.imread(path), tifffile.imread(tmp_path / "out.tif")
    with tifffile.TiffFile(tmp_path / "out.tif") as opened:
        assert [int(extra) for extra in opened.pages[0].extrasamples] == [1]
    expected = before.astype(float) * (1 if bits is None else (2**bits - 1) / FULL[kind])
    np.testing.assert_allclose(after, expected, atol=0 if bits is None else 0.51)


def test_16_bits_are_divided_before_they_are_rounded_to_8(deep, tmp_path):
    path, colours, alpha = premultiplied(tmp_path, deep, "uint16", 3)
    writing.write(tmp_path / "out.png", reading.read(path), 8)
    error = np.abs(decoded(tmp_path / "out.png")[0] - colours / 257)
    assert error[alpha > 3000].max() < 0.56  # divided after it, up to 10 levels at this alpha


def test_inks_are_divided_before_they_become_colours(deep, tmp_path):
    inks, alpha = np.dstack([deep, grey(deep)]), ramp(deep) | 0x4000
    product = np.rint(inks * (alpha / 65535)[..., None]).astype(np.uint16)
    bands = np.dstack([product, alpha])
    tifffile.imwrite(tmp_path / "in.tif", bands, photometric="separated", extrasamples=["assocalpha"], **RAW)
    photo = reading.read(tmp_path / "in.tif")
    assert np.abs(photo.pixels.astype(int) - from_cmyk(inks, None)[0]).max() < 10
    writing.write(tmp_path / "out.tif", photo)
    with tifffile.TiffFile(tmp_path / "out.tif") as opened:
        assert [int(extra) for extra in opened.pages[0].extrasamples] == [2]


def test_grey_whose_0_is_white_is_divided_before_it_is_turned_over(deep, tmp_path):
    path, colours, alpha = premultiplied(tmp_path, deep, "uint8", 1, photometric="miniswhite")
    photo = reading.read(path)
    error = np.abs(photo.pixels - (255.0 - colours))
    assert error[alpha > 127].max() <= 1.01


def test_products_of_colours_with_negative_values_are_refused(tmp_path):
    pixels = np.zeros((4, 5, 4), np.uint8)
    tifffile.imwrite(tmp_path / "in.tif", pixels, photometric="cielab", extrasamples=["assocalpha"], **RAW)
    with pytest.raises(DenoiserError, match="CIELAB with associated alpha, which cannot be read"):
        reading.read(tmp_path / "in.tif")
