"""`experiment=` and `debug=` change what a model chose, and the command line changes both."""

import pytest
import torch
from helpers.tiny import SMALL, configured, names, store, yamls
from lightning.pytorch import Callback
from omegaconf import OmegaConf

from denoiser.config import compose
from denoiser.data import from_config
from denoiser.training import assemble

ORIGINAL = {
    "mnist_basic": ("mnist", 127.5),
    "cifar_strided": ("cifar10", 25),
    "cifar_early": ("cifar10", 127.5),
    "cifar_shallow": ("cifar10", 25),
    "bsds_deep": ("bsds500", 25),
}


@pytest.mark.parametrize("name", ORIGINAL)
def test_an_original_project_is_model_data_and_noise(name):
    cfg = compose([f"experiment={name}"])
    assert (cfg.model.name, cfg.data.name, cfg.noise.sigma) == (name, *ORIGINAL[name])
    assert cfg == compose([f"model={name}", f"data={ORIGINAL[name][0]}", "noise=gaussian"])


def leaves(config, prefix=""):
    for key, value in config.items():
        if OmegaConf.is_dict(value):
            yield from leaves(value, f"{prefix}{key}.")
        elif key != "defaults":
            yield f"{prefix}{key}", value


@pytest.mark.parametrize("path", [*yamls("experiment"), *yamls("debug")], ids=lambda path: path.stem)
def test_every_key_wins_over_the_model_and_loses_to_the_command_line(path):
    group, content = path.parent.name, OmegaConf.load(path)
    cfg = compose(["model=cifar_early", f"{group}={path.stem}"] if group == "debug" else [f"{group}={path.stem}"])
    for key, value in leaves(content):
        assert OmegaConf.select(cfg, key) == value, key
    assert compose([f"{group}={path.stem}", "model=dncnn"]).model.name == "dncnn"
    assert compose([f"{group}={path.stem}", "seed=3", "noise.sigma=10"]).noise.sigma == 10


@pytest.mark.parametrize("name", names("experiment"))
def test_an_experiment_composes_with_smoke(name):
    cfg = compose([f"experiment={name}", "trainer=smoke"])
    assert cfg.trainer.max_epochs == 1 and cfg.trainer.limit_train_batches == 2
    assemble.module(cfg)


class Batches(Callback):
    def __init__(self):
        self.seen = []

    def on_train_batch_start(self, trainer, module, batch, index):
        self.seen.append(batch)


@pytest.mark.filterwarnings("ignore:.*")
def test_overfit_trains_on_the_same_pairs_again_and_again(tmp_path):
    few = ["data.batch_size=2", "trainer.max_epochs=3", f"data.patch_size={SMALL['patch_size']}"]
    cfg = configured(store(tmp_path / "store"), "model=cifar_early", "debug=overfit", *few)
    trainer, _ = assemble.trainer(cfg, tmp_path)
    assert "EarlyStopping" not in {type(callback).__name__ for callback in trainer.callbacks}
    watched = Batches()
    trainer.callbacks.append(watched)
    trainer.fit(assemble.module(cfg), from_config.training_data(cfg))
    first, second, third = watched.seen
    assert torch.equal(first.noisy, second.noisy) and torch.equal(first.noisy, third.noisy)


def test_profile_and_anomaly_reach_the_trainer(tmp_path):
    trainer, _ = assemble.trainer(compose(["debug=profile"]), tmp_path)
    assert type(trainer.profiler).__name__ == "SimpleProfiler" and trainer.limit_train_batches == 100
    assert assemble.trainer(compose(["debug=anomaly"]), tmp_path)[0]._detect_anomaly
    assert not assemble.trainer(compose(["debug=none"]), tmp_path)[0]._detect_anomaly
