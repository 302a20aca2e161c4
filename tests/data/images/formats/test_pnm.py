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


@pytest.mark.parametrize("head", [b"P5\n0 3\n255\n", b"P6\n4 3\n70000\n", b"P5\nwide high\n255\n", b"P6"])
def test_damaged_headers_are_named(head, tmp_path):
    (tmp_path / "x.ppm").write_bytes(head + bytes(99))
    with pytest.raises(DenoiserError, match="header is damaged"):
        reading.header(tmp_path / "x.ppm")
