"""Every YAML of conf/ is built and trained for one step; sets for testing only are scored instead."""

import math

import pytest
import torch
from hydra.utils import get_object
from omegaconf import OmegaConf
from tiny import STEP, configured, names, one_step, small, store, yamls

from denoiser import assemble
from denoiser.config import compose, config_dir
from denoiser.errors import NOT_POSSIBLE, DenoiserError
from denoiser.hardware import has_gpu

CHEAP = "model=cifar_shallow"
DATASETS = {path.stem: get_object(OmegaConf.load(path)["_target_"]) for path in yamls("data")}
TEST_ONLY = [name for name, dataset in DATASETS.items() if dataset.test_only]
TRAINED_ON = [name for name in DATASETS if name not in TEST_ONLY]
OTHERS = ("callbacks", "logger", "noise", "objective", "optimizer", "trainer")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return store(tmp_path_factory.mktemp("store"))


@pytest.fixture(autouse=True)
def data_root(root, monkeypatch):
    monkeypatch.setenv("DENOISER_DATA", str(root))


@pytest.fixture(params=[(name, channels) for name in names("model") for channels in (3, 1)], ids="-".join)
def model(request):
    ...


def channels_of(model):
    """What a model takes: every number of channels that its YAML agrees to."""
    return [c for c in (3, 1) if compose([f"model={model}", f"data.channels={c}"]).model.channels == c]


def learned(trainer, module, before):
    """Whether one step was done, on a loss that is a number, and moved every weight that is trained."""
    weights = dict(module.named_parameters())
    assert trainer.global_step == 1
    assert math.isfinite(trainer.callback_metrics["train/loss"])
    assert all(torch.isfinite(value).all() for value in weights.values())
    return all(not torch.equal(value, before[name]) for name, value in weights.items())
