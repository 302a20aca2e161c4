import pytest
import torch
from omegaconf import OmegaConf

from denoiser import build
from denoiser.errors import DenoiserError
from denoiser.models.strided import StridedAutoencoder

STRIDED = {"_target_": "denoiser.models.strided.StridedAutoencoder", "channels": 1, "widths": [2]}


def test_a_network_from_a_dict_and_from_configuration():
    assert isinstance(build.network(STRIDED), StridedAutoencoder)
    config = OmegaConf.create({"width": 2, "network": {**STRIDED, "widths": ["${width}"]}})
    assert build.network(config.network).multiple == 2


@pytest.mark.parametrize(
    "target",
    [
        "builtins.exec",
        "builtins.eval",
        "os.mkdir",
        "os.system",
        "subprocess.run",
        "torch.load",
        "torch.nn.modules.os.mkdir",
        "torch.nn.modules.os.system",
        "torch.nn.modules.os",
        "torch.nn.functional.torch.load",
        "torch.nn.functional.relu",
        "torch.nn.init.zeros_",
        "torch.nn.Parameter",
        "torch.nn.Module.load_state_dict",
        "torch.nn.Module.__class__",
        "denoiser.models.strided.pairwise",
        "denoiser.models.strided.StridedAutoencoder.__init__",
        "denoiser.models.strided.StridedAutoencoder.forward.__globals__",
        "denoiser.models",
        "denoiser.objectives.supervised.Supervised",
        "denoiser.data.store.mirrors.fetch",
        "${oc.env:HOME}",
        "",
        None,
        3,
        ["builtins.exec"],
        {"_target_": "builtins.exec"},
    ],
)
def test_no_network_is_called_that_is_none(tmp_path, monkeypatch, target):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DenoiserError, match=r"_target_ of network") as raised:
        build.network({"_target_": target, "path": "proof", "command": "touch proof"})
    assert raised.value.code == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name", ["LOSSES", "charbonnier", "functional.mse_loss", "torch.load", "nearest", "Batch", "nn.Linear"]
)
def test_no_objective_is_called_that_is_none(name):
    with pytest.raises(DenoiserError, match="_target_ of objective"):
        build.objective({"_target_": f"denoiser.objectives.supervised.{name}"})


@pytest.mark.parametrize("inner", ["builtins.exec", "torch.nn.ReLU", STRIDED["_target_"]])
@pytest.mark.parametrize("place", [lambda node: node, lambda node: [1, [node]], lambda node: {"deep": (node,)}])
def test_a_nested_target_is_refused(place, inner):
    with pytest.raises(DenoiserError, match=rf"{inner} may not be called"):
        build.network({**STRIDED, "activation": place({"_target_": inner})})


def test_a_target_that_is_not_there_is_named():
    with pytest.raises(DenoiserError, match=r"no denoiser\.models\.absent\.Network"):
        build.network({"_target_": "denoiser.models.absent.Network"})


def test_arguments_that_do_not_fit_are_named():
    with pytest.raises(DenoiserError, match=r"network cannot be made: .*depth"):
        build.network({**STRIDED, "depth": 3})
    with pytest.raises(DenoiserError, match=r"network cannot be made: widths"):
        build.network({**STRIDED, "widths": []})


def test_hydras_own_keys_in_a_checkpoint_change_nothing():
    with pytest.raises(DenoiserError, match="may not be called"):
        build.network({**STRIDED, "_recursive_": True, "hook": {"_target_": "builtins.print"}})
    assert isinstance(build.network({**STRIDED, "_partial_": True, "_recursive_": True}), StridedAutoencoder)


def test_an_optimizer_takes_parameters_and_no_other_call():
    weight = torch.nn.Parameter(torch.zeros(2))
    made = build.optimizer({"_target_": "torch.optim.SGD", "lr": 0.5}, [weight])
    assert made.param_groups[0]["params"] == [weight]
    with pytest.raises(DenoiserError, match="may not be called"):
        build.optimizer({"_target_": "torch.optim.optimizer.torch.load"}, [weight])


def test_callbacks_by_role_get_the_folder_and_may_be_off(tmp_path):
    made = build.callbacks(
        {
            "log": {"_target_": "denoiser.training.callbacks.EpochLog"},
            "early_stopping": {
                "_target_": "denoiser.training.callbacks.early_stopping",
                "monitor": "val/loss",
                "patience": None,
            },
            "none": None,
        },
        str(tmp_path),
    )
    assert [callback.path for callback in made] == [tmp_path / "metrics.csv"]
