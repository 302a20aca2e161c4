"""Names by which runs are told apart."""

import pytest
from omegaconf import OmegaConf

from denoiser.config import compose
from denoiser.runs.names import LONGEST, file_name, hyperparameters, named_in_tensorboard


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        ([], "unet_synthetic"),
        (["model=unet", "data=synthetic", "hydra.run.dir=out", "trust=[mine]"], "unet_synthetic"),
        (["noise.sigma=15", "seed=2"], "unet_synthetic_noise.sigma-15_seed-2"),
        (["test.sigma=[15, 25]", "+noise.clip=true"], "unet_synthetic_test.sigma-15-25_noise.clip-true"),
        (["~callbacks.ema", "data.path=/home/my pics/ü b"], "unet_synthetic_no-callbacks.ema_data.path-b"),
        (["noise.angle=-3"], "unet_synthetic_noise.angle--3"),
        (["noise.parts={camera:0.6,gaussian:0.4}"], "unet_synthetic_noise.parts-camera-0.6-gaussian-0.4"),
    ],
)
def test_a_name_is_that_of_a_folder_and_has_what_was_typed(overrides, name):
    assert file_name("unet_synthetic", overrides) == name


def test_long_names_are_cut_and_stay_apart():
    first, second = (file_name("unet_synthetic", [f"model.network.widths=[{'64,' * 60}{last}]"]) for last in (64, 128))
    assert first != second and len(first) == len(second) == LONGEST


def test_the_sub_folder_of_tensorboard_is_named_unless_the_user_named_it():
    words = ["model=dncnn", "noise.sigma=15"]
    named = named_in_tensorboard(compose(words), words)
    assert named.logger.version == "dncnn_synthetic_noise.sigma-15" and OmegaConf.is_struct(named)
    assert named_in_tensorboard(compose([]), []).logger.version == "unet_synthetic"
    mine = ["logger.version=mine", "noise.sigma=15"]
    assert named_in_tensorboard(compose(mine), mine).logger.version == "mine"
    for without in (["logger=none"], ["~logger"]):
        cfg = compose(without)
        assert named_in_tensorboard(cfg, without) == cfg


def test_hyperparameters_are_model_data_and_noise_and_then_what_was_typed():
    words = ["noise=poisson_gaussian", "optimizer.lr=1e-3", "seed=2", "~callbacks.ema", "hydra.run.dir=out"]
    shown = hyperparameters(compose(words[:-1]), words)
    assert list(shown) == ["model", "data", "noise", "noise.sigma", "optimizer.lr", "seed", "~callbacks.ema"]
    assert list(shown.values()) == ["unet", "synthetic", "poisson_gaussian", shown["noise.sigma"], 1e-3, 2, ""]
    assert hyperparameters(compose(["noise=poisson_gaussian"]), [])["noise"] == "poisson_gaussian"
