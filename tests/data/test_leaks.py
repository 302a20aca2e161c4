import io

import numpy as np
import pytest
import torch
from PIL import Image

from denoiser.data import leaks, thumbnails
from denoiser.data.base import PairsDataModule
from denoiser.data.bsd68 import BSD68, CBSD68
from denoiser.data.bsds500 import BSDS500
from denoiser.data.decoding import read_files
from denoiser.data.folder import Folder
from denoiser.data.pairs import Pictures
from denoiser.data.thumbnails import match_thumbnails
from denoiser.errors import DenoiserError


def photo(height, width, seed, channels=3):
    """A smooth picture with fine grain, uint8 `(C, H, W)`."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (5, 5, 3), np.uint8)).resize((width, height), 3)
    grain = rng.normal(0, 8, (height, width, 1))
    whole = Image.fromarray((np.asarray(coarse) + grain).clip(0, 255).astype(np.uint8))
    array = np.asarray(whole.convert("RGB" if channels == 3 else "L")).reshape(height, width, channels)
    return torch.from_numpy(array.copy()).permute(2, 0, 1)


def encoded(image, quality=75):
    """The picture as a JPEG holds it."""
    file = io.BytesIO()
    Image.fromarray(image.permute(1, 2, 0).squeeze(-1).numpy()).save(file, "JPEG", quality=quality)
    return torch.from_numpy(np.array(Image.open(file))).reshape(*image.shape[1:], -1).permute(2, 0, 1)


def named(images, prefix=""):
    return Pictures([f"{prefix}{i}" for i in range(len(images))], images)


def fitted(data):
    """What is looked at before a training."""
    data.setup("fit")
    leaks.check_test_pictures(data)


class Given(PairsDataModule):
    """Whatever pictures it is given for each split."""

    def __init__(self, how, train, val, test, other=None):
        super().__init__(how, 3, patch_size=8, test=other)
        self.given = {"train": train, "val": val, "test": test}

    def pictures(self, split):
        return named(self.given[split], f"{split}/")


@pytest.mark.parametrize("channels", [3, 1])
def test_thumbnails_are_area_means_of_pillow_s_luma(channels):
    image = photo(64, 120, 0, channels)
    luma = Image.fromarray(image.permute(1, 2, 0).squeeze(-1).numpy()).convert("L")
    expected = np.asarray(luma, float).reshape(8, 8, 8, 15).mean((1, 3))
    made = thumbnails.thumbnails(named([image]), channels)
    assert made["sizes"].tolist() == [[64, 120]] and made["sizes"].dtype == torch.int32
    assert made["thumbnails"].shape == (1, 8, 8) and made["thumbnails"].dtype == torch.uint8
    assert np.abs(made["thumbnails"][0].numpy() - expected).max() <= 0.6


def test_one_tensor_and_many_make_the_same():
    images = torch.stack([photo(20, 27, seed) for seed in range(130)])
    whole, single = thumbnails.thumbnails(named(images), 3), thumbnails.thumbnails(named(list(images)), 3)
    assert all(whole[key].equal(single[key]) for key in single) and len(whole["thumbnails"].unique(dim=0)) == 130


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (8, 8), (9, 300)])
def test_any_size_has_a_thumbnail(size):
    image = torch.full((3, *size), 90, dtype=torch.uint8)
    assert thumbnails.thumbnails(named([image]), 3)["thumbnails"].unique().tolist() == [90]


def test_of_real_pairs_the_clean_picture_counts():
    clean, noisy = photo(30, 20, 0), photo(30, 20, 1)
    pair, alone = (thumbnails.thumbnails(named([x]), 3)["thumbnails"] for x in (torch.cat([noisy, clean]), clean))
    assert pair.equal(alone)


def test_copies_are_found_after_encoding_and_strangers_are_not():
    images = [photo(120, 88, seed) for seed in range(30)]
    copies = [encoded(images[7]), photo(120, 88, 99), encoded(images[3]), encoded(images[7].transpose(1, 2))]
    seen, tested = thumbnails.thumbnails(named(images), 3), thumbnails.thumbnails(named(copies), 3)
    assert match_thumbnails(seen, tested) == [(3, 2), (7, 0)]


def test_pictures_that_tell_nothing_equal_none():
    black = thumbnails.thumbnails(named(torch.zeros(3, 3, 40, 40, dtype=torch.uint8)), 3)
    assert match_thumbnails(black, black) == []


def test_sizes_tell_pictures_apart():
    thumbnail = torch.arange(64, dtype=torch.uint8).reshape(1, 8, 8)
    one, other = ({"sizes": torch.tensor([[40, side]]), "thumbnails": thumbnail} for side in (40, 41))
    assert match_thumbnails(one, one) == [(0, 0)] and match_thumbnails(one, other) == []


def splits(copy=None):
    """Pictures of three splits; `copy` is of a picture of training, in the test."""
    train, val, test = ([photo(120, 88, 100 * n + seed) for seed in range(4)] for n in range(3))
    return train, val, test if copy is None else [*test, copy(train[2])]


def test_a_test_on_copies_is_refused(protocol):
    train, val, test = splits(encoded)
    other = Given(protocol(), train, val, [*test, encoded(val[0])])
    with pytest.raises(DenoiserError) as caught:
        fitted(Given(protocol(), train, val, [], other))
    problem = "2 of the 6 test pictures are also training or validation pictures, test/4 (as train/2) first"
    assert caught.value.what == f"{problem} (data.test)" and caught.value.code == 2
    assert caught.value.fix == "another data.test, or remove the copies"


def test_copies_inside_one_set_are_a_warning(protocol):
    with pytest.warns(UserWarning, match=r"^1 of the 5 test pictures .* test/4 \(as train/2\) first: .*copies$"):
        fitted(Given(protocol(), *splits(encoded)))


def test_textures_under_one_lamp_are_strangers(protocol):
    lamp = torch.linspace(60, 200, 160).repeat(160, 1)
    grain = [(lamp + 6 * torch.randn(3, 160, 160)).clamp(0, 255).byte() for _ in range(12)]
    data = Given(protocol(), grain[:4], grain[4:8], grain[8:])
    assert match_thumbnails(data.thumbnails("train"), data.thumbnails("test"))
    fitted(data)


def test_so_many_pictures_are_not_compared(protocol, monkeypatch):
    monkeypatch.setattr(leaks, "LIMIT", 7)
    data = Given(protocol(), *splits(encoded))
    fitted(data)
    assert leaks.training_record(data) == {"data": "", "split": "split_seed=0", "pictures": 8}


def test_what_is_seen_loads_without_unpickling_anything_else(protocol, tmp_path):
    data = Given(protocol(), *splits())
    data.name, data.split_seed = "folder", 3
    torch.save(leaks.training_record(data), tmp_path / "seen")
    seen = torch.load(tmp_path / "seen", weights_only=True)
    assert (seen["data"], seen["split"], seen["pictures"]) == ("folder", "split_seed=3", 8)
    train, val, test = (data.thumbnails(name) for name in ("train", "val", "test"))
    assert match_thumbnails(seen, train) == [(i, i) for i in range(4)] and match_thumbnails(seen, test) == []
    assert match_thumbnails(seen, val) == [(i + 4, i) for i in range(4)]


def test_a_folder_s_copies_are_named(protocol, pictures_folder):
    folder = pictures_folder(20)
    split = {name: Folder(protocol(), folder, channels=3).split(name).keys for name in ("val", "test")}
    original, copy = (folder / f"{split[name][0]}.png" for name in ("val", "test"))
    Image.open(original).save(copy)
    with pytest.warns(UserWarning, match=rf"{copy.stem} \(as {original.stem}\) first"):
        fitted(Folder(protocol(), folder, channels=3, patch_size=16))


def test_the_68_are_found_out_in_the_official_split(protocol, real_data):
    data = BSDS500(protocol(), real_data, "official", channels=3, patch_size=64)
    fitted(data)
    data.test = CBSD68(protocol(), real_data, channels=3)
    data.splits.pop("test")
    data._thumbnails.pop("test")
    with pytest.raises(DenoiserError) as caught:
        fitted(data)
    assert caught.value.what.startswith("68 of the 68 test pictures") and "val/101085 first" in caught.value.what
    assert caught.value.fix == "data.split=benchmark, or another data.test"


def test_the_published_grey_68_are_those_of_the_jpegs(protocol, real_data):
    files = [[path] for path in sorted((real_data / "BSD68").glob("*.png"))]
    published = thumbnails.thumbnails(read_files(files, real_data, 1), 1)
    ours = thumbnails.thumbnails(BSD68(protocol(), real_data, channels=1).pictures("test"), 1)
    assert len(files) == 68 and match_thumbnails(ours, published) == [(i, i) for i in range(68)]


def test_the_benchmark_tests_on_none_that_it_saw(protocol, real_data):
    data = BSDS500(protocol(), real_data, channels=1, patch_size=64)
    data.test = BSD68(protocol(), real_data, channels=1)
    fitted(data)
    seen = leaks.training_record(data)
    assert (seen["split"], seen["pictures"], seen["thumbnails"].shape) == ("benchmark", 432, (432, 8, 8))


def test_pictures_of_an_evaluation_are_found_in_a_checkpoints_record(pictures_folder, protocol):
    folder = pictures_folder(12, 48, 48)
    data = Folder(protocol(), str(folder), channels=3, patch_size=16)
    data.name = "folder"
    trained = {*data.split("train").keys, *data.split("val").keys}
    record = leaks.training_record(data)
    assert leaks.find(record, data) == sorted(trained) and 0 < len(trained) < 12
    other = Folder(protocol(), str(pictures_folder(5, 48, 48, name="other", start=50)), channels=3)
    assert leaks.find(record, other) == []
    assert leaks.find({**record, "data": "else"}, data) == sorted(trained)  # whatever it was called in training
    assert leaks.find({key: record[key] for key in ("data", "split", "pictures")}, data) is None
    assert leaks.find(None, data) is None


def test_a_datasets_own_test_split_is_apart_from_its_others(protocol):
    images = [photo(48, 48, seed) for seed in range(3)]
    data = Given(protocol(), images, images[:1], images)
    data.name = "given"
    record = leaks.training_record(data)
    assert leaks.find(record, data) == []
    assert leaks.find({**record, "split": "split_seed=1"}, data) == ["test/0", "test/1", "test/2"]
