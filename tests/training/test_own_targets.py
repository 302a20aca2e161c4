import pytest
from omegaconf import OmegaConf

from denoiser import build
from denoiser.config import compose
from denoiser.run import main
from denoiser.training import assemble
from denoiser.training.own_targets import leave_out_other_keys

TORCHS = "torch.optim.lr_scheduler"


def changed(*words):
    cfg = compose(words)
    leave_out_other_keys(cfg, words)
    return cfg


@pytest.mark.parametrize(
    ("words", "group", "keys", "said"),
    [
        (
            ["optimizer=adam", "optimizer._target_=torch.optim.SGD"],
            "optimizer",
            {"lr": 1e-3, "weight_decay": 0, "fused": True},
            "torch.optim.SGD has no betas: left out; keeps lr=0.001, weight_decay=0, fused=True (keys of optimizer)",
        ),
        (
            ["optimizer._target_=torch.optim.SGD", "optimizer.lr=0.5", "+optimizer.nesterov=true"],
            "optimizer",
            {"lr": 0.5, "momentum": 0.95, "weight_decay": 0, "nesterov": True},
            "vector_lr, betas, iterations",
        ),
        (
            ["optimizer._target_=torch.optim.Adagrad", "optimizer.weight_decay=0"],
            "optimizer",
            {"lr": 0.01, "weight_decay": 0},
            "keeps lr=0.01 (keys of optimizer)",
        ),
        (
            ["noise._target_=denoiser.noise.impulse.SaltPepper", "noise.clip=true"],
            "noise",
            {"clip": True},
            "has no sigma, sigma_range: left out (keys of noise)",
        ),
        (
            ["logger._target_=lightning.pytorch.loggers.CSVLogger"],
            "logger",
            {"name": "tensorboard", "version": "unet_synthetic"},
            "has no default_hp_metric: left out; keeps name=tensorboard, version=unet_synthetic (keys of logger)",
        ),
        (
            ["callbacks.early_stopping._target_=lightning.pytorch.callbacks.Timer"],
            "callbacks.early_stopping",
            {},
            "has no monitor, patience: left out (keys of callbacks.early_stopping)",
        ),
        (
            ["data._target_=denoiser.data.folder.Folder", "+data.path=here"],
            "data",
            None,
            "has no images, size: left out; keeps split_seed=0, batch_size=32, ",
        ),
        (["objective._target_=torch.nn.SmoothL1Loss"], "objective", {}, "loss"),
        (["objective._target_=torch.nn.HuberLoss", "+objective.delta=0.02"], "objective", {"delta": 0.02}, "loss"),
        ([f"scheduler._target_={TORCHS}.ExponentialLR", "+scheduler.gamma=0.9"], "scheduler", {"gamma": 0.9}, ""),
        (
            ["scheduler=step", f"scheduler._target_={TORCHS}.StepLR", "+scheduler.step_size=3"],
            "scheduler",
            {"gamma": 0.1, "step_size": 3},
            "milestones",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_keys_of_the_choice_that_the_class_does_not_take_are_left_out(words, group, keys, said, capsys):
    cfg = changed(*words)
    found = build.plain(OmegaConf.select(cfg, group))
    assert found.pop("_target_") in " ".join(words) and said in capsys.readouterr().out
    assert keys is None or {key: value for key, value in found.items() if key != "warmup"} == keys
    assert assemble.module(cfg)


def test_a_configuration_without_another_class_is_as_it_was(capsys):
    for words in ([], ["optimizer=adam"], ["optimizer.lr=3", "objective.loss=l1"]):
        assert changed(*words) == compose(words)
    assert not capsys.readouterr().out


def test_every_optimizer_of_torch_is_trained_with_what_it_takes():
    for name in ("Adadelta", "Adagrad", "Adamax", "ASGD", "LBFGS", "NAdam", "RAdam", "RMSprop", "Rprop", "SGD"):
        assert assemble.module(changed("optimizer=adam", f"optimizer._target_=torch.optim.{name}"))


@pytest.mark.parametrize(
    ("words", "what", "fix"),
    [
        (["optimizer=adam", "optimizer._target_=torch.optim.SGD", "optimizer.betas=[0,1]"], "has no betas", "lr, "),
        (["optimizer._target_=torch.optim.SGD", "+optimizer.momentun=1"], "has no momentun", "optimizer.momentum,"),
        (["optimizer._target_=torch.optim.SDG"], "there is no torch.optim.SDG", "check its spelling"),
        (["optimizer._target_=mine.SGD"], "mine.SGD is not allowed", "trust=[mine]"),
        (["objective._target_=torch.nn.HuberLoss", "objective.loss=l1"], "has no loss", "delta"),
        (["scheduler._target_=torch.optim.SGD"], "is not allowed", "torch.optim.lr_scheduler."),
        ([f"scheduler._target_={TORCHS}.StepLR"], "step_size", "check the keys below scheduler"),
        (["scheduler=cosin"], "no scheduler 'cosin'", "scheduler=cosine"),
        (["optimizer=sdg"], "no optimizer 'sdg'", "optimizer=sgd"),
        (
            ["model.network._target_=torch.nn.Identity", "model=cifar_shallow"],
            "no parameters to train",
            "another network",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_does_not_fit_is_two_lines(words, what, fix, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([*words, "data=synthetic", "trainer=smoke", "data.images=2", "data.size=64"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and what in lines[0] and fix in lines[1]
