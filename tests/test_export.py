"""The export as a user calls it: what is written, what the card says, and what is refused."""

import hashlib
import json

import pytest
import torch
from helpers.checkpoints import run_folder
from spandrel.architectures.DnCNN import DnCNN

import denoiser
from denoiser import export
from denoiser.weights import exported
from denoiser.weights.export import onnx_model, parity


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run folder `run` in the working directory, with a tiny grey model that is not trained."""
    monkeypatch.chdir(tmp_path)
    return run_folder(tmp_path / "run")


@pytest.fixture
def called(capsys):
    """Calls the command; returns its output: stdout, or stderr if it failed."""

    def call(*arguments, code=0):
        assert export.main([str(one) for one in arguments]) == code, capsys.readouterr()
        output = capsys.readouterr()
        return output.err if code else output.out

    return call


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_all_that_is_written_is_the_model(run, called, tmp_path):
    output = called("run", "-o", "out/net")
    assert names(tmp_path / "out") == ["net.json", "net.md", "net.onnx", "net.safetensors"]
    assert output.split()[-4:] == [f"out/net{suffix}" for suffix in (".safetensors", ".onnx", ".json", ".md")]
    model, noisy = denoiser.load(run), torch.rand(2, 1, 21, 34)
    assert torch.equal(denoiser.load("out/net.safetensors")(noisy), model(noisy))
    content = (tmp_path / "out" / "net.onnx").read_bytes()
    torch.testing.assert_close(onnx_model.function(content)(noisy, 25), model(noisy), rtol=0, atol=1e-5)
    description = json.loads((tmp_path / "out" / "net.json").read_text())
    assert description["onnx"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert description["onnx"]["sha256"] in (tmp_path / "out" / "net.md").read_text()
    assert [(row["height"], row["width"]) for row in description["parity"][".onnx"]] == [(512, 512), (300, 451)]
    for row in description["parity"][".onnx"]:
        assert row["mean"] <= row["max"] < 1e-5 and row["torch"] > 0 and row["onnxruntime"] > 0
    assert [row["max"] for row in description["parity"][".safetensors"]] == [0, 0] and "identical" in output


def test_what_is_not_recorded_shows(run, called, tmp_path):
    called("run", "-o", "out/", "--format", "safetensors")
    card = (tmp_path / "out" / "tiny.md").read_text()
    assert "denoiser run data=folder 'noise.sigma_range=[0,55]'" in card and "Optimiser steps: 7" in card
    assert "Commit: not recorded. Device: not recorded." in card and "Not measured." in card
    assert "sigma 0 to 55" in card and "Licence: yours" in card and "2 pictures" in card and "tiny.onnx" not in card


def test_what_the_run_recorded_is_in_the_card_and_stays_there(run, called, tmp_path):
    record = {
        "command": "denoiser run data=bsds500",
        "commit": "abc+",
        "device": "a CPU",
        "seconds": 3600,
        "epochs": 40,
        "status": "ok",
    }
    (run / "results.json").write_text(json.dumps(record))
    best = run / "checkpoints" / "best.ckpt"
    torch.save({**torch.load(best, weights_only=True), "epoch": 35}, best)
    called("run", "-o", ".", "--name", "a", "--format", "safetensors", "--half")
    called("a.safetensors", "-o", ".", "--name", "b", "--format", "safetensors", "--half")
    a, b = (exported.read_description(tmp_path / f"{name}.safetensors") for name in "ab")
    assert a["training"] == b["training"] and a["sha256"] == b["sha256"] and a["seen"] == b["seen"]
    (run / "metrics.csv").write_text("epoch,seconds\n1,4000\n2,3200\n")  # its first part was killed
    called("run", "-o", ".", "--name", "c", "--format", "safetensors", "--half")
    assert exported.read_description(tmp_path / "c.safetensors")["training"] == {**a["training"], "seconds": 7200}
    for part in (
        "    denoiser run data=bsds500\n",
        "Commit: abc+. Device: a CPU.",
        "60 minutes",
        "7, after epoch 36 of 40.",
        "float16",
    ):
        assert part in (tmp_path / "b.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "stem"),
    [
        (["-o", "new/net"], "new/net"),
        (["-o", "new/net.safetensors"], "new/net"),
        (["-o", "new/v1.2"], "new/v1.2"),
        (["-o", "new/"], "new/tiny"),
        (["-o", "run"], "run/tiny"),
        (["-o", "new", "--name", "net"], "new/net"),
    ],
)
def test_where_files_go(run, called, tmp_path, arguments, stem):
    called("run", *arguments, "--format", "safetensors")
    assert (tmp_path / f"{stem}.safetensors").is_file() and (tmp_path / f"{stem}.md").is_file()


@pytest.mark.parametrize("taken", ["net.safetensors", "net.json", "net.md"])
def test_nothing_is_written_over_unless_asked(run, called, tmp_path, taken):
    (tmp_path / taken).write_text("mine")
    output = called("run", "-o", "net", "--format", "safetensors", code=2)
    assert f"already exists ({taken})" in output and "fix: --overwrite" in output
    assert names(tmp_path) == sorted(["run", taken]) and (tmp_path / taken).read_text() == "mine"
    called("run", "-o", "net", "--format", "safetensors", "--overwrite")
    assert denoiser.load(tmp_path / "net.safetensors").hparams["name"] == "tiny"


@pytest.mark.parametrize("shift", [0.01, torch.nan])
def test_an_export_that_differs_is_not_written(run, called, tmp_path, monkeypatch, shift):
    monkeypatch.setattr(onnx_model, "to_onnx", lambda *_: (b"onnx", 20))
    monkeypatch.setattr(onnx_model, "function", lambda content: lambda noisy, sigma: noisy + shift)
    monkeypatch.setattr(parity, "function", lambda model: lambda noisy, sigma: noisy)
    output = called("run", "-o", "out/net", code=1)
    assert "net.onnx differs from torch by" in output and "chelsea" not in output and names(tmp_path) == ["run"]


@pytest.mark.parametrize(
    ("arguments", "fix"),
    [
        (["--half"], "leave out --half"),
        (["--half", "--format", "onnx"], "leave out --half"),
        (["--format", "safetensors"], "--format onnx"),
        (["--format", "both"], "--format onnx"),
    ],
)
def test_published_weights_are_exported_to_onnx_alone(tmp_path, called, arguments, fix):
    torch.save(DnCNN(in_nc=1, out_nc=1, nc=4, nb=9, act_mode="R").state_dict(), tmp_path / "a.pth")
    output = called(tmp_path / "a.pth", "-o", tmp_path / "b", *arguments, code=2)
    assert "published weights are " in output and output.endswith(f"fix: {fix}\n") and names(tmp_path) == ["a.pth"]


def test_the_card_of_published_weights(tmp_path, called):
    torch.save(DnCNN(in_nc=1, out_nc=1, nc=4, nb=9, act_mode="R").state_dict(), tmp_path / "a.pth")
    called(tmp_path / "a.pth", "-o", f"{tmp_path}/out/")
    assert names(tmp_path / "out") == ["a.json", "a.md", "a.onnx"]
    card = (tmp_path / "out" / "a.md").read_text()
    assert "denoiser evaluate weights=FILE data=photos data.channels=1 noise.sigma=25" in card
    assert "DnCNN (spandrel)" in card and "Trained on: not recorded" in card and "--checkpoint" not in card


@pytest.mark.parametrize(
    ("arguments", "what", "fix"),
    [
        (["nowhere", "-o", "x"], "no such checkpoint (nowhere)", "fix: "),
        (["run"], "required: -o/--out", "--help"),
        (["run", "-o", "x", "--name", "a/b"], "no name for files (a/b)", "--name NAME"),
        (["run", "-o", "in/colour.png"], "the name of a picture (-o in/colour.png)", "fix: -o in/colour"),
        (["run", "-o", "scan.TIFF"], "the name of a picture", "fix: -o scan"),
        (["", "-o", "x"], "name or path is empty", "fix: give a run folder"),
        (["run", "-o", "x", "--format", "tflite"], "tflite", "--help"),
        (["run", "-o", "x", "--hlaf"], "--hlaf", "did you mean --half?"),
        (["run", "-o", "x", "--format", "safetensors", "--results", "run"], "no finished evaluation", "evaluate"),
    ],
)
def test_what_is_not_possible_is_an_error_of_two_lines(run, called, tmp_path, arguments, what, fix):
    first, second = called(*arguments, code=2).splitlines()
    assert what in first and fix in second and names(tmp_path) == ["run"]


@pytest.mark.parametrize("name", ["../../pwned", "/tmp/pwned", ".hidden", ""])
def test_a_name_from_a_checkpoint_leads_nowhere_else(run, called, tmp_path, name):
    path = run / "checkpoints" / "best.ckpt"
    content = torch.load(path, weights_only=True)
    content["hyper_parameters"]["name"] = name
    torch.save(content, path)
    before = sorted(tmp_path.rglob("*"))
    assert "--name NAME" in called("run", "-o", "out/", "--format", "safetensors", code=2)
    assert sorted(tmp_path.rglob("*")) == before
    called("run", "-o", "out/", "--format", "safetensors", "--name", "mine")
    assert names(tmp_path / "out") == ["mine.json", "mine.md", "mine.safetensors"]
