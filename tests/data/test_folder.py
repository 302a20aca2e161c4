import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.refusals import refused
from helpers.splits import SPLITS, keys
from PIL import Image

from denoiser.data import own_depth
from denoiser.data.folder import Folder


def decoded(picture):
    return np.array(Image.open(picture).convert("RGB")).transpose(2, 0, 1)


def test_every_picture_once_under_its_path_without_suffix(protocol, pictures_folder, save_picture):
    folder = pictures_folder(30)
    save_picture(folder / "deep" / "er" / "one.jpg", 40, 30)
    save_picture(folder / "grey.bmp", 18, 50, channels=1)
    (folder / "notes.txt").write_text("no picture")
    save_picture(folder / ".hidden.png", 8, 8)
    data = Folder(str(folder), **protocol(), channels=3)
    split = keys(data)
    assert set.union(*split.values()) == {"deep/er/one", "grey", *(f"{i:03d}" for i in range(30))}
    assert sum(map(len, split.values())) == 32 and all(split.values())
    for key, image in zip(data.split("train").keys, data.split("train").images, strict=True):
        if key.isdigit():
            assert np.array_equal(image, decoded(folder / f"{key}.png"))


def test_adding_pictures_moves_none_of_the_others(protocol, pictures_folder):
    before = keys(Folder(pictures_folder(40), **protocol(), channels=3))
    after = keys(Folder(pictures_folder(30, start=40), **protocol(), channels=3))
    assert all(before[split] <= after[split] for split in SPLITS) and sum(map(len, after.values())) == 70


def test_a_photo_and_its_copy_stay_on_one_side_under_two_keys(protocol, pictures_folder, save_picture):
    folder = pictures_folder(30)
    before = keys(Folder(folder, **protocol(), channels=3))
    for path in sorted(folder.iterdir()):
        save_picture(path.with_suffix(".jpg"), 24, 32)
    after = keys(Folder(folder, **protocol(), channels=3))
    assert after == {split: {f"{k}.{end}" for k in before[split] for end in ("jpg", "png")} for split in SPLITS}


def test_no_two_keys_are_alike(protocol, tmp_path, save_picture):
    for name in ("a.jpg", "a.png", "a.png.jpg", "b.bmp", "b.c.bmp", "deep/a.png"):
        save_picture(tmp_path / name, 16, 16)
    expected = ["a.jpg", "a.png", "a.png.jpg", "b", "b.c", "deep/a"]
    assert sorted(Folder(tmp_path, **protocol(), channels=3).pictures("all").keys) == expected


def test_split_seed_is_apart_from_seed(protocol, pictures_folder):
    folder = pictures_folder(30)
    assert keys(Folder(folder, **protocol(seed=1), channels=3)) == keys(Folder(folder, **protocol(seed=2), channels=3))
    assert keys(Folder(folder, **protocol(), channels=3, split_seed=1)) != keys(
        Folder(folder, **protocol(), channels=3)
    )


@pytest.mark.parametrize("channels", [3, 1])
@pytest.mark.parametrize("cache_gb", [4, 0])
def test_any_mix_of_sizes_and_modes(protocol, tmp_path, save_picture, channels, cache_gb):
    for seed in range(20):
        save_picture(tmp_path / f"{seed}.png", 16 + seed, 40 - seed, 3 if seed % 2 else 1, seed)
    Image.open(save_picture(tmp_path / "a.png", 20, 20)).convert("P").save(tmp_path / "palette.png")
    Image.new("RGBA", (20, 22)).save(tmp_path / "alpha.png")
    Image.fromarray(np.full((18, 19), 257 * 100, np.uint16)).save(tmp_path / "deep.png")
    data = Folder(tmp_path, **protocol(), channels=channels, batch_size=4, patch_size=16, flip=True, cache_gb=cache_gb)
    data.setup("fit")
    assert next(iter(data.train_dataloader())).noisy.shape == (4, channels, 16, 16)
    for split in ("val", "test"):
        batches = list(getattr(data, f"{split}_dataloader")())
        assert [tuple(x.clean.shape[1:]) for x in batches] == data.split(split).shapes
    held = {
        key: image for split in map(data.split, SPLITS) for key, image in zip(split.keys, split.images, strict=True)
    }
    assert held["deep"].dtype == torch.uint16 and held["deep"].unique().tolist() == [257 * 100]


@pytest.mark.parametrize("cache_gb", [4, 0])
@pytest.mark.parametrize("damage", [lambda whole: b"not a picture", lambda whole: b"", lambda whole: whole[:60]])
def test_an_unreadable_picture_is_named(protocol, pictures_folder, cache_gb, damage):
    folder = pictures_folder(20)
    for name in ("003.png", "011.png"):
        (folder / name).write_bytes(damage((folder / name).read_bytes()))

    def everything():
        data = Folder(folder, **protocol(), channels=3, patch_size=16, cache_gb=cache_gb)
        data.setup("fit")
        return [list(getattr(data, f"{split}_dataloader")()) for split in SPLITS]

    text = refused(everything)
    assert re.match("error: (unreadable picture|not a picture|the file is empty|the file is cut off)", text)
    assert str(folder) in text and ("003.png)" in text or "011.png)" in text)


def test_an_unreadable_test_picture_is_found_before_the_training(protocol, pictures_folder):
    folder = pictures_folder(20)
    key = sorted(Folder(folder, **protocol(), channels=3).split("test").keys)[0]
    (folder / f"{key}.png").write_bytes((folder / f"{key}.png").read_bytes()[:60])
    assert f"{key}.png)" in refused(lambda: Folder(folder, **protocol(), channels=3, patch_size=16).setup("fit"))


def test_folders_without_enough_pictures(protocol, pictures_folder, tmp_path):
    def fit(path):
        data = Folder(path, **protocol(), channels=3, patch_size=16)
        data.setup("fit")
        return [len(data.split(split)) for split in SPLITS]

    (tmp_path / "empty").mkdir()
    assert "no picture in the folder" in refused(lambda: fit(tmp_path / "empty"))
    assert f"no such folder ({tmp_path / 'nowhere'})" in refused(lambda: fit(tmp_path / "nowhere"))
    assert refused(lambda: fit(None)).endswith("fix: data.path=DIR")
    pictures_folder(1)
    assert "1 picture(s) cannot be split" in refused(lambda: fit(tmp_path / "pictures"))
    pictures_folder(2)
    assert "2 picture(s) cannot be split" in refused(lambda: fit(tmp_path / "pictures"))
    assert fit(pictures_folder(3)) == [1, 1, 1]


@pytest.mark.parametrize("count", [1, 2, 7])
def test_an_evaluation_takes_every_picture(protocol, pictures_folder, count):
    data = Folder(pictures_folder(count), **protocol(), channels=3)
    everything = data.pictures(data.evaluation_split)
    assert everything.keys == [f"{i:03d}" for i in range(count)] and len(everything.images) == count


def test_an_evaluation_of_an_empty_folder_is_none(protocol, tmp_path):
    assert "no picture in the folder" in refused(lambda: Folder(tmp_path, **protocol(), channels=3).pictures("all"))


def warned(data):
    """The warnings while all splits are read, each as often as it is given."""
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        for split in (*SPLITS, "all"):
            data.pictures(split)
    assert all(Path(warning.filename).parent == Path(own_depth.__file__).parent for warning in given)  # printed plainly
    return [str(warning.message) for warning in given]


def test_each_kind_that_is_left_out_is_told_once(protocol, pictures_folder):
    folder = pictures_folder(30)
    for name in ("b.NEF", "deep/c.cr3", "d.heic", "e.txt", "f.fits"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    Image.new("L", (9, 9)).save(folder / "IMG_0001", "PNG")
    unnamed, raw, fits, heic = sorted(warned(Folder(folder, **protocol(), channels=3)))
    assert raw.startswith("left out: 2 raw files of cameras (.cr3, .nef); dcraw_emu ")
    assert heic.startswith(f"left out: a HEIC picture ({folder}/d.heic); ") and fits.startswith(
        "left out: a FITS file ("
    )
    assert unnamed.startswith(f"left out: 1 picture whose name does not end as a picture's ({folder}/IMG_0001); add ")


@pytest.mark.parametrize(
    ("key", "value"), [("split_seed", "x"), ("split_seed", -1), ("cache_gb", "x"), ("cache_gb", -1)]
)
def test_a_seed_or_limit_that_is_no_number_is_refused(key, value):
    assert f"data.{key}={value} is not" in refused(lambda: Folder("anywhere", **{key: value}))
