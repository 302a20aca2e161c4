"""Objects that configuration can build, and the names that files of earlier versions hold."""

import json
import sys
from pathlib import Path

import pytest
import torch
from helpers.checkpoints import checkpoint, save
from hydra.utils import get_object
from omegaconf import OmegaConf

import denoiser
from denoiser import allowed, build
from denoiser.config import compose, register_resolvers
from denoiser.errors import DenoiserError
from denoiser.models.strided import StridedAutoencoder
from denoiser.noise.gaussian import Gaussian
from denoiser.objectives.supervised import Supervised
from denoiser.training import assemble
from denoiser.training.muon import Muon

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
def test_only_networks_are_called(tmp_path, monkeypatch, target):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DenoiserError, match=r"_target_ of network") as raised:
        build.network({"_target_": target, "path": "proof", "command": "touch proof"})
    assert raised.value.code == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name", ["LOSSES", "charbonnier", "functional.mse_loss", "torch.load", "nearest", "Batch", "nn.Linear"]
)
def test_only_objectives_are_called(name):
    with pytest.raises(DenoiserError, match="_target_ of objective"):
        build.objective({"_target_": f"denoiser.objectives.supervised.{name}"})


@pytest.mark.parametrize("inner", ["builtins.exec", "torch.nn.ReLU", STRIDED["_target_"]])
@pytest.mark.parametrize("nest", [lambda node: node, lambda node: [1, [node]], lambda node: {"deep": (node,)}])
def test_a_nested_target_is_refused(nest, inner):
    with pytest.raises(DenoiserError, match=rf"{inner} is not allowed"):
        build.network({**STRIDED, "activation": nest({"_target_": inner})})


def test_a_target_that_is_not_there_is_named():
    with pytest.raises(DenoiserError, match=r"no denoiser\.models\.absent\.Network"):
        build.network({"_target_": "denoiser.models.absent.Network"})


def test_a_module_that_is_refused_is_not_even_imported(tmp_path, monkeypatch):
    (tmp_path / "intruder.py").write_text(f"open({str(tmp_path / 'proof')!r}, 'w').close()\nclass Network: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    for kind in allowed.ALLOWED:
        with pytest.raises(DenoiserError, match="is not allowed"):
            build.target(kind, "intruder.Network")
    assert not (tmp_path / "proof").exists() and "intruder" not in sys.modules


def test_a_key_that_nothing_takes_is_named_with_those_that_are(tmp_path):
    cfg = compose(["trainer=smoke"])
    built = {
        "logger": lambda added: assemble.logger(OmegaConf.create({**cfg.logger, **added}), str(tmp_path)),
        "callbacks": lambda added: assemble.callbacks({"a": {**cfg.callbacks.early_stopping, **added}}, str(tmp_path)),
        "noise": lambda added: build.make("noise", {**cfg.noise, **added}),
        "data": lambda added: build.make("data", {"_target_": cfg.data._target_, **added}),
        "trainer": lambda added: assemble.trainer(compose(["trainer=smoke", "+trainer.x=1"]), tmp_path),
    }
    taken = {"logger": "flush_secs", "callbacks": "patience", "noise": "sigma", "data": "patch_size", "trainer": "..."}
    for group, build_it in built.items():
        with pytest.raises(DenoiserError, match=r" takes no 'x' \(keys of \w+\)\nfix: leave it out, or ") as caught:
            build_it({"x": 1})
        assert taken[group] in caught.value.fix and caught.value.code == 2, group
    logger = assemble.logger(OmegaConf.create({**cfg.logger, "flush_secs": 3}), str(tmp_path))
    assert logger.experiment.flush_secs == 3


def test_arguments_that_do_not_fit_are_named():
    with pytest.raises(DenoiserError, match=r"takes no 'layer' \(keys of network\)\nfix: .*one of channels, widths"):
        build.network({**STRIDED, "layer": 3})
    with pytest.raises(DenoiserError, match=r"takes no 'width' .*\nfix: did you mean widths\?"):
        build.network({**STRIDED, "width": [3]})
    with pytest.raises(DenoiserError, match=r"network cannot be built: widths"):
        build.network({**STRIDED, "widths": []})


def test_hydras_own_keys_in_a_checkpoint_change_nothing():
    with pytest.raises(DenoiserError, match="is not allowed"):
        build.network({**STRIDED, "_recursive_": True, "hook": {"_target_": "builtins.print"}})
    assert isinstance(build.network({**STRIDED, "_partial_": True, "_recursive_": True}), StridedAutoencoder)


def test_an_optimizer_takes_parameters_and_no_other_call():
    weight = torch.nn.Parameter(torch.zeros(2))
    built = build.optimizer({"_target_": "torch.optim.SGD", "lr": 0.5}, [weight])
    assert built.param_groups[0]["params"] == [weight]
    with pytest.raises(DenoiserError, match="is not allowed"):
        build.optimizer({"_target_": "torch.optim.optimizer.torch.load"}, [weight])


def test_callbacks_by_role_get_the_folder_and_may_be_off(tmp_path):
    built = assemble.callbacks(
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
    assert [callback.path for callback in built] == [tmp_path / "metrics.csv"]


EARLIER = Path(__file__).parent / "earlier" / "config.yaml"
"""The `.hydra/config.yaml` of a run, written before the modules moved into their rooms."""
SHIPPED = sorted(Path(build.__file__).with_name("weights").glob("*.safetensors"))


def test_every_name_in_the_configuration_of_an_earlier_run_is_known(tmp_path):
    register_resolvers()
    cfg = OmegaConf.load(EARLIER)
    assert isinstance(build.make("noise", cfg.noise), Gaussian)
    assert isinstance(build.objective(cfg.objective), Supervised)
    assert isinstance(build.optimizer({"_target_": cfg.optimizer._target_}, [torch.nn.Parameter(torch.ones(1))]), Muon)
    kinds = {type(callback).__name__ for callback in assemble.callbacks(cfg.callbacks, str(tmp_path))}
    assert kinds >= {"BestCheckpoint", "LastCheckpoint", "EpochLog", "LearningRateMonitor"}
    assert all(callable(build.target("callback", role._target_)) for role in cfg.callbacks.values())
    assert build.target("data", cfg.data._target_).__name__ == "Folder"
    assert assemble.module(cfg).hparams["name"] == "tiny"


@pytest.mark.parametrize(
    "name", ["Gaussian", "Noise", "Poisson", "PoissonGaussian", "SaltPepper", "Speckle", "Uniform"]
)
def test_every_noise_of_earlier_runs_is_known(name):
    assert build.target("noise", f"denoiser.noise.{name}").__name__ == name


@pytest.mark.parametrize(("earlier", "current"), allowed.MOVED.items())
def test_moved_names_are_gone_and_their_successors_exist(earlier, current):
    assert get_object(current).__name__ == earlier.rpartition(".")[2]
    with pytest.raises(Exception, match="denoiser"):
        get_object(earlier)


def test_a_checkpoint_of_an_earlier_run_loads(tmp_path):
    muon = {"_target_": "denoiser.muon.Muon", "warmup": 0, "schedule": "constant"}
    changes = {"objective": {"_target_": "denoiser.objectives.Supervised", "loss": "mse"}, "optimizer": muon}
    loaded = denoiser.load(save(tmp_path / "best.ckpt", checkpoint(**changes)))
    assert loaded(torch.rand(8, 8)).shape == (8, 8)


@pytest.mark.parametrize("weights", SHIPPED, ids=lambda path: path.stem)
def test_every_name_that_shipped_weights_hold_is_known(weights):
    stored = json.loads(weights.with_suffix(".json").read_text())["hyper_parameters"]
    for kind in ("network", "objective", "optimizer"):
        assert callable(build.target(kind, stored[kind]["_target_"]))


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("data", "denoiser.data.images.writing.write"),
        ("data", "denoiser.data.from_config.training_data"),
        ("data", "denoiser.data.store.catalogue.Card"),
        ("noise", "denoiser.noise.estimate.noise_level"),
    ],
)
def test_only_datasets_and_noises_are_called(kind, path):
    with pytest.raises(DenoiserError, match="is not allowed"):
        build.target(kind, path)
