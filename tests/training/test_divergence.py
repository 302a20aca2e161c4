"""A training that diverged says so, whatever is validated, and saves nothing that is no number."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from denoiser.config import compose
from denoiser.errors import DIVERGED, DenoiserError
from denoiser.models.strided import StridedAutoencoder
from denoiser.run import run
from denoiser.runs import checkpoint
from denoiser.training.module import Denoiser

SMALL = ["model=cifar_strided", "model.network.widths=[8,16]", "data=folder", "data.patch_size=16", "data.batch_size=4"]
SMALL += ["recipe.bfloat16=false", "callbacks.progress.style=none", "trainer.accelerator=cpu", "trainer.max_epochs=2"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for i in range(10):
        Image.fromarray(rng.integers(0, 256, (28, 24, 3), dtype=np.uint8)).save(folder / f"{i}.png")
    return f"data.path={folder}"


def finite(path):
    return all(torch.isfinite(value).all() for value in checkpoint.read(path)["state_dict"].values())


@pytest.mark.parametrize(
    "given",
    [
        ["optimizer.lr=1e30", "trainer.limit_train_batches=1", "trainer.check_val_every_n_epoch=2"],
        ["optimizer.lr=1e30", "trainer.limit_train_batches=1", "trainer.limit_val_batches=0", "trainer.max_epochs=1"],
        ["optimizer.lr=1e30", "optimizer=sgd"],
    ],
    ids=["validated later", "never validated", "validated"],
)
def test_a_rate_that_is_far_too_high_ends_with_4(given, pictures, tmp_path):
    with pytest.raises(DenoiserError) as caught:
        run(compose([*SMALL, pictures, *given]), tmp_path / "run")
    assert caught.value.code == DIVERGED and "NaN or infinite" in caught.value.what
    assert json.loads((tmp_path / "run" / "results.json").read_text())["status"] == "failed"
    saved = sorted(Path(tmp_path / "run").glob("checkpoints/*.ckpt"))
    assert all(finite(path) for path in saved)
    expected = " and ".join(path.name for path in saved) if saved else "nothing was saved"
    assert expected in caught.value.fix


def test_a_mask_of_infinities_is_saved(pictures, tmp_path, monkeypatch):
    build = StridedAutoencoder.__init__

    def with_mask(self, *arguments, **keywords):
        build(self, *arguments, **keywords)
        self.register_buffer("mask", torch.full((2, 2), -torch.inf).triu(1))

    monkeypatch.setattr(StridedAutoencoder, "__init__", with_mask)
    assert run(compose([*SMALL, pictures]), tmp_path / "run")["status"] == "ok"


@pytest.mark.parametrize("average", ["null", "0.5"])
@pytest.mark.parametrize("epoch", [0, 1])
def test_weights_that_are_no_numbers_are_never_saved(epoch, average, pictures, tmp_path, monkeypatch):
    def spoil(self):
        if self.current_epoch == epoch:
            next(self.network.parameters()).data[0] = torch.inf

    monkeypatch.setattr(Denoiser, "on_train_epoch_end", spoil)
    with pytest.raises(DenoiserError, match=r"the weight network.* is NaN or infinite") as caught:
        run(compose([*SMALL, pictures, f"callbacks.ema.decay={average}"]), tmp_path / "run")
    names = ["best.ckpt", "last.ckpt"] if epoch else []
    assert caught.value.code == DIVERGED and (" and ".join(names) or "nothing was saved") in caught.value.fix
    saved = sorted(Path(tmp_path / "run").glob("checkpoints/*.ckpt"))
    assert [path.name for path in saved] == names and all(finite(path) for path in saved)
    assert all(checkpoint.read(path)["epoch"] == 0 for path in saved)
