"""Training on several sources: whose crops, how many, and what is refused."""

from collections import Counter

import pytest
import torch
from helpers.refusals import refusal
from omegaconf import OmegaConf
from PIL import Image

from denoiser.config import compose
from denoiser.data import from_config, leaks
from denoiser.data.images import reading
from denoiser.data.mix import Joined, Mix
from denoiser.data.sampling import ShareSampler
from denoiser.noise.base import Noise
from denoiser.runs.folder import absolute_paths
from denoiser.training import assemble


@pytest.fixture
def greys(tmp_path):
    """Two folders of 20 and 10 pictures in one grey level each: 50 and 200."""
    for name, level, count in (("dark", 50, 20), ("bright", 200, 10)):
        (tmp_path / name).mkdir()
        for i in range(count):
            Image.new("RGB", (40, 32), (level,) * 3).save(tmp_path / name / f"{i:02d}.png")
    return str(tmp_path / "dark"), str(tmp_path / "bright")


@pytest.fixture
def mix(protocol):
    """Makes a mix without noise."""

    def make(sources, shares=None, **options):
        keys = {"channels": 3, "batch_size": 10, "patch_size": 16, "crops_per_image": 40, **options}
        return Mix(list(sources), shares, **protocol(Noise()), **keys)

    return make


def levels(loader):
    """The grey level of each crop of an epoch, in order."""
    return [round(float(level) * 255) for batch in loader for level in batch.clean.amax((1, 2, 3))]


@pytest.mark.parametrize(("shares", "dark"), [([0.7, 0.3], 0.7), ([3, 9], 0.25), (None, 2 / 3), ([1, 0], 1)], ids=str)
def test_crops_are_drawn_by_the_shares(greys, mix, shares, dark):
    data = mix(greys, shares)
    assert len(data.split("train")) == sum(len(source.split("train")) for source in data.sources.values())
    if shares is None:
        dark = len(data.sources["dark"].split("train")) / len(data.split("train"))
    epoch = levels(data.train_dataloader())
    assert set(epoch) <= {50, 200} and len(epoch) > 900
    assert epoch.count(50) / len(epoch) == pytest.approx(dark, abs=4 * (dark * (1 - dark) / len(epoch)) ** 0.5)


def test_the_order_is_a_function_of_seed_and_epoch():
    def order(epoch=0, seed=0, rank=0, world=1):
        sampler = ShareSampler(600, seed, rank, world, [3, 7], [1, 1])
        sampler.set_epoch(epoch)
        return list(sampler)

    assert order() == order() and order() != order(seed=1)
    whole = order(epoch=2)
    assert len({*order(), *order(1), *whole}) == 1800, "no two crops have the same index"
    assert [order(2, rank=rank, world=2) for rank in range(2)] == [whole[::2], whole[1::2]]
    pictures = Counter(index % 10 for index in whole)
    for source in (range(3), range(3, 10)):
        assert max(pictures[p] for p in source) - min(pictures[p] for p in source) <= 1


def test_a_resumed_epoch_and_workers_see_the_same_crops(greys, mix):
    batches = [
        [batch.clean for batch in mix(greys, [1, 2], crops_per_image=4, flip=True, **more).train_dataloader()]
        for more in ({}, {"num_workers": 2}, {"cache_gb": 0})
    ]
    assert all(torch.equal(a, b) and torch.equal(a, c) for a, b, c in zip(*batches, strict=True))


def test_pictures_that_do_not_fit_in_memory_stay_out_of_it(greys, mix, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    decoded, read = [], reading.read
    monkeypatch.setattr(reading, "read", lambda path: decoded.append(path) or read(path))
    pictures = mix(greys, cache_gb=0).split("train")
    assert isinstance(pictures.images, Joined) and not decoded
    assert isinstance(mix(greys).split("train").images, list)


def test_validation_is_of_all_sources_under_their_names(greys, mix):
    data = mix(greys)
    parts = {label: source.split("val") for label, source in data.sources.items()}
    val = data.split("val")
    assert val.keys == [f"{label}/{key}" for label, part in parts.items() for key in part.keys]
    assert set(parts) == {"dark", "bright"} and all(map(len, parts.values())) and val.shapes == [(3, 32, 40)] * len(val)
    assert refusal(lambda: data.split("test")).fix == "data.test=photos"


def test_folders_of_one_name_have_labels_of_their_own(mix, tmp_path):
    for name in ("a/x", "b/x"):
        (tmp_path / name).mkdir(parents=True)
    assert list(mix([tmp_path / "a/x", tmp_path / "b/x", "synthetic"]).sources) == ["x", "x-2", "synthetic"]
    (tmp_path / "x-2").mkdir()
    folders = [tmp_path / name for name in ("a/x", "b/x", "x-2")]
    assert list(mix(folders).sources) == ["x", "x-2", "x-2-2"], "no source replaces another"


def test_named_datasets_and_folders_from_a_configuration(pictures_folder):
    folder = pictures_folder(20, 48, 48)
    chosen = [f"data.sources=[{folder},synthetic]", "data.shares=[0.7,0.3]", "data.images=3", "data.channels=1"]
    cfg = compose(["data=mix", *chosen, "data.patch_size=16", "data.cache_gb=1"])
    data = from_config.training_data(cfg)
    assert list(data.sources) == ["pictures", "synthetic"] and data.test.name == "photos"
    assert data.sources["pictures"].cache_gb == 0.5 and len(data.sources["synthetic"].split("train")) == 3
    assert {shape[0] for shape in data.split("train").shapes} == {1}
    assert next(iter(data.train_dataloader())).noisy.shape == (32, 1, 16, 16)
    trained_on = assemble.module(cfg).hparams["trained_on"]
    assert trained_on == "mix of 0.7 pictures + 0.3 synthetic, gaussian noise, sigma 25"


def test_the_record_of_a_checkpoint_holds_the_pictures_of_all_sources(mix, pictures_folder, protocol):
    folders = [pictures_folder(12, 48, 48, name="a"), pictures_folder(12, 48, 48, name="b", start=20)]
    data = mix(folders, crops_per_image=1)
    data.name = "mix"
    record = leaks.training_record(data)
    assert record["pictures"] == len(data.split("train")) + len(data.split("val"))
    for source in data.sources.values():
        source.name = "folder"
        assert leaks.find(record, source) == sorted({*source.split("train").keys, *source.split("val").keys})


def test_paths_of_a_run_are_absolute_so_that_it_can_be_resumed_elsewhere(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    cfg = absolute_paths(compose(["data=mix", "data.sources=[mine,synthetic]"]))
    assert OmegaConf.to_container(cfg.data.sources) == [str(tmp_path / "mine"), "synthetic"]


@pytest.mark.parametrize(
    ("sources", "shares", "problem", "fix"),
    [
        (None, None, "requires datasets or folders (data.sources)", "'data.sources=[DIR,synthetic]'"),
        ([], None, "requires datasets or folders (data.sources)", "'data.sources=[DIR,synthetic]'"),
        ("bsds500", None, "data.sources=bsds500 is not a list", "data.sources=[bsds500]"),
        (["synthetc"], None, "no dataset and no folder 'synthetc' (data.sources)", "did you mean synthetic?"),
        (["/nowhere/at/all"], None, "no dataset and no folder '/nowhere/at/all'", "one of bsds500, cifar10, mnist"),
        (["synthetic", "set12"], None, "set12 is for testing only (data.sources)", "data.test=set12"),
        (["synthetic", "pairs"], None, "pairs has real noise", "data=pairs"),
        (["synthetic", "polyu"], None, "polyu has real noise", "data=pairs"),
        (["mix"], None, "a mix cannot be a source of another (data.sources)", "name its sources"),
        ([""], None, "no dataset and no folder '' (data.sources)", "one of bsds500, cifar10, mnist"),
        (["folder"], None, "a folder is a source by its path (data.sources)", "'data.sources=[DIR,synthetic]'"),
        (["synthetic", "synthetic"], None, "named twice: synthetic (data.sources)", "name it once"),
        (["synthetic", "mnist"], None, "MNIST has 1 channel(s), not 3", "data.channels=1"),
        (["synthetic", "bsds500"], [1], "data.shares=[1] is not a list of 2", "data.shares=[1,1]"),
        (["synthetic"], 1, "data.shares=1 is not a list of 1", "data.shares=[1]"),
        (["synthetic", "bsds500"], [1, -1], "data.shares=[1,-1] is not a list of numbers from 0 up", "[1,1]"),
        (["synthetic", "bsds500"], [1, "x"], "is not a list of numbers from 0 up", "[1,1]"),
        (["synthetic", "bsds500"], [0, 0.0], "data.shares=[0,0.0] is 0 in the sum (data.shares)", "data.shares=[1,1]"),
    ],
    ids=str,
)
def test_sources_and_shares_that_are_not_possible(sources, shares, problem, fix, protocol):
    failure = refusal(lambda: Mix(sources, shares, **protocol(), channels=3))
    assert problem in failure.what and "(data." in failure.what and fix in failure.fix


def test_a_folder_that_is_named_twice_in_other_words(mix, greys):
    dark = greys[0]
    assert "named twice" in refusal(lambda: mix([dark, f"{dark}/../dark"])).what


def test_only_the_ratio_of_shares_counts(mix, greys):
    assert mix(greys, [1e308, 1e308]).shares == mix(greys, [1, 1]).shares
