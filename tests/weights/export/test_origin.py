"""What is exported is evaluated like a run, and its card shows the figures."""

import json
from pathlib import Path

import pytest
import torch
from helpers.checkpoints import run_folder
from spandrel.architectures.DnCNN import DnCNN

from denoiser import evaluate
from denoiser.data import leaks
from denoiser.data.folder import Folder
from denoiser.errors import DenoiserError
from denoiser.export import export
from denoiser.weights import exported, shipped

HALF = {"form": "safetensors", "half": True}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run folder `run` in the working directory."""
    monkeypatch.chdir(tmp_path)
    return run_folder(tmp_path / "run")


def sha256(file):
    return exported.read_description(file)["sha256"]


def evaluated(*arguments):
    folder = f"evaluation-{len([*Path().glob('evaluation-*')])}"
    assert evaluate.main([*arguments, f"hydra.run.dir={folder}"]) == 0
    return folder, json.loads(Path(folder, "results.json").read_text())


def test_figures_of_an_evaluation_are_in_the_card_of_what_was_evaluated(run, tmp_path, pictures_folder):
    export("run", "net", **HALF)
    folder, content = evaluated(
        "checkpoint=net.safetensors", "baseline=tv", "data=folder", f"data.path={pictures_folder(3)}",
        "data.channels=1", "test.sigma=[15,50]",
    )  # fmt: skip
    (method, _) = content["methods"]
    assert (method["method"], method["sha256"]) == ("net", sha256(tmp_path / "net.safetensors"))
    export("run", "net", **HALF, overwrite=True, results=[Path(folder)])
    card = (tmp_path / "net.md").read_text()
    assert sha256(tmp_path / "net.safetensors") == method["sha256"]
    for row in (row for row in content["rows"] if row["method"] == "net"):
        assert f"| {row['sigma']:g} | 3 | published | {row['psnr_noisy']:.2f} | **{row['psnr']:.2f} [" in card
    assert card.count("| folder | gaussian |") == 2 and "| none |" in card
    export("net.safetensors", "again", **HALF)
    assert card.count("**") == (tmp_path / "again.md").read_text().count("**") > 0
    with pytest.raises(DenoiserError, match="the evaluation is of other weights"):
        export("run", "whole", form="safetensors", results=[Path(folder)])
    assert not (tmp_path / "whole.json").exists()


def test_the_figure_to_check_a_copy_by_is_that_of_an_evaluation(run, tmp_path):
    export("run", "net", **HALF)
    evaluated("checkpoint=net.safetensors", "data=photos", "data.channels=1", "noise.sigma=25")
    (results,) = tmp_path.glob("evaluation-*/results.csv")
    (row,) = [line.split(",") for line in results.read_text().splitlines() if ",astronaut," in line]
    check = exported.read_description(tmp_path / "net.safetensors")["check"]
    assert float(row[5]) == pytest.approx(check["psnr"], abs=1e-3)


def test_shipped_names_are_evaluated_like_runs_leaks_included(
    run, tmp_path, capsys, monkeypatch, protocol, save_picture
):
    for seed in range(12):
        save_picture(tmp_path / "pictures" / f"{seed}.png", 48, 48, seed=seed)
    seen = leaks.training_record(Folder(str(tmp_path / "pictures"), **protocol(), channels=1, patch_size=16))
    run_folder(tmp_path / "other", seen)
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "package")
    export("other", "package", name="photo", **HALF)
    assert "--model photo" in (tmp_path / "package" / "photo.md").read_text()
    monkeypatch.setattr(shipped, "NAMES", ("photo",))
    arguments = "checkpoint=photo", "data=folder", f"data.path={tmp_path / 'pictures'}", "data.channels=1"
    assert evaluate.main([*arguments, "hydra.run.dir=refused"]) == 2
    assert "photo was trained or selected on" in capsys.readouterr().err
    _, content = evaluated(*arguments, "allow_leak=true")
    (method,) = content["methods"]
    assert (method["method"], method["source"], method["kind"]) == ("photo", "photo", "checkpoint") and method["leak"]
    assert method["trained_sigma"] == [0, 55] and method["sha256"] == sha256(shipped.path("photo"))


@pytest.mark.parametrize(("key", "other"), [("checkpoint", "weights"), ("weights", "checkpoint")])
def test_evaluations_tell_exported_from_published(run, capsys, tmp_path, key, other):
    export("run", "net", form="safetensors")
    torch.save(DnCNN(in_nc=1, out_nc=1, nc=4, nb=9, act_mode="R").state_dict(), tmp_path / "a.pth")
    file = {"weights": "net.safetensors", "checkpoint": "a.pth"}[key]
    assert evaluate.main([f"{key}={file}", "data.channels=1", "hydra.run.dir=out"]) == 2
    assert capsys.readouterr().err.endswith(f"fix: {other}={file}\n")
