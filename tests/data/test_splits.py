from itertools import chain

import pytest
import torch

from denoiser.data.splits import split_by_hash, split_indices, split_official
from denoiser.errors import DenoiserError

IMAGES = torch.arange(200, dtype=torch.uint8).view(-1, 1, 1, 1)
NAMES = [f"holiday/{i:04d}" for i in range(2000)]


def named(keys, split_seed=0):
    return {name: {keys[i] for i in indices} for name, indices in split_by_hash(keys, split_seed).items()}


def test_nine_tenths_train_and_the_rest_validates():
    train, val = (split_official(IMAGES, split, 0) for split in ("train", "val"))
    assert len(train) == 180 and len(val) == 20 and set(train.keys).isdisjoint(val.keys)
    for pictures in (train, val):
        numbers = [int(key.removeprefix("train/")) for key in pictures.keys]
        assert numbers == sorted(numbers) == pictures.images.flatten().tolist()


def test_the_official_test_set_is_taken_whole():
    test = split_official(IMAGES, "test", 5)
    assert test.images.equal(IMAGES) and test.keys[7] == "test/00007"


def test_split_is_a_function_of_split_seed():
    before = torch.random.get_rng_state()
    assert (
        split_official(IMAGES, "val", 3).keys
        == split_official(IMAGES, "val", 3).keys
        != split_official(IMAGES, "val", 4).keys
    )
    assert torch.random.get_rng_state().equal(before)


def test_a_handful_of_pictures_still_leaves_one_to_validate_on():
    assert [len(split_official(IMAGES[:4], split, 0)) for split in ("train", "val")] == [3, 1]


def test_hashes_split_8_1_1_and_every_picture_once():
    splits = split_by_hash(NAMES, 0)
    assert sorted(chain(*splits.values())) == list(range(2000))
    for name, share in (("train", 0.8), ("val", 0.1), ("test", 0.1)):
        assert len(splits[name]) / 2000 == pytest.approx(share, abs=0.03)
    assert named(NAMES, 1) != named(NAMES, 0)


def test_more_pictures_and_another_order_move_none():
    fewer, more = named(NAMES[:200]), named([*reversed(NAMES[200:]), *NAMES[:200]])
    assert all(fewer[split] <= more[split] for split in fewer)
    assert named(NAMES[::-1]) == named(NAMES)


@pytest.mark.parametrize("count", range(3, 30))
def test_no_split_is_empty(count):
    for split_seed in range(10):
        splits = split_by_hash(NAMES[:count], split_seed)
        assert all(splits.values()) and sorted(chain(*splits.values())) == list(range(count))
        assert max(splits, key=lambda name: len(splits[name])) == "train" or count < 10


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_no_split_is_empty_where_chance_puts_all_pictures_into_one(split):
    keys = [NAMES[index] for index in split_by_hash(NAMES, 0)[split][:5]]
    counts = {name: len(indices) for name, indices in split_by_hash(keys, 0).items()}
    assert counts == {**dict.fromkeys(("train", "val", "test"), 1), split: 3}


def test_the_pictures_of_one_split_or_of_all():
    splits = split_by_hash(NAMES, 3)
    assert {split: split_indices(NAMES, split, 3) for split in splits} == splits
    assert list(split_indices(NAMES[:2], "all", 3)) == [0, 1]
    for where in ({}, {"where": "data.clean"}):
        with pytest.raises(DenoiserError, match=rf"\({where.get('where', 'data.path')}\)"):
            split_indices(NAMES[:2], "train", 3, **where)


def test_a_picture_stays_in_its_split_in_every_version():
    splits = split_by_hash(NAMES[:30], 0)  # else checkpoints would be tested on what they were trained on
    assert splits["test"] == [1] and splits["val"] == [12, 18, 22]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_cannot_be_split(count):
    with pytest.raises(DenoiserError, match=rf"{count} picture\(s\) cannot be split .*\(data.clean\)") as caught:
        split_by_hash(NAMES[:count], 0, "data.clean")
    assert caught.value.code == 2 and "3 or more" in caught.value.fix


@pytest.mark.parametrize("count", range(3, 12))
def test_a_picture_that_fills_an_empty_split_does_not_depend_on_the_order(count):
    for split_seed in range(10):
        names = NAMES[:count]
        assert named(names, split_seed) == named(names[::-1], split_seed)
        assert sorted(named(names, split_seed)) == ["test", "train", "val"]
