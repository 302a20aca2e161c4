"""The folder of the configuration, and which value wins: recipe, group or command line."""

from pathlib import Path

import pytest
from helpers.tiny import names
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from denoiser import config, search_path
from denoiser.config import EVALUATE, compose
from denoiser.training import assemble
from denoiser.training.callbacks import EarlyStopping


@pytest.mark.parametrize(
    ("overrides", "key", "value"),
    [
        (["model=cifar_early"], "trainer.max_epochs", 50),
        (["model=cifar_early", "trainer.max_epochs=3"], "trainer.max_epochs", 3),
        (["model=cifar_early", "trainer=smoke"], "trainer.max_epochs", 1),
        (["trainer=smoke", "model=cifar_early"], "trainer.max_epochs", 1),
        (["trainer=smoke"], "data.images", 4),
        (["model=cifar_early"], "noise.sigma", 127.5),
        (["model=cifar_early", "noise.sigma=15"], "noise.sigma", 15),
        (["model=cifar_early", "recipe.sigma=50"], "noise.sigma", 50),
        (["model=cifar_early"], "callbacks.early_stopping.patience", 3),
        (["model=bsds_deep", "data=bsds500"], "data.batch_size", 16),
        (["model=bsds_deep", "data=bsds500"], "data.patch_size", 128),
        (["model=bsds_deep", "data.batch_size=2"], "data.batch_size", 2),
        (["model=unet", "optimizer=adam"], "optimizer._target_", "torch.optim.Adam"),
        (["optimizer=adam", "model=unet"], "optimizer._target_", "torch.optim.Adam"),
        (["model=bsds_deep"], "optimizer._target_", "torch.optim.Adam"),
        (["model=unet", "optimizer=adam"], "optimizer.lr", 1e-3),
        (["model=bsds_deep", "optimizer=adamw"], "optimizer._target_", "torch.optim.AdamW"),
        (["model=unet", "data.channels=1"], "model.channels", 1),
        (["model=cifar_strided"], "data.name", "cifar10"),
        (["model=cifar_early"], "data.name", "cifar10"),
        (["model=cifar_shallow"], "data.name", "cifar10"),
        (["model=mnist_basic"], "data.name", "mnist"),
        (["model=bsds_deep"], "data.name", "bsds500"),
        (["model=unet"], "data.name", "synthetic"),
        (["model=cifar_strided", "data=synthetic"], "data.name", "synthetic"),
        (["data=folder", "model=cifar_strided"], "data.name", "folder"),
        (["experiment=unet_bsds500"], "data.name", "bsds500"),
        (["model=unet"], "scheduler._target_", "denoiser.training.schedulers.cosine"),
        (["model=unet"], "scheduler.warmup", 0.05),
        (["model=unet", "+recipe.warmup=0.2"], "scheduler.warmup", 0.2),
        (["model=bsds_deep"], "scheduler._target_", "denoiser.training.schedulers.constant"),
        (["model=bsds_deep"], "scheduler.warmup", 0),
        (["model=unet", "scheduler=step"], "scheduler.gamma", 0.1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_the_command_line_wins_over_the_recipe_and_the_recipe_over_the_groups(overrides, key, value):
    assert OmegaConf.select(compose(overrides), key) == value


def stopping(*overrides):
    cfg = compose(["model=unet", "callbacks.progress.style=none", *overrides])
    built = assemble.callbacks(cfg.callbacks, "unused")
    return [callback for callback in built if isinstance(callback, EarlyStopping)]


def test_early_stopping_is_on_where_there_is_patience():
    assert not stopping()
    assert [callback.patience for callback in stopping("callbacks.early_stopping.patience=5")] == [5]
    assert [callback.patience for callback in stopping("model=cifar_early")] == [3]
    assert not stopping("model=cifar_early", "~callbacks.early_stopping")


def test_early_stopping_is_in_one_recipe_only():
    with_patience = [name for name in names("model") if "patience" in compose([f"model={name}"]).recipe]
    assert with_patience == ["cifar_early"]


@pytest.mark.parametrize("model", names("model"))
def test_every_model_composes_with_every_dataset(model):
    for data in names("data"):
        cfg = compose([f"model={model}", f"data={data}"])
        OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)
        assert (cfg.model.name, cfg.data.name) == (model, data)


def test_compose_leaves_a_running_application_alone():
    running = object()
    GlobalHydra.instance().hydra = running
    try:
        assert compose(["seed=3"]).seed == 3
        assert GlobalHydra.instance().hydra is running
    finally:
        GlobalHydra.instance().clear()


def test_options_are_the_yamls_of_a_group():
    assert set(search_path.options("trainer")) == {"auto", "cpu", "gpu", "smoke"}
    assert search_path.options("trainer") == names("trainer")


def test_the_package_s_own_conf_comes_before_the_checkout_s(tmp_path, monkeypatch):
    monkeypatch.setattr(search_path, "PACKAGE", tmp_path / "denoiser")
    assert search_path.config_dir() == tmp_path / "conf"
    (tmp_path / "denoiser" / "conf").mkdir(parents=True)
    assert search_path.config_dir() == tmp_path / "denoiser" / "conf"


def test_data_root_is_the_store_asked_for_else_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DENOISER_DATA", "~/pictures")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert config.data_root() == str(tmp_path / "pictures")
    monkeypatch.delenv("DENOISER_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert compose(["data=mnist"]).data.root == str(tmp_path / "cache" / "denoiser")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert Path(config.data_root()) == tmp_path / ".cache" / "denoiser"


def test_the_evaluation_has_the_same_data_and_noise_and_nothing_of_a_training():
    cfg = compose(["data=set12", "noise.sigma=50"], EVALUATE)
    assert cfg.data.name == "set12" and cfg.noise.sigma == 50
    assert {*cfg} & {"model", "optimizer", "objective", "trainer", "callbacks", "logger", "hydra"} == set()
    training = compose(["data=set12", "noise.sigma=50"])
    assert cfg.data == training.data and cfg.noise == training.noise


@pytest.mark.parametrize(("overrides", "span"), [([], [25, 25]), (["noise.sigma_range=[0,55]"], [0, 55])])
def test_a_model_knows_the_noise_levels_that_it_was_trained_on(overrides, span):
    built = assemble.module(compose(["model=cifar_shallow", "data=cifar10", *overrides]))
    assert built.hparams["trained_sigma"] == span


def test_a_model_of_a_noise_without_levels_says_so():
    built = assemble.module(compose(["model=cifar_shallow", "data=cifar10", "noise=poisson"]))
    assert built.hparams["trained_sigma"] is None
