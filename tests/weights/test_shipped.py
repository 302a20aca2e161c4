"""Weights that ship: found by name, refused when damaged, and as good as their descriptions say."""

import hashlib
import re
import shutil

import pytest
import torch
from helpers.checkpoints import run_folder, tiny, write_export
from spandrel.architectures.DnCNN import DnCNN

import denoiser
from denoiser.denoise import parse
from denoiser.errors import DenoiserError
from denoiser.photos import model_choice
from denoiser.photos.options import Options
from denoiser.weights import exported, shipped

MEBIBYTES_13 = 13 * 2**20
PINNED = {
    "photo": "40f8675590574a7572043abf507477c21116f48d013a7f72bd1353cf817d147d",
    "camera": "10f4346751ef4f0d8bae4d8e32a5ca485042164f70d3cb276ef87167e83870ac",
}
"""The sha256 of weights that are released: other bytes need another name, or a change here on purpose."""
FIGURES = re.compile(
    r"^\| (\w+) \| gaussian \| (\d+) \| (\d+) \| published \| [\d.]+ \| \*\*([\d.]+) .*\| ([\d.]+) \[", re.M
)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that ships a tiny network, `photo`."""
    folder = tmp_path / "package" / "weights"
    write_export(tiny(), folder / "photo", True)
    monkeypatch.setattr(shipped, "FOLDER", folder)
    monkeypatch.setattr(shipped, "NAMES", ("photo",))
    monkeypatch.chdir(tmp_path)
    return folder


def test_a_name_means_the_weights_that_ship_and_a_path_what_is_there(package, tmp_path):
    (tmp_path / "photo").mkdir()
    assert denoiser.load("photo").hparams["name"] == "tiny"
    for path in ("./photo", tmp_path / "photo", type(tmp_path)("photo")):
        with pytest.raises(DenoiserError, match="no checkpoint in the folder"):
            denoiser.load(path)


def test_names_that_are_almost_right(package):
    for name in ("phto", "Photo"):
        with pytest.raises(DenoiserError, match=rf"^error: no such checkpoint \({name}\)\nfix: did you mean photo\?$"):
            denoiser.load(name)
    with pytest.raises(DenoiserError, match=r"no such checkpoint \(phto\)\nfix: use a path that exists"):
        denoiser.load("./phto")


def model(*arguments):
    """What `denoiser denoise` with these options takes, loaded."""
    options = parse(["a.png", "-o", "out", *map(str, arguments)])
    choice = model_choice.ModelChoice(options.model, options.checkpoint, options.weights)
    models = model_choice.Models(choice, torch.device("cpu"), Options())
    return models.restorer(1).model


def refused(what, fix, *arguments):
    with pytest.raises(DenoiserError) as raised:
        model(*arguments)
    first, second = str(raised.value).splitlines()
    assert what in first and second == f"fix: {fix}" and raised.value.code == 2


def test_the_argument_is_what_load_takes(package, tmp_path):
    assert model("--checkpoint", "photo").hparams["name"] == "tiny"
    (tmp_path / "photo").mkdir()
    for path in ("./photo", tmp_path / "photo"):
        with pytest.raises(DenoiserError, match="no checkpoint in the folder"):
            model("--checkpoint", path)
    refused("no such checkpoint (phto)", "did you mean photo?", "--checkpoint", "phto")


@pytest.mark.parametrize("option", ["--model", "--checkpoint", "--weights"])
def test_an_empty_name_is_refused(package, option):
    refused(f"{option} is empty", f"leave out {option}", option, "")
    with pytest.raises(DenoiserError, match="name or path is empty"):
        denoiser.load("")


def test_own_networks_are_no_published_weights(package, tmp_path):
    run = run_folder(tmp_path / "run") / "checkpoints" / "best.ckpt"
    renamed = shutil.copy(run, tmp_path / "renamed.pth")
    for file in (package / "photo.safetensors", run, renamed):
        refused(f"a model of denoiser itself (--weights {file})", f"--checkpoint {file}", "--weights", file)
        assert model("--checkpoint", file).hparams["name"] == "tiny"
    torch.save(DnCNN(in_nc=1, out_nc=1, nc=4, nb=9, act_mode="R").state_dict(), tmp_path / "theirs.ckpt")
    assert model("--weights", tmp_path / "theirs.ckpt").architecture == "DnCNN (spandrel)"


def test_a_damaged_file_is_refused(package):
    path = shipped.path("photo")
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(DenoiserError, match=r"by its sha256 .*\nfix: .*install the package again"):
        denoiser.load("photo")


def test_help_and_errors_list_what_ships(capsys):
    with pytest.raises(SystemExit):
        parse(["--help"])
    named = capsys.readouterr().out
    with pytest.raises(DenoiserError) as raised:
        model_choice.ModelChoice(model="nothing-like-it")
    assert {"camera", "grey", "photo"} <= {*shipped.NAMES}
    assert all(name in named and name in str(raised.value) for name in shipped.NAMES)
    assert str(raised.value).endswith("--model photo")


@pytest.fixture(params=shipped.NAMES or [pytest.param("", marks=pytest.mark.skip("no weights ship yet"))])
def weights(request):
    return shipped.path(request.param)


def test_what_ships_is_whole_small_and_explained(weights):
    digest, card = hashlib.sha256(weights.read_bytes()).hexdigest(), card_of(weights)
    assert {*re.findall(r"sha256 `(\w+)`", card), exported.read_description(weights)["sha256"]} == {digest}
    assert PINNED.get(weights.stem, digest) == digest
    assert weights.stat().st_size <= MEBIBYTES_13 and "licence" in card.lower()


def card_of(weights):
    return weights.with_suffix(".md").read_text(encoding="utf-8")


def test_what_ships_is_measured_and_its_card_has_the_figures(weights):
    figures = [
        (data, int(sigma), int(n), float(db), float(ssim))
        for data, sigma, n, db, ssim in FIGURES.findall(card_of(weights))
    ]
    rows = exported.read_description(weights)["results"]
    assert [row["sigma"] for row in rows] == [15, 25, 50] and len(figures) == 3
    for (data, sigma, n, db, ssim), row in zip(figures, rows, strict=True):
        assert (data, sigma, n) == (row["data"], row["sigma"], row["n_images"]) and row["leak"] == []
        assert db == pytest.approx(row["psnr"], abs=0.01) and ssim == pytest.approx(row["ssim"], abs=1e-4)
    commits = {row["commit"] for row in rows}
    assert all(re.fullmatch(r"[0-9a-f]{12}", commit) and f"commit {commit}." in card_of(weights) for commit in commits)


def test_what_ships_denoises_as_it_says(weights):
    from denoiser.weights.export.parity import reference

    torch.manual_seed(0)
    check, recorded = reference(denoiser.load(weights)), exported.read_description(weights)["check"]
    assert check["psnr"] == pytest.approx(recorded["psnr"], abs=0.01)
    (psnr,) = re.findall(r"To check a copy: ([\d.]+) dB", card_of(weights))
    assert check["psnr"] == pytest.approx(float(psnr), abs=0.015)  # which is rounded
