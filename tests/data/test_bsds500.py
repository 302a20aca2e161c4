import numpy as np
import pytest
from PIL import Image

from denoiser.config import compose
from denoiser.data.bsds500 import BSDS500
from denoiser.errors import DenoiserError

SPLITS = ("train", "val", "test")


def small(data):
    """The same data with pictures decoded on use, so that keys and sizes cost no decoding."""
    data.cache_gb = 0
    return data


@pytest.mark.parametrize(("split", "counts"), [("benchmark", (400, 32, 68)), ("official", (200, 100, 200))])
def test_splits_are_disjoint_and_whole(protocol, real_data, split, counts):
    data = small(BSDS500(real_data, split, **protocol(), channels=3))
    keys = [set(data.split(name).keys) for name in SPLITS]
    assert tuple(map(len, keys)) == counts and len(set.union(*keys)) == 500
    assert {shape for name in SPLITS for shape in data.split(name).shapes} == {(3, 321, 481), (3, 481, 321)}


def test_benchmark_tests_on_the_68_of_the_val_folder(protocol, real_data):
    data = small(BSDS500(real_data, **protocol(), channels=3))
    listed = [line.split()[-1] for line in (real_data / "BSD68" / "ids.txt").read_text().split("\n") if line.strip()]
    assert data.split("test").keys == [f"val/{number}" for number in listed[-68:]]
    assert all(key.startswith("val/") for key in data.split("val").keys)
    assert {key.split("/")[0] for key in data.split("train").keys} == {"train", "test"}


def test_colour_pictures_are_those_of_the_files(protocol, real_data):
    test = small(BSDS500(real_data, **protocol(), channels=3)).split("test")
    file = real_data / "BSR" / "BSDS500" / "data" / "images" / f"{test.keys[0]}.jpg"
    assert np.array_equal(test.images[0].permute(1, 2, 0).numpy(), np.array(Image.open(file)))


def test_whole_pictures_are_validated_and_crops_trained_on(protocol, real_data):
    data = small(BSDS500(real_data, **protocol(), batch_size=4, patch_size=128, flip=True, channels=3))
    data.setup("fit")
    assert next(iter(data.train_dataloader())).noisy.shape == (4, 3, 128, 128) and len(data.train_dataloader()) == 100
    assert next(iter(data.val_dataloader())).noisy.shape[2:] in {(321, 481), (481, 321)}


def test_a_patch_larger_than_the_pictures(protocol, real_data):
    with pytest.raises(DenoiserError, match="=400 is larger than a training picture of 321x481") as caught:
        small(BSDS500(real_data, **protocol(), patch_size=400, channels=3)).setup("fit")
    assert caught.value.fix == "data.patch_size=321"


def test_a_split_that_is_none_names_the_nearest(protocol):
    with pytest.raises(DenoiserError, match="no split 'benchmrk'") as caught:
        BSDS500("x", "benchmrk", **protocol(), channels=3)
    assert caught.value.fix == "data.split=benchmark"


def test_pictures_that_are_missing_are_counted(protocol, tmp_path, save_picture):
    save_picture(tmp_path / "BSR" / "BSDS500" / "data" / "images" / "train" / "1.jpg", 8, 8)
    with pytest.raises(DenoiserError, match=r"BSDS500 is incomplete: .*train has 1 of 200, val has 0 of 100"):
        BSDS500(tmp_path, **protocol(), channels=3).prepare_data()


def test_its_settings_are_this_class_s():
    config = compose(["data=bsds500"]).data
    assert config._target_ == "denoiser.data.bsds500.BSDS500" and config.split == "benchmark" and config.channels == 3
