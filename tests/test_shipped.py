"""Weights that ship: found by name, refused when damaged, and as good as their descriptions say."""

import hashlib

import pytest
import torch
from test_portable import tiny

import denoiser
from denoiser import portable, shipped
from denoiser.errors import DenoiserError

MEBIBYTES_8 = 8 * 2**20


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that ships a tiny network, `photo`."""
    folder = tmp_path / "package" / "weights"
    portable.write(tiny(), folder / "photo", True)
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
    for asked in ("phto", "Photo"):
        with pytest.raises(DenoiserError, match=rf"^error: no such checkpoint \({asked}\)\nfix: did you mean photo\?$"):
            denoiser.load(asked)
        with pytest.raises(DenoiserError, match=r"did you mean photo\?"):
            shipped.path(asked)
    with pytest.raises(DenoiserError, match="fix: one of photo"):
        shipped.path("quite another")
    with pytest.raises(DenoiserError, match=r"no such checkpoint \(phto\)\nfix: give a path that exists"):
        denoiser.load("./phto")


def test_a_damaged_file_is_refused(package):
    path = shipped.path("photo")
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(DenoiserError, match=r"by its sha256 .*\nfix: .*install the package again"):
        denoiser.load("photo")


@pytest.fixture(params=shipped.NAMES or [pytest.param("", marks=pytest.mark.skip("no weights ship yet"))])
def weights(request):
    return shipped.path(request.param)


def test_what_ships_is_whole_small_and_explained(weights):
    told = portable.facts(weights)
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == told["sha256"]
    assert weights.stat().st_size <= MEBIBYTES_8
    card = weights.with_suffix(".md").read_text(encoding="utf-8")
    assert told["sha256"] in card and "licence" in card.lower()


def test_what_ships_denoises_as_it_says(weights):
    from denoiser.parity import checked

    torch.manual_seed(0)
    told = portable.facts(weights)["check"]
    assert checked(denoiser.load(weights))["psnr"] == pytest.approx(told["psnr"], abs=0.01)
