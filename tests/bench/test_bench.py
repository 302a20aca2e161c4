"""The bench on a tiny setting; how fast anything is, is not asserted."""

import json

import pytest
import torch

from denoiser.bench import __main__ as bench
from denoiser.bench import evaluation, noise, peers, photos
from denoiser.errors import NOT_POSSIBLE

TINY = ["--seconds", "0.01", "--repeats", "2", "--pictures", "0", "--photos", "0", "--noise", "0"]


def measured(tmp_path, *arguments):
    assert bench.main([*TINY, *arguments, "--out", str(tmp_path)]) == 0
    return json.loads((tmp_path / "bench.json").read_text())


def test_three_contenders_are_measured_in_turns(tmp_path, capsys):
    content = measured(tmp_path, "--models", "mnist_basic")
    (result,) = content["models"]
    assert result["model"] == "mnist_basic" and result["bar"] == 0.85
    assert set(result["images_per_second"]) == {"plain", "project", "ceiling"}
    assert min(result["images_per_second"].values()) > 0
    assert len(result["rounds"]) == content["repeats"] == 2
    ratios = [speeds["project"] / speeds["ceiling"] for speeds in result["rounds"]]
    assert result["of_ceiling"]["lowest"] == min(ratios) and result["of_ceiling"]["highest"] == max(ratios)
    out = capsys.readouterr().out
    assert f"bar {'met' if result['met'] else 'missed'}: 0.85 of the ceiling" in out
    assert out.splitlines()[-1] == str(tmp_path / "bench.json")


def test_formats_of_the_ceiling(tmp_path):
    content = measured(tmp_path, "--models", "cifar_shallow", "--formats")
    (result,) = content["formats"]
    assert len(result["images_per_second"]) == 4
    assert min(result["images_per_second"].values()) > 0
    assert result["rule"] in result["images_per_second"]
    assert 0 < result["share"] <= 1 or result["met"]


@pytest.mark.parametrize("model", bench.WORKLOADS)
def test_every_model_has_pictures_that_its_recipe_takes(model):
    workload = bench.WORKLOADS[model]
    cfg = peers.configuration(model, workload)
    data = peers.RandomPictures(workload, cfg, crops_per_image=2)
    data.setup("fit")
    batch = data.train_dataloader().dataset.__getitems__([0, 1])
    side = cfg.data.get("patch_size")
    assert batch.clean.shape == (2, workload.shape[0], *(workload.shape[1:] if side is None else (side, side)))
    assert not torch.equal(batch.noisy, batch.clean)


@pytest.mark.parametrize("shape", [(1, 12, 14), (3, 12, 14)])
def test_the_plain_loop_makes_the_same_kind_of_pairs(shape):
    images = peers.random_pictures(shape, 4)
    pairs = peers.PerSample(images, None, sigma=25)
    noisy, clean = pairs[2]
    assert torch.equal(clean, images[2].float() / 255)
    assert (noisy - clean).std() == pytest.approx(25 / 255, rel=0.3)
    assert peers.PerSample(images, 8, sigma=25)[0][0].shape == (shape[0], 8, 8)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--models", "mnist_basik"], "mnist_basic"),
        (["--seconds", "0"], "--seconds 2"),
        (["--seconds", "nan"], "--seconds 2"),
        (["--repeats", "0"], "--repeats 7"),
        (["--repeats", "many"], "--help"),
        (["--photos", "-1"], "--photos 4"),
        (["--noise", "-1"], "--noise 5"),
        (["--fast"], "did you mean --formats?"),
    ],
)
def test_wrong_arguments_are_refused_in_two_lines(tmp_path, capsys, arguments, expected):
    assert bench.main([*arguments, "--out", str(tmp_path)]) == NOT_POSSIBLE
    error, fix = capsys.readouterr().err.splitlines()
    assert error.startswith("error: ") and fix.startswith("fix: ") and expected in fix
    assert not (tmp_path / "bench.json").exists()


def test_a_bench_that_is_there_is_kept(tmp_path, capsys):
    (tmp_path / "bench.json").write_text("earlier")
    assert bench.main([*TINY, "--out", str(tmp_path)]) == NOT_POSSIBLE
    assert (tmp_path / "bench.json").read_text() == "earlier"
    assert "another --out" in capsys.readouterr().err


def test_an_evaluation_is_measured_beside_its_bare_calls(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(evaluation, "SIZE", (24, 32))
    content = measured(tmp_path, "--models", "mnist_basic", "--pictures", "2")
    result = content["evaluation"]
    assert result["calls"] == 6 and result["ratio"] == result["seconds"] / result["bare"] > 0
    assert result["met"] == (result["ratio"] <= 1.1)
    assert f"bar {'met' if result['met'] else 'missed'}: 1.1 or less" in capsys.readouterr().out


def test_a_folder_of_photos_is_measured_beside_the_bare_model(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(photos, "SIZE", (48, 32))
    content = measured(tmp_path, "--models", "mnist_basic", "--photos", "2")
    result = content["photos"]
    assert result["folder"] > 0 < result["bare"]
    assert 0 < result["lowest"] <= result["ratio"] <= result["highest"]
    assert result["met"] == (result["ratio"] >= 0.9)
    assert f"bar {'met' if result['met'] else 'missed'}: 0.9 of the bare model" in capsys.readouterr().out


def test_a_batch_with_the_noise_of_a_camera_is_measured_beside_a_step(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(noise, "COUNT", 4)
    monkeypatch.setattr(noise, "NOISE", (*noise.NOISE, "data.batch_size=4", "data.patch_size=16"))
    result = measured(tmp_path, "--models", "mnist_basic", "--noise", "2")["noise"]
    assert result["share"] == result["batch"] / result["step"] > 0
    assert result["met"] == (result["share"] <= 0.25)
    assert f"bar {'met' if result['met'] else 'missed'}: at most 0.25 of the step" in capsys.readouterr().out


def test_a_photo_that_fails_is_no_measurement(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(photos, "SIZE", (48, 32))
    monkeypatch.setattr(photos.denoise, "main", lambda arguments: 1)
    assert bench.main([*TINY, "--models", "mnist_basic", "--photos", "1", "--out", str(tmp_path)]) == NOT_POSSIBLE
    assert "--photos" in capsys.readouterr().err and not (tmp_path / "bench.json").exists()
