import numpy as np
import pytest

from denoiser.data.images import reading
from denoiser.errors import DenoiserError


@pytest.mark.parametrize("white", [1, 100, 255, 1023, 65535])
def test_levels_of_any_number(white, tmp_path):
    levels = np.random.default_rng(0).integers(0, white + 1, (3, 4), dtype=np.uint16)
    levels[0, 0] = white
    data = levels.astype("u1" if white < 256 else ">u2").tobytes()
    (tmp_path / "x.pgm").write_bytes(f"P5 # words 1 2 3\n4\t3\n#more\n{white}\n".encode() + data)
    photo = reading.read(tmp_path / "x.pgm")
    assert photo.white == (255 if white < 256 else 65535)
    np.testing.assert_array_equal(photo.pixels, np.floor(levels * (photo.white / white) + 0.5))


@pytest.mark.parametrize("white", [1, 100, 255, 1023, 65535])
@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 3)])
def test_text_is_read_like_binary(white, shape, tmp_path):
    levels = np.random.default_rng(0).integers(0, white + 1, shape, dtype=np.uint16)
    levels[0, 0] = white
    binary = levels.astype("u1" if white < 256 else ">u2").tobytes()
    text = "# from 0 up\n".join(f"{level}\r\n" for level in levels.ravel())
    binary_magic, text_magic = ("P5", "P2") if len(shape) == 2 else ("P6", "P3")
    (tmp_path / "b.ppm").write_bytes(f"{binary_magic}\n4 3\n{white}\n".encode() + binary)
    (tmp_path / "t.ppm").write_bytes(f"{text_magic} # words\n4\t3 {white} {text}".encode())
    a, b = (reading.read(tmp_path / name) for name in ("b.ppm", "t.ppm"))
    assert b.header == reading.header(tmp_path / "t.ppm") == a.header and b.white == a.white
    np.testing.assert_array_equal(b.pixels, a.pixels)
    assert b.pixels.dtype == (np.uint8 if white < 256 else np.uint16)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("1 2 3", "cut off"),
        ("", "cut off"),
        ("1 2 3 -4", "something else than numbers"),
        ("1 2 3 4.0", "something else than numbers"),
        ("1 2 3 x", "something else than numbers"),
        ("1 2 3 300", "a level of 300, above the 255"),
        ("1 2 3 99999999999999999999999", "a level of .* above the 255"),
    ],
)
def test_damaged_text_is_named(text, what, tmp_path):
    (tmp_path / "x.pgm").write_text(f"P2\n2 2\n255\n{text}")
    with pytest.raises(DenoiserError, match=what):
        reading.read(tmp_path / "x.pgm")


@pytest.mark.parametrize("head", [b"P5\n0 3\n255\n", b"P6\n4 3\n70000\n", b"P5\nwide high\n255\n", b"P6"])
def test_damaged_headers_are_named(head, tmp_path):
    (tmp_path / "x.ppm").write_bytes(head + bytes(99))
    with pytest.raises(DenoiserError, match="header is damaged"):
        reading.header(tmp_path / "x.ppm")
