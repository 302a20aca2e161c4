"""Pictures of 8 bits in training and evaluation: the values that their files hold, as Pillow shows them."""

import io

import numpy as np
import pytest
from helpers.samples import one_of_each
from PIL import Image

from denoiser.data import own_depth
from denoiser.data.images import reading
from denoiser.errors import DenoiserError

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
TURNED = Image.Exif()
TURNED[0x0112] = 6  # a quarter turn clockwise to be upright


def saved(path, picture, **options):
    picture.save(path, **options)
    return path


def stored(path):
    return own_depth.stored([path])[path]


def array(path, channels):
    return own_depth.read([path], channels, [stored(path)]).numpy()


def test_colour_is_read_exactly_and_grey_is_pillows(tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(COLOUR))
    assert (array(path, 3) == COLOUR.transpose(2, 0, 1)).all()
    assert (array(path, 1)[0] == np.asarray(Image.fromarray(COLOUR).convert("L"))).all()


def test_every_kind_has_the_values_that_denoise_reads(tmp_path):
    for kind, path in one_of_each(tmp_path).items():
        pixels = reading.read(path).pixels
        if pixels.dtype == np.uint8:
            colour = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
            assert (array(path, 3) == colour.transpose(2, 0, 1)).all(), kind


@pytest.mark.parametrize("transparency", [{}, {"transparency": bytes([0, 128] * 4)}])
def test_palettes_are_looked_up(tmp_path, transparency):
    palette = Image.fromarray(COLOUR).quantize(8)
    path = saved(tmp_path / "a.png", palette, **transparency)
    assert (array(path, 3) == np.asarray(palette.convert("RGB")).transpose(2, 0, 1)).all()


def test_alpha_is_left_out(tmp_path):
    alpha = RNG.integers(0, 256, (20, 30, 1), dtype=np.uint8)
    path = saved(tmp_path / "a.png", Image.fromarray(np.concatenate([COLOUR, alpha], axis=2)))
    assert (array(path, 3) == COLOUR.transpose(2, 0, 1)).all()
    grey = saved(tmp_path / "g.png", Image.fromarray(np.concatenate([COLOUR[..., :1], alpha], axis=2), "LA"))
    assert (array(grey, 1)[0] == COLOUR[..., 0]).all()


def test_cmyk_comes_out_as_the_colours_that_went_in(tmp_path):
    flat = Image.new("RGB", (16, 16), (200, 100, 50))
    path = saved(tmp_path / "a.jpg", flat.convert("CMYK"), quality=95)
    assert np.abs(array(path, 3).astype(int) - np.array([200, 100, 50])[:, None, None]).max() <= 4


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
def test_exif_rotation_is_applied_and_size_agrees(tmp_path, name):
    half = np.zeros((20, 30), np.uint8)
    half[:10] = 255
    path = saved(tmp_path / name, Image.fromarray(half).convert("RGB"), exif=TURNED)
    pixels = array(path, 1)[0]
    assert pixels.shape == stored(path)[:2] == (30, 20)
    assert pixels[:, :9].max() < 10 and pixels[:, 11:].min() > 245  # what was on top is on the right


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.bmp", "a.webp", "a.ppm"])
@pytest.mark.parametrize("kept", [0.0, 0.02, 0.5, 0.95])
def test_a_truncated_picture_is_named(tmp_path, name, kept):
    path = saved(tmp_path / name, Image.fromarray(COLOUR.repeat(8, 0).repeat(8, 1)))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(DenoiserError, match=rf"{name}\)\nfix:"):
        array(path, 3)


def test_an_animation_is_refused_as_several_pages_are(tmp_path):
    frames = [Image.fromarray(np.roll(COLOUR, shift, 0)) for shift in (0, 5)]
    path = saved(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    with pytest.raises(DenoiserError, match="an animation of 2 pictures"):
        stored(path)


def test_a_tiff_that_pillow_does_not_decode(tmp_path):
    """What `denoise` reads, training reads too."""
    import tifffile

    path = tmp_path / "a.tif"
    tifffile.imwrite(path, COLOUR, photometric="rgb", compression="png")
    with pytest.raises(OSError):
        Image.open(io.BytesIO(path.read_bytes())).load()
    assert (array(path, 3) == COLOUR.transpose(2, 0, 1)).all()
