import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from denoiser.data.images import eight_bit
from denoiser.data.images.formats.suffixes import TRAINING
from denoiser.errors import DenoiserError

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
GREY_16 = RNG.integers(0, 65536, (20, 30), dtype=np.uint16)
CUT = "the file is (damaged or )?cut off"
TURNED = Image.Exif()
TURNED[0x0112] = 6  # a quarter turn clockwise to be upright


def saved(path, picture, **options):
    picture.save(path, **options)
    return path


def array(path, channels):
    return eight_bit.read(path, channels).numpy()


def test_colour_is_read_exactly_and_grey_is_pillows(tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(COLOUR))
    assert (array(path, 3) == COLOUR.transpose(2, 0, 1)).all()
    assert (array(path, 1)[0] == np.asarray(Image.fromarray(COLOUR).convert("L"))).all()


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.pgm"])
def test_sixteen_bit_grey_is_scaled(tmp_path, name):
    path = saved(tmp_path / name, Image.fromarray(GREY_16))
    expected = np.round(GREY_16 / 65535 * 255)
    assert (array(path, 1)[0] == expected).all()
    assert (array(path, 3) == expected).all()


@pytest.mark.parametrize("pixels", [GREY_16.astype(np.int32) * 9, GREY_16.astype(np.float32)])
def test_thirty_two_bits_are_refused_since_their_white_is_not_known(tmp_path, pixels):
    path = saved(tmp_path / "a.tif", Image.fromarray(pixels))
    with pytest.raises(DenoiserError, match=r"white is not known \(.*a\.tif\)"):
        eight_bit.read(path, 1)


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
    assert pixels.shape == eight_bit.size(path) == (30, 20)
    assert pixels[:, :9].max() < 10 and pixels[:, 11:].min() > 245  # what was on top is on the right


def test_size_of_an_upright_picture(tmp_path):
    for name in ("a.png", "a.tif", "a.jpg"):
        assert eight_bit.size(saved(tmp_path / name, Image.fromarray(COLOUR))) == (20, 30)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.bmp", "a.webp", "a.ppm"])
@pytest.mark.parametrize("kept", [0.0, 0.02, 0.5, 0.95])
def test_a_truncated_picture_is_named(tmp_path, name, kept):
    path = saved(tmp_path / name, Image.fromarray(COLOUR.repeat(8, 0).repeat(8, 1)))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(DenoiserError, match=rf"^error: (not a picture|{CUT}) \(.*{name}\)\nfix:"):
        eight_bit.read(path, 3)


def test_text_is_no_picture(tmp_path):
    path = tmp_path / "a.png"
    path.write_text("<html>not found</html>")
    for read in (eight_bit.size, lambda path: eight_bit.read(path, 3)):
        with pytest.raises(DenoiserError, match="not a picture"):
            read(path)


def test_a_decompression_bomb_is_refused_and_a_large_photograph_is_not(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.png", Image.fromarray(COLOUR))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 400)  # 600 pixels are more than this, not more than twice
    assert eight_bit.read(path, 3).shape == (3, 20, 30)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200)
    with pytest.raises(DenoiserError, match=r"more than 400 pixels \("):
        eight_bit.read(path, 3)


def test_find_leaves_out_hidden_files_other_files_and_folders(tmp_path):
    for name in ("b.PNG", "a.jpg", "sub/c.tiff", "._a.jpg", ".cache/d.png", "notes.txt", "folder.png/e.bmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in eight_bit.find(tmp_path)]
    assert found == ["a.jpg", "b.PNG", "folder.png/e.bmp", "sub/c.tiff"]


def test_find_in_nothing(tmp_path):
    with pytest.raises(DenoiserError, match="no picture in the folder"):
        eight_bit.find(tmp_path)
    with pytest.raises(DenoiserError, match="no such folder"):
        eight_bit.find(tmp_path / "absent")


@pytest.mark.parametrize("suffix", sorted(TRAINING - {".jpg", ".jpeg", ".webp"}))
@pytest.mark.parametrize("channels", [1, 3])
def test_lossless_formats_give_back_what_was_written(tmp_path, suffix, channels):
    image = torch.from_numpy(COLOUR.transpose(2, 0, 1)[:channels].copy())
    path = tmp_path / "new" / f"a{suffix.upper()}"
    eight_bit.write(path, image)
    assert torch.equal(eight_bit.read(path, channels), image)


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_lossy_formats_stay_close(tmp_path, suffix):
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    image = torch.from_numpy(np.stack([np.tile(ramp, (64, 1)), np.tile(ramp[:, None], 64), np.full((64, 64), 90)]))
    eight_bit.write(tmp_path / f"a{suffix}", image.byte())
    assert (eight_bit.read(tmp_path / f"a{suffix}", 3).int() - image.int()).abs().float().mean() < 2


def test_what_cannot_be_written(tmp_path):
    with pytest.raises(DenoiserError, match=r"\.xyz files are not written"):
        eight_bit.write(tmp_path / "a.xyz", torch.zeros(1, 2, 2, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"torch\.float32 \(1, 2, 2\)"):
        eight_bit.write(tmp_path / "a.png", torch.zeros(1, 2, 2))
    with pytest.raises(DenoiserError, match="WEBP cannot hold this picture") as raised:
        eight_bit.write(tmp_path / "a.webp", torch.zeros(1, 1, 16384, dtype=torch.uint8))
    assert raised.value.code == 2
    assert not list(tmp_path.iterdir())


def test_importing_it_does_not_import_torch():
    code = "import sys, denoiser.data.images.eight_bit; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
