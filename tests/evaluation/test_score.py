"""Scores from Python are those of the command, for names, modules and functions."""

import shutil
import sys

import pytest
from torch import nn

import denoiser
from denoiser.config import EVALUATE, compose
from denoiser.data import leaks
from denoiser.data.folder import Folder
from denoiser.data.real_pairs import RealPairs
from denoiser.errors import DenoiserError
from denoiser.evaluate import evaluate
from denoiser.evaluation.score import score
from denoiser.noise.gaussian import Gaussian


@pytest.fixture
def pictures(pictures_folder):
    return pictures_folder(3, channels=1)


def figures(rows):
    return [{key: row[key] for key in ("method", "sigma", "psnr", "ssim", "psnr_noisy", "n_images")} for row in rows]


def test_the_rows_are_those_of_the_command(pictures, tmp_path):
    options = [f"data.path={pictures}", "data.channels=1", "test.sigma=[15,25]", "seed=3"]
    cfg = compose(["baseline=[noisy,wavelet]", "data=folder", *options], EVALUATE)
    expected = evaluate(cfg, tmp_path / "results")["rows"]
    table = score(["noisy", "wavelet"], str(pictures), sigma=[15, 25], channels=1, seed=3)
    assert figures(table.rows) == figures(expected)
    assert len(table.per_image) == 12 and {row["image"] for row in table.per_image} == {"000", "001", "002"}
    assert "| wavelet |" in table.markdown() and "wavelet" in table.latex() and "wavelet" in str(table)


def test_modules_and_functions(pictures):
    half = nn.Conv2d(1, 1, 1, bias=False)
    nn.init.constant_(half.weight, 0.5)
    dropout = nn.Sequential(half, nn.Dropout(0.5))

    def halved(noisy):
        return noisy / 2

    by_module, trained, by_function, noisy = score([half, dropout, halved, "noisy"], pictures, sigma=25).rows
    assert by_module["psnr"] == pytest.approx(by_function["psnr"]) == pytest.approx(trained["psnr"])
    assert (by_module["method"], by_function["method"]) == ("Conv2d", "halved") and noisy["psnr"] == noisy["psnr_noisy"]
    assert dropout.training and dropout[1].training


def test_a_dataset_keeps_its_noise_and_is_not_changed(pictures):
    data = Folder(pictures, noise=Gaussian(40), channels=1, seed=7)
    assert [row["sigma"] for row in score("noisy", data).rows] == [40]
    assert [row["sigma"] for row in score("noisy", data, sigma=[15, 50]).rows] == [15, 50]
    assert data.protocol.levels == (40.0,)
    (given,), (same,), (other,) = (score("noisy", data, seed=seed).rows for seed in (None, 7, 8))
    assert given["psnr"] == same["psnr"] != other["psnr"]


def test_real_pairs_have_no_noise_added(pictures):
    copied = shutil.copytree(pictures, pictures.with_name("copied"))
    (row,) = score("noisy", RealPairs(copied, pictures, channels=1)).rows
    assert row["n_identical"] == 3 and row["noise"] == "real"


def test_pictures_that_a_model_was_trained_on_are_found(pictures_folder):
    folder = pictures_folder(20)
    data = Folder(folder, patch_size=16)
    model = denoiser.Denoiser(nn.Conv2d(3, 3, 3, padding=1))
    model.seen = leaks.training_record(data)
    with pytest.raises(DenoiserError, match="trained or selected on 18 of the 20"):
        score(model, folder)
    assert score(model, folder, allow_leak=True).rows


@pytest.mark.parametrize(
    ("methods", "data", "options", "text"),
    [
        ([], "photos", {}, "nothing to score"),
        ("nlmm", "photos", {}, "no checkpoint|nlmm"),
        ("noisy", "fotos", {}, "photos"),
        ("noisy", "photos", {"sigma": 0.1}, "below one grey level"),
        ("noisy", "photos", {"shot": 0.004}, "is not for noise=gaussian"),
        ("noisy", "set12", {"channels": 3}, "1 channel"),
    ],
)
def test_what_is_not_possible_is_said_in_two_lines(methods, data, options, text):
    with pytest.raises(DenoiserError, match=text):
        score(methods, data, **options)


def test_what_is_no_denoiser():
    with pytest.raises(TypeError, match="no denoiser, but int"):
        score(3, "photos")


def test_without_pandas_the_error_names_it(pictures, monkeypatch):
    table = score("noisy", pictures, sigma=25, channels=1)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(DenoiserError, match="pip install pandas"):
        table.to_pandas()
