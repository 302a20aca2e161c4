"""Published real pairs: their files, their figure of the noisy input, their splits, and what is refused."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.tiny import pictures as draw_pictures
from PIL import Image

from denoiser import evaluate
from denoiser.config import EVALUATE, compose
from denoiser.data import __main__ as data_command
from denoiser.data import from_config
from denoiser.data.cc15 import CC15
from denoiser.data.polyu import PolyU, dev_keys
from denoiser.data.real_pairs import RealPairs
from denoiser.data.store.download import missing_or_altered
from denoiser.errors import DenoiserError
from denoiser.noise.base import Noise
from denoiser.noise.gaussian import Gaussian

SETS = {CC15: (15, "png"), PolyU: (100, "JPG")}
SIGMA = 5


def drawn(root, dataset, sigma=SIGMA, side=32):
    """The files of a set in its official layout: grey 128, and the same with noise of `sigma`."""
    folder, rng = root / dataset.card.folders[0], np.random.default_rng(0)
    folder.mkdir(parents=True)
    for name in dataset.card.files:
        level = sigma if "_real" in name else 0
        pixels = (128 + level * rng.standard_normal((side, side, 3))).round().clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / name, quality=100, subsampling=0)
    return folder


def refused(make):
    with pytest.raises(DenoiserError) as caught:
        make()
    return caught.value


@pytest.fixture
def unhashed(monkeypatch):
    """Sets whose files are not hashed, and whose published figure is `noisy_psnr`."""

    def change(dataset, noisy_psnr):
        card = replace(dataset.card, files=dict.fromkeys(dataset.card.files, ""), noisy_psnr=noisy_psnr)
        monkeypatch.setattr(dataset, "card", card)

    return change


@pytest.mark.parametrize("dataset", SETS)
def test_every_noisy_file_has_a_clean_one_and_a_hash(dataset):
    count, suffix = SETS[dataset]
    files = dataset.card.files
    assert len(files) == 2 * count == 2 * dataset.card.count and len({*files.values()}) == 2 * count
    assert all(len(digest) == 64 for digest in files.values())
    noisy, clean = ({name.replace(word, "") for name in files if word in name} for word in ("_real", "_mean"))
    assert noisy == clean and all(name.endswith(f".{suffix}") for name in files)
    repository, folder = {
        CC15: ("csjunxu/MCWNNM-ICCV2017", "Real_ccnoise_denoised_part"),
        PolyU: ("csjunxu/PolyU-Real-World-Noisy-Images-Dataset", "CroppedImages"),
    }[dataset]
    assert dataset.card.url.startswith(f"https://raw.githubusercontent.com/{repository}/")
    assert dataset.card.url.endswith(f"/{folder}") and dataset.card.licence == "non-commercial"


@pytest.mark.parametrize("dataset", SETS)
def test_pairs_are_noisy_then_clean_under_their_name(dataset, protocol, tmp_path):
    (tmp_path / "stand-ins").touch()
    drawn(tmp_path, dataset)
    pairs = dataset(tmp_path, **protocol(Noise()), channels=3).split("test")
    assert len(pairs) == SETS[dataset][0] and pairs.keys == sorted(pairs.keys)
    assert not any("_real" in key or "_mean" in key for key in pairs.keys)
    for image in pairs.images:
        noisy, clean = image.float().chunk(2)
        assert (clean - 128).abs().max() <= 1 and noisy.std() == pytest.approx(SIGMA, rel=0.2)


@pytest.mark.parametrize("dataset", SETS)
def test_downloads_from_a_mirror_and_verifies(dataset, mirror, unhashed, protocol, tmp_path, capsys, monkeypatch):
    folder = drawn(tmp_path / "source", dataset)
    url = ""
    for name in dataset.card.files:
        url = mirror.add(f"/set/{name}", (folder / name).read_bytes()).rpartition("/")[0]
    unhashed(dataset, 20 * np.log10(255 / SIGMA))
    monkeypatch.setattr(dataset, "card", replace(dataset.card, url=url))
    monkeypatch.setattr("denoiser.data.published_pairs.TOLERANCE", 0.5)
    name, root = dataset.__name__.lower(), tmp_path / "store"
    assert data_command.main(["download", name, "--root", str(root)]) == 0
    assert sorted(path.name for path in (root / dataset.__name__).iterdir()) == sorted(dataset.card.files)
    assert data_command.main(["verify", name, "--root", str(root)]) == 0
    assert f"{2 * SETS[dataset][0]} files" in (out := capsys.readouterr().out) and "the noisy input has 34.1" in out
    assert len(dataset(root, **protocol(Noise()), channels=3).split("test")) == SETS[dataset][0]


def test_another_figure_of_the_noisy_input_is_refused_and_names_the_pair(unhashed, protocol, tmp_path, capsys):
    folder = drawn(tmp_path, CC15)
    pairs = CC15(tmp_path, **protocol(Noise()), channels=3)
    unhashed(CC15, 33.41)
    odd = folder / "d800_iso1600_2_real.png"
    Image.fromarray(255 - np.asarray(Image.open(odd)) // 2).save(odd)
    failure = refused(lambda: pairs.pictures("test"))
    assert failure.code == 3 and "published are 33.41; d800_iso1600_2 is furthest off with" in failure.what
    assert str(folder) in failure.what and failure.fix.startswith(f"mv {folder} {folder}-old")
    assert data_command.main(["verify", "cc15", "--root", str(tmp_path)]) == 1
    error, fix = capsys.readouterr().err.splitlines()
    assert error.startswith("error: cc15: the noisy input has ") and fix.startswith("fix: mv ")


def test_an_altered_file_is_refused_and_named(protocol, tmp_path, capsys):
    drawn(tmp_path, CC15)
    failure = refused(lambda: CC15(tmp_path, **protocol(Noise()), channels=3).pictures("test"))
    assert "cc15 has 30 altered or missing file(s), 5dmark3_iso3200_1_mean.png first" in failure.what
    assert data_command.main(["verify", "cc15", "--root", str(tmp_path)]) == 1
    assert "altered  d800_iso6400_3_real.png" in capsys.readouterr().out.splitlines()


def test_the_splits_of_polyu(protocol, tmp_path):
    (tmp_path / "stand-ins").touch()
    drawn(tmp_path, PolyU)
    keys = {
        split: PolyU(tmp_path, split, **protocol(Noise()), channels=3).split("test").keys
        for split in ("all", "dev", "held_out")
    }
    assert [*map(len, keys.values())] == [100, 53, 47] and set(keys["dev"]) == set(dev_keys())
    assert sorted(keys["dev"] + keys["held_out"]) == keys["all"]
    scenes = {split: {key.rpartition("_")[0] for key in keys[split]} for split in ("dev", "held_out")}
    assert len(scenes["dev"]) == 13 and not scenes["dev"] & scenes["held_out"]
    failure = refused(lambda: PolyU(tmp_path, "heldout", **protocol(Noise()), channels=3))
    assert (failure.what, failure.fix) == ("polyu has no split 'heldout' (data.split)", "data.split=held_out")


@pytest.mark.parametrize("name", ["polyu", "cc15"])
def test_noise_on_real_pairs_is_refused_with_the_key_that_helps(name):
    failure = refused(lambda: from_config.evaluation_data(compose([f"data={name}"], EVALUATE)))
    assert (failure.what, failure.fix) == (
        f"data={name} has real noise; noise cannot be added (noise=gaussian)",
        "noise=none",
    )
    with pytest.raises(DenoiserError, match="real noise is clipped by the camera"):
        from_config.protocol(compose([f"data={name}", "noise=none", "protocol=published"], EVALUATE))


def test_a_training_on_added_noise_is_tested_on_real_pairs(tmp_path, monkeypatch):
    (tmp_path / "stand-ins").touch()
    drawn(tmp_path, CC15)
    monkeypatch.setenv("DENOISER_DATA", str(tmp_path))
    cfg = compose(["data=synthetic", "data.images=2", "data.test=cc15", "test.sigma=[15,25]"])
    data = from_config.training_data(cfg)
    assert from_config.protocol_name(cfg) == "clipped" and data.test.names == {"data": "cc15", "noise": "real"}
    pairs = data.frozen("test")
    assert len(pairs) == 15 and pairs.describe(14) == ("d800_iso6400_3", None)
    noisy, clean = batch = pairs.__getitems__([14])
    assert torch.equal(clean, torch.full_like(clean, 128 / 255)) and batch.level.isnan().all()
    assert (noisy - clean).std() * 255 == pytest.approx(SIGMA, rel=0.1)
    assert len(data.frozen("val")) == 2 * len(data.split("val")) and isinstance(data.protocol.noise, Gaussian)


def test_an_evaluation_has_the_figures_of_the_pairs(tmp_path, monkeypatch):
    (tmp_path / "stand-ins").touch()
    folder = drawn(tmp_path, PolyU)
    monkeypatch.setenv("DENOISER_DATA", str(tmp_path))
    out = tmp_path / "out"
    chosen = ["baseline=noisy", "data=polyu", "data.split=held_out", "noise=none"]
    assert evaluate.main([*chosen, f"hydra.run.dir={out}"]) == 0
    content = json.loads((out / "results.json").read_text())
    (row,) = content["rows"]
    keys = PolyU.card.files.keys() - {f"{key}_{kind}.JPG" for key in dev_keys() for kind in ("real", "mean")}
    noisy = [np.asarray(Image.open(folder / name), np.float64) for name in sorted(keys) if "_real" in name]
    clean = [np.asarray(Image.open(folder / name), np.float64) for name in sorted(keys) if "_mean" in name]
    expected = [20 * np.log10(255) - 10 * np.log10(((a - b) ** 2).mean()) for a, b in zip(noisy, clean, strict=True)]
    assert row["psnr"] == pytest.approx(np.mean(expected), abs=1e-4)
    assert (row["n_images"], row["noise"], row["place"], row["sigma"]) == (47, "real", "held_out", None)
    assert content["protocol"] == "clipped"


@pytest.fixture
def official(real_data, tmp_path):
    """PolyU in its official layout: the 53 pairs that are here, and drawn ones in the place of the other 47."""
    source = real_data / "polyu-dev"
    if not source.is_dir():
        pytest.skip("no real pairs: DENOISER_TEST_DATA has no folder polyu-dev")
    (tmp_path / "stand-ins").touch()
    (tmp_path / "PolyU").mkdir()
    for key in dev_keys():
        for kind, folder in (("real", "noisy"), ("mean", "clean")):
            shutil.copy(source / folder / f"{key}.JPG", tmp_path / "PolyU" / f"{key}_{kind}.JPG")
    rest = [tmp_path / "PolyU" / name for name in PolyU.card.files if not (tmp_path / "PolyU" / name).exists()]
    draw_pictures(rest, np.random.default_rng(0))
    return tmp_path


def test_the_real_pairs_are_those_that_were_published(official, real_data, protocol):
    folder = official / "PolyU"
    here = {f"{key}_{kind}.JPG" for key in dev_keys() for kind in ("real", "mean")}
    hashes = {name: digest for name, digest in PolyU.card.files.items() if name in here}
    (official / "stand-ins").unlink()
    assert len(hashes) == 106 and missing_or_altered(folder, hashes) == []
    (official / "stand-ins").touch()
    dev = PolyU(official, "dev", **protocol(Noise()), channels=3).split("test")
    source = real_data / "polyu-dev"
    pairs = RealPairs(str(source / "noisy"), str(source / "clean"), **protocol(Noise()), channels=3).pictures("all")
    assert dev.keys == pairs.keys and all(map(torch.equal, dev.images, pairs.images))


def test_the_weights_that_were_selected_on_dev_are_refused_there(official, monkeypatch, capsys):
    monkeypatch.setenv("DENOISER_DATA", str(official))
    out = f"hydra.run.dir={official / 'out'}"
    assert evaluate.main(["checkpoint=camera", "data=polyu", "noise=none", out]) == 2
    error, fix = capsys.readouterr().err.splitlines()
    assert error.startswith(
        "error: camera was trained or selected on 53 of the 100 pictures: Canon5D2_5_160_3200_chair"
    )
    assert "allow_leak=true" in fix
    held_out = ["checkpoint=camera", "data=polyu", "data.split=held_out", "noise=none", f"{out}-held_out"]
    assert evaluate.main(held_out) == 0
    content = json.loads((official / "out-held_out" / "results.json").read_text())
    assert content["methods"][0]["leak"] == [] and content["rows"][0]["n_images"] == 47
