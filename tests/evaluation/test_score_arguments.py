"""What `denoiser.score` may be given: names of rows, splits, datasets of one's own; and what it refuses in words."""

import re

import numpy as np
import pytest
import torch
from helpers.objects import QUIET, Net
from lightning.pytorch import Trainer
from torch import nn

from denoiser.data import leaks
from denoiser.data.base import PairsDataModule
from denoiser.data.folder import Folder
from denoiser.data.pairs import Pictures
from denoiser.data.set12 import Set12
from denoiser.errors import DenoiserError
from denoiser.evaluation.score import score
from denoiser.noise.gaussian import Gaussian
from denoiser.training.module import Denoiser


class Own(PairsDataModule):
    """Drawn pictures."""

    white = 1

    def pictures(self, split):
        ramp = (
            torch.linspace(0, self.white, 16).expand(2, self.channels, 16, 16)
            * torch.tensor([1, 0.5])[:, None, None, None]
        )
        return Pictures([f"{split}/{i}" for i in range(2)], ramp)


def identity(noisy):
    return noisy


def test_methods_by_the_names_of_their_rows():
    rows = score({"as it is": identity, "model": Net(), "wiener": "wavelet"}, Own()).rows
    assert [row["method"] for row in rows] == ["as it is", "model", "wiener"]


@pytest.mark.filterwarnings("ignore:.*", "error::DeprecationWarning")
def test_the_split_of_a_trainers_test_gives_its_figures(pictures_folder):
    data, model = Folder(pictures_folder(20), patch_size=16), Denoiser(Net())
    model.seen = leaks.training_record(data)
    (figures,) = Trainer(**QUIET).test(model, data, verbose=False)
    (row,) = score(model, data, split="test").rows
    assert row["n_images"] == len(data.split("test")) == 2
    assert row["psnr"] == pytest.approx(figures["test/psnr"]) and row["ssim"] == pytest.approx(figures["test/ssim"])
    assert data.evaluation_split == "all" and data.name == ""
    counts = {split: score("noisy", data, split=split).rows[0]["n_images"] for split in ("train", "val", "all", None)}
    assert counts == {"train": 16, "val": 2, "all": 20, None: 20}


def test_training_pictures_of_another_folder_are_found_in_its_test_split(pictures_folder):
    one = Folder(pictures_folder(20), patch_size=16)
    model = Denoiser(Net())
    model.seen = leaks.training_record(one)
    other = Folder(one.path, patch_size=16)
    assert score(model, other, split="test").rows
    two = Folder(pictures_folder(20, name="two"), patch_size=16)
    two.splits["test"] = one.split("train")
    with pytest.raises(DenoiserError, match="trained or selected on 16 of the 16"):
        score(model, two, split="test")


def test_leaks_are_looked_for_between_datasets_without_a_name():
    class Same(Own):
        def pictures(self, split):
            return super().pictures("any")

    model = Denoiser(Net())
    model.seen = leaks.training_record(Same())
    with pytest.raises(DenoiserError, match="trained or selected on 2 of the 2"):
        score(model, Same())


def test_the_data_of_a_row_is_named(pictures_folder):
    data = {"pictures": str(pictures_folder(3)), "folder": Folder(pictures_folder(3, name="folder")), "own": Own()}
    assert [score("noisy", each).rows[0]["data"] for each in data.values()] == list(data)
    assert Own().label == "own" and Set12().label == "set12"


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (lambda noisy: noisy[..., 1:], "float32 (2, 3, 16, 15) of float32 (2, 3, 16, 16) (methods)"),
        (lambda noisy: noisy[:1], "float32 (1, 3, 16, 16) of"),
        (lambda noisy: (noisy * 255).byte(), "uint8 (2, 3, 16, 16) of"),
        (lambda noisy: np.zeros(noisy.shape), "ndarray of"),
        (lambda noisy: None, "NoneType of"),
    ],
    ids=["width", "count", "integers", "numpy", "nothing"],
)
def test_an_output_that_is_no_denoised_batch_is_said(output, words):
    with pytest.raises(DenoiserError, match=re.escape(f"<lambda> makes {words}")):
        score(output, Own())


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        (("nosy", "photos"), {}, DenoiserError, r"no method 'nosy' \(methods\)\nfix: noisy, of .*photo, or a path"),
        (("phot", "photos"), {}, DenoiserError, "fix: photo, of"),
        ((identity, 5), {}, TypeError, "no dataset, but int"),
        ((identity, "photos"), {"noise": "gaussian"}, TypeError, "noise='gaussian' is no noise"),
        ((identity, "photos"), {"seed": "x"}, DenoiserError, "seed=x is not a whole number"),
        (
            (identity, "photos"),
            {"split": "tset"},
            DenoiserError,
            r"no split 'tset' of photos \(split\)\nfix: split=test",
        ),
        ((identity, "photos"), {"split": "all"}, DenoiserError, "no split 'all' of photos"),
        (({}, "photos"), {}, DenoiserError, "nothing to score"),
        (
            (identity, Own()),
            {"channels": 1},
            DenoiserError,
            r"the dataset has 3 channel\(s\), not 1 \(channels\)\nfix: Own",
        ),
        ((identity, Own()), {"draws": "x"}, DenoiserError, "draws=x is not a whole number of at least 1"),
        ((identity, Own()), {"batch_size": 0}, DenoiserError, "batch_size=0 is not a whole number of at least 1"),
        ((identity, Own()), {"num_workers": 1.5}, DenoiserError, "num_workers=1.5 is not a whole number"),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, dict) else "",
)
def test_what_cannot_be_meant_is_refused_in_words(arguments, options, error, words):
    with pytest.raises(error, match=words):
        score(*arguments, **options)


def test_pictures_up_to_255_are_scored_with_a_warning():
    data = Own(noise=Gaussian(25))
    data.white = 255
    with pytest.warns(UserWarning, match="values up to 255, and white is 1"):
        score(nn.Identity(), data)


def test_numbers_of_numpy_and_one_metric_are_taken():
    levels = [np.array([15, 25]), torch.tensor([15.0, 25.0]), (np.float32(15), np.int64(25))]
    tables = [score(identity, Own(), sigma=each, batch_size=np.int64(1)).rows for each in levels]
    assert tables[0][0]["sigma"] == 15 and [row["psnr"] for row in tables[0]] == [row["psnr"] for row in tables[2]]
    assert tables[1][1]["sigma"] == 25
    assert "uqi" in score(identity, Own(), metrics="uqi").rows[0]
