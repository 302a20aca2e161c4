import pytest
import torch
from helpers.grainy import encoded, named, photo
from PIL import Image

from denoiser.data import leaks
from denoiser.data.base import PairsDataModule
from denoiser.data.bsd68 import BSD68, CBSD68
from denoiser.data.bsds500 import BSDS500
from denoiser.data.folder import Folder
from denoiser.data.thumbnails import match_thumbnails
from denoiser.errors import DenoiserError


def fitted(data):
    """Run the checks before a training."""
    data.setup("fit")
    leaks.check_test_pictures(data)


class Fixed(PairsDataModule):
    """A dataset of the given pictures in each split."""

    def __init__(self, train, val, test, other=None, **protocol):
        super().__init__(3, patch_size=8, test=other, **protocol)
        self.fixed = {"train": train, "val": val, "test": test}

    def pictures(self, split):
        return named(self.fixed[split], f"{split}/")


def splits(copy=None):
    """Pictures of three splits; `copy` is of a picture of training, in the test."""
    train, val, test = ([photo(120, 88, 100 * n + seed) for seed in range(4)] for n in range(3))
    return train, val, test if copy is None else [*test, copy(train[2])]


def test_a_test_on_copies_is_refused(protocol):
    train, val, test = splits(encoded)
    other = Fixed(train, val, [*test, encoded(val[0])], **protocol())
    with pytest.raises(DenoiserError) as caught:
        fitted(Fixed(train, val, [], other, **protocol()))
    problem = "2 of the 6 test pictures are also training or validation pictures, test/4 (as train/2) first"
    assert caught.value.what == f"{problem} (data.test)" and caught.value.code == 2
    assert caught.value.fix == "another data.test, or train on other pictures"


def test_copies_inside_one_set_are_a_warning(protocol):
    with pytest.warns(UserWarning, match=r"^1 of the 5 test pictures .* test/4 \(as train/2\) first: .*of each$"):
        fitted(Fixed(*splits(encoded), **protocol()))


def test_textures_in_the_same_light_are_not_copies(protocol):
    lamp = torch.linspace(60, 200, 160).repeat(160, 1)
    grain = [(lamp + 6 * torch.randn(3, 160, 160)).clamp(0, 255).byte() for _ in range(12)]
    data = Fixed(grain[:4], grain[4:8], grain[8:], **protocol())
    assert match_thumbnails(data.thumbnails("train"), data.thumbnails("test"))
    fitted(data)


def test_many_pictures_are_not_compared(protocol, monkeypatch):
    monkeypatch.setattr(leaks, "LIMIT", 7)
    data = Fixed(*splits(encoded), **protocol())
    fitted(data)
    assert leaks.training_record(data) == {"data": "fixed", "split": "split_seed=0", "pictures": 8}


def test_many_test_pictures_are_not_compared(protocol, monkeypatch):
    train, val, test = splits()
    few = Fixed(train[:2], val[:2], [*test, encoded(train[0])], **protocol())
    monkeypatch.setattr(leaks, "LIMIT", 5)
    with pytest.warns(UserWarning, match="1 of the 5 test pictures"):
        fitted(few)
    record = {**leaks.training_record(few), "split": "another"}
    assert leaks.find(record, few) == ["test/4"]
    monkeypatch.setattr(leaks, "LIMIT", 4)
    fitted(few)
    assert leaks.find(record, few) is None


def test_the_record_loads_without_unpickling(protocol, tmp_path):
    data = Fixed(*splits(), **protocol())
    data.name, data.split_seed = "folder", 3
    torch.save(leaks.training_record(data), tmp_path / "seen")
    seen = torch.load(tmp_path / "seen", weights_only=True)
    assert (seen["data"], seen["split"], seen["pictures"]) == ("folder", "split_seed=3", 8)
    train, val, test = (data.thumbnails(name) for name in ("train", "val", "test"))
    assert match_thumbnails(seen, train) == [(i, i) for i in range(4)] and match_thumbnails(seen, test) == []
    assert match_thumbnails(seen, val) == [(i + 4, i) for i in range(4)]


def test_a_folder_s_copies_are_named(protocol, pictures_folder):
    folder = pictures_folder(20)
    split = {name: Folder(folder, **protocol(), channels=3).split(name).keys for name in ("val", "test")}
    original, copy = (folder / f"{split[name][0]}.png" for name in ("val", "test"))
    Image.open(original).save(copy)
    with pytest.warns(UserWarning, match=rf"{copy.stem} \(as {original.stem}\) first"):
        fitted(Folder(folder, **protocol(), channels=3, patch_size=16))


def test_the_68_are_found_out_in_the_official_split(protocol, real_data):
    data = BSDS500(real_data, "official", **protocol(), channels=3, patch_size=64)
    fitted(data)
    data.test = CBSD68(real_data, **protocol(), channels=3)
    data.splits.pop("test")
    data._thumbnails.pop("test")
    with pytest.raises(DenoiserError) as caught:
        fitted(data)
    assert caught.value.what.startswith("68 of the 68 test pictures") and "val/101085 first" in caught.value.what
    assert caught.value.fix == "data.split=benchmark, or another data.test"


def test_the_benchmark_tests_on_none_that_it_saw(protocol, real_data):
    data = BSDS500(real_data, **protocol(), channels=1, patch_size=64)
    data.test = BSD68(real_data, **protocol(), channels=1)
    fitted(data)
    seen = leaks.training_record(data)
    assert (seen["split"], seen["pictures"], seen["thumbnails"].shape) == ("benchmark", 432, (432, 8, 8))


def test_pictures_of_an_evaluation_are_found_in_a_checkpoints_record(pictures_folder, protocol):
    folder = pictures_folder(12, 48, 48)
    data = Folder(str(folder), **protocol(), channels=3, patch_size=16)
    data.name = "folder"
    trained = {*data.split("train").keys, *data.split("val").keys}
    record = leaks.training_record(data)
    assert leaks.find(record, data) == sorted(trained) and 0 < len(trained) < 12
    other = Folder(str(pictures_folder(5, 48, 48, name="other", start=50)), **protocol(), channels=3)
    assert leaks.find(record, other) == []
    assert leaks.find({**record, "data": "else"}, data) == sorted(trained)  # whatever it was called in training
    assert leaks.find({key: record[key] for key in ("data", "split", "pictures")}, data) is None
    assert leaks.find(None, data) is None


def test_a_datasets_own_test_split_is_apart_from_its_others(protocol):
    images = [photo(48, 48, seed) for seed in range(3)]
    data = Fixed(images, images[:1], images, **protocol())
    data.name = "given"
    record = leaks.training_record(data)
    assert leaks.find(record, data) == []
    assert leaks.find({**record, "split": "split_seed=1"}, data) == ["test/0", "test/1", "test/2"]
