"""`denoiser.train`: what it leaves behind in its process and on the disk, and configurations that were edited."""

import logging
import os
import random
import warnings

import numpy as np
import pytest
import torch
from helpers.refusals import refused
from omegaconf import OmegaConf

import denoiser
from denoiser.training.own_targets import leave_out_other_keys

WORDS = ["model=cifar_shallow", "data=folder", "data.patch_size=16", "trainer=smoke", "callbacks.progress.style=none"]
WORDS += ["trainer.accelerator=cpu", "~logger", "~callbacks.learning_rate", "callbacks.images.count=0"]


@pytest.fixture
def words(pictures_folder):
    return [*WORDS, f"data.path={pictures_folder(12)}"]


def state():
    """What a training changes in its process."""
    return {
        "environment": dict(os.environ),
        "filters": list(warnings.filters),
        "levels": [logging.getLogger(name).level for name in ("lightning.pytorch", "lightning.fabric")],
        "random": random.getstate(),
        "numpy": np.random.get_state()[1].tolist(),
        "torch": torch.get_rng_state().tolist(),
    }


def test_the_process_is_as_it_was_before(words, tmp_path, monkeypatch):
    monkeypatch.setenv("PL_GLOBAL_SEED", "7")
    monkeypatch.delenv("PYTORCH_NVML_BASED_CUDA_CHECK", raising=False)
    logging.getLogger("lightning.pytorch").setLevel(logging.INFO)
    torch.manual_seed(3)
    before = state()
    rows = [denoiser.train(*words, "seed=1", out=tmp_path / name)["rows"] for name in ("a", "b")]
    assert state() == before and rows[0] == rows[1]
    assert "test.sigma" in refused(lambda: denoiser.train(*words, "test.sigma=0.3", out=tmp_path / "c"))
    assert state() == before


def edited(words, **changes):
    cfg = denoiser.compose(*words)
    for key, value in changes.items():
        OmegaConf.update(cfg, key.replace("__", "."), value, force_add=True)
    return cfg


SGD = "torch.optim.SGD"


def test_the_keys_of_another_class_are_left_out_of_a_configuration_that_was_edited(words, tmp_path, capsys):
    cfg = edited(words, optimizer___target_=SGD, objective___target_="torch.nn.HuberLoss", optimizer__nesterov=False)
    content = denoiser.train(cfg, out=tmp_path / "run")
    said = capsys.readouterr().out
    assert content["status"] == "ok" and f"{SGD} has no betas: left out (keys of optimizer)" in said
    assert "torch.nn.HuberLoss has no loss: left out (keys of objective)" in said
    assert "betas" in cfg.optimizer  # the caller's own is not changed
    kept = OmegaConf.load(tmp_path / "run" / ".hydra" / "config.yaml").optimizer
    assert "betas" not in kept and kept.nesterov is False


@pytest.mark.parametrize("choice", ["adam", "muon", "sgd"])
def test_a_configuration_that_was_not_edited_stays_as_it_is(choice, capsys):
    cfg = denoiser.compose(f"optimizer={choice}", "scheduler=cosine")
    before = cfg.copy()
    leave_out_other_keys(cfg, [])
    assert cfg == before and not capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"optimizer__momentun": 1}, "takes no 'momentun'"),
        ({"optimizer___target_": SGD, "optimizer__momentun": 1}, "SGD takes no 'momentun'"),
        ({"init": "photo"}, "another architecture: 0 of the 8 tensors"),
        ({"init": "nowhere"}, "no such checkpoint (nowhere)"),
        ({"data__patch_size": 640}, "is larger than a training picture"),
        ({"callbacks__best_checkpoint__nope": 1}, "BestCheckpoint takes no 'nope'"),
        ({"trainer__precision": "nope"}, "Precision 'nope' is invalid"),
        ({"model__network__nope": 1}, "takes no 'nope'"),
        ({"data": None}, "no data (data)\nfix: data=NAME, one of bsd"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_what_is_refused_leaves_no_folder(words, changes, what, tmp_path):
    cfg = edited(words, **changes)
    assert what in refused(lambda: denoiser.train(cfg, out=tmp_path / "runs" / "run"))
    assert not (tmp_path / "runs").exists()


def test_a_group_that_is_missing_is_refused(words, tmp_path):
    cfg = denoiser.compose(*words)
    OmegaConf.set_struct(cfg, False)
    del cfg.optimizer
    assert "no optimizer (optimizer)\nfix: optimizer=NAME, one of adam" in refused(
        lambda: denoiser.train(cfg, out=tmp_path / "run")
    )


@pytest.mark.parametrize("given", [({},), (3,), (["model=unet"],), ("model=unet", {})])
def test_what_is_no_configuration(given, tmp_path):
    with pytest.raises(TypeError, match=r"overrides, or one configuration of denoiser\.compose, not"):
        denoiser.train(*given, out=tmp_path / "run")


def test_a_folder_that_is_taken_advises_what_python_takes(words, tmp_path):
    (tmp_path / "run" / ".hydra").mkdir(parents=True)
    (tmp_path / "run" / ".hydra" / "config.yaml").touch()
    assert "from Python, another out=" in refused(lambda: denoiser.train(*words, out=tmp_path / "run"))
    assert "from Python, config_dir=DIR" in refused(lambda: denoiser.compose(config_dir=tmp_path / "nosuch"))
