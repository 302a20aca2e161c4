import pytest

from denoiser.data.set12 import Set12
from denoiser.errors import DenoiserError


def test_twelve_pictures_in_order(protocol, real_data):
    test = Set12(real_data, **protocol(), channels=1).split("test")
    assert test.keys == [f"{number:02d}" for number in range(1, 13)]
    assert test.shapes == [(1, 256, 256)] * 7 + [(1, 512, 512)] * 5


def test_pictures_that_are_missing_are_counted(protocol, tmp_path, save_picture):
    save_picture(tmp_path / "Set12" / "01.png", 8, 8, channels=1)
    with pytest.raises(DenoiserError, match=r"Set12 has 1 of its 12 pictures, 02\.png is missing") as caught:
        Set12(tmp_path, **protocol(), channels=1).setup("test")
    assert caught.value.code == 3 and str(tmp_path / "Set12") in caught.value.fix


def test_grey_only(protocol):
    with pytest.raises(DenoiserError, match=r"Set12 has 1 channel\(s\), not 3"):
        Set12("x", **protocol(), channels=3)
