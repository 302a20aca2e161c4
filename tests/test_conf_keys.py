"""Every key of every choice changes something that can be seen."""

import copy
import functools
from pathlib import Path
from unittest.mock import patch
from urllib.error import URLError

import pytest
import torch
import torchvision.datasets.cifar
from helpers.checkpoints import checkpoint, save
from helpers.tiny import EXTRAS, FOLDERS, configured, groups, store, yamls
from omegaconf import ListConfig, OmegaConf

from denoiser import build, evaluate, run
from denoiser.config import EVALUATE, RUN, compose
from denoiser.data import from_config, leaks
from denoiser.data.batch import Batch
from denoiser.errors import DenoiserError
from denoiser.evaluation import score_methods
from denoiser.machine import hardware
from denoiser.search_path import config_dir
from denoiser.training import assemble, optimizer

OTHERWISE = {
    "accelerator": "cpu" if hardware.has_gpu() else "gpu",
    "benchmark": True,
    "act_mode": "R",
    "batch_size": 3,
    "betas": [0.8, 0.9],
    "cache_gb": 0,
    "decay": 0.9,
    "gradient_clip_algorithm": "value",
    "gradient_clip_val": 1.0,
    "devices": 2,
    **{f"limit_{stage}_batches": 0.5 for stage in ("train", "val", "test", "predict")},
    "logging_interval": "step",
    "loss": "l1",
    "max_time": "00:00:05:00",
    "memory_format": "contiguous",
    "milestones": [0.25],
    "min_epochs": 2,
    "min_lr": 0.0004,
    "min_steps": 2,
    "mode": "max",
    "model_registry": "registry",
    "monitor": "val/psnr",
    "mosaic": "rggb",
    "name": "second",
    "overfit_batches": 2,
    "parts": {"gaussian": 1},
    "precision": "64-true",
    "profiler": "simple",
    "read": 0.001,
    "shot": "high",
    "shot_range": [0.001, 0.01],
    "shares": [9, 1],
    "sigma_range": [0, 55],
    "strategy": "ddp",
    "style": "plain",
    "test": "photos",
    "val_check_interval": 0.5,
    "version": "second",
    "warmup": 0.5,
    "weight_decay": 0.5,
}
"""Another value, for keys where it cannot be derived from the current value."""
OPPOSITE = {
    "benchmark": "official",
    "all": "held_out",
    "photos": None,
    3: 1,
    1: 3,
    "gpu": "cpu",
}
REFUSED = ("accelerator", "channels", "csv", "path", "verify")
"""Keys whose other value can be refused with an error."""


def leaves(config, prefix=""):
    """The dotted keys of a YAML that have a value."""
    for key, value in config.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        elif key not in ("_target_", "defaults") and not (key == "name" and "channels" in config):
            yield f"{prefix}{key}"


def every_key():
    for group in groups():
        for path in yamls(group) if group != "model" else ():
            if path.stem in EXTRAS:  # see tests/training/test_loggers.py
                continue
            content = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
            for key in leaves(content.get(group, content)):  # some YAMLs hold keys of the whole tree
                yield pytest.param(group, path.stem, key, id=f"{group}={path.stem}:{key}")


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    return [store(tmp_path_factory.mktemp("store"), seed) for seed in range(2)]


@pytest.fixture(autouse=True)
def surroundings(stores, monkeypatch):
    def refuse(*_, **__):
        raise URLError("no network in tests")

    monkeypatch.setenv("DENOISER_DATA", str(stores[0]))
    monkeypatch.setattr(torchvision.datasets.cifar, "download_and_extract_archive", refuse)
    monkeypatch.setattr(hardware, "has_bfloat16", lambda accelerator: True)
    yield
    torch.use_deterministic_algorithms(False)


def otherwise(key, value, elsewhere):
    """Another value that a key allows."""
    last = key.rpartition(".")[2]
    if last in (*FOLDERS, "csv") or last == "root":
        return str(elsewhere if last == "root" else elsewhere / last)
    if last == "sources":
        return [str(elsewhere / "path"), "synthetic"]
    if last in ("channels", "split") or value in ("photos", "gpu"):
        return OPPOSITE[value]
    if last in OTHERWISE:
        return OTHERWISE[last]
    if isinstance(value, bool):
        return not value
    if isinstance(value, ListConfig):
        low, high = value
        return [low, (low + high) / 2]
    return value + 1 if isinstance(value, int) else value / 2


def of_data(cfg, folder):
    if "test" not in cfg.data:
        options = {key: value for key, value in build.plain(cfg.data).items() if key != "name"}
        pictures = build.make("data", options, **from_config.protocol(cfg).keywords()).pictures("test")
        return pictures.shapes[0], pictures.images[0].tolist()
    data = from_config.training_data(cfg)
    loader, test = data.train_dataloader(), data.test and data.test.name
    batch = loader.dataset.__getitems__(next(iter(loader.batch_sampler)))
    return len(loader), loader.num_workers, test, type(data.split("train").images), [x.tolist() for x in batch[:2]]


def of_noise(cfg, folder):
    noise, generator = build.make("noise", cfg.noise), torch.Generator().manual_seed(0)
    side = noise.source_size(8)
    clean = torch.rand(32, 3, side, side, generator=generator)  # many: a key may change a few of them only
    return [x.tolist() for x in noise.pair(clean, noise.draw_levels(32, generator), generator)]


def of_objective(cfg, folder):
    clean = torch.linspace(0, 1, 48).view(1, 3, 4, 4)
    return build.objective(cfg.objective)(torch.sqrt, Batch(clean, clean, torch.ones(1), torch.ones(1)))[0].item()


def of_optimizer(cfg, folder):
    parameters = [torch.nn.Parameter(torch.ones(4, 4)), torch.nn.Parameter(torch.ones(4))]
    built = build.optimizer(cfg.optimizer, parameters)
    return built.param_groups[0].keys(), str(built)


def of_scheduler(cfg, folder):
    """The learning rate of each of 20 steps, a step an epoch, with figures that do not change."""
    weight = torch.nn.Parameter(torch.ones(4, 4))
    length = optimizer.Length(20, 20)
    built = optimizer.configure({"_target_": "torch.optim.Adam"}, build.plain(cfg.scheduler), [weight], length)
    if isinstance(built, torch.optim.Optimizer):
        return []
    steppers = built[1] if isinstance(built, tuple) else [built["lr_scheduler"]]
    rates, monitors = [], [one.get("monitor") for one in steppers]
    for _ in range(20):
        rates.append(steppers[0]["scheduler"].optimizer.param_groups[0]["lr"])
        steppers[0]["scheduler"].optimizer.step()
        for one, monitor in zip(steppers, monitors, strict=True):
            one["scheduler"].step(*([1.0] if monitor else []))
    return rates, monitors


def of_trainer(cfg, folder):
    with patch.object(assemble, "Trainer", wraps=assemble.Trainer) as made:
        trainer, chosen = assemble.trainer(cfg, folder)
    given = {key: value for key, value in made.call_args.kwargs.items() if key in cfg.trainer}
    kinds = [type(built).__name__ for built in (trainer.accelerator, trainer.strategy, *trainer.callbacks)]
    own = chosen["memory_format"], chosen["compile"]
    return given, kinds, trainer.num_devices, own, torch.are_deterministic_algorithms_enabled()


def of_callbacks(cfg, folder):
    built = assemble.callbacks(cfg.callbacks, str(folder))
    plain = (str, int, float, type(None))
    return [
        (type(callback).__name__, {k: v for k, v in vars(callback).items() if isinstance(v, plain)})
        for callback in built
    ]


def of_logger(cfg, folder):
    built = assemble.logger(cfg.logger, str(folder))
    return built.log_dir, vars(built).get("_default_hp_metric")


SEEN = {group: globals()[f"of_{group}"] for group in groups() if group != "model"}
SWITCHED_ON = {
    "callbacks=default": ["callbacks.early_stopping.patience=3"],
    "noise=camera": ["noise.resized=0.5"],
    "noise=mixed": ["noise.parts={speckle:0.5,gaussian:0.5}"],
}
"""Overrides without which some keys of a choice have no effect."""


def answer(call, *arguments):
    try:
        return call(*arguments)
    except DenoiserError as error:
        return str(error)


@pytest.fixture(scope="module")
def unchanged(stores, tmp_path_factory):
    """`unchanged(group, name)`: the configuration of a choice, what is seen with it, and a folder; composed once."""
    known, folder = {}, tmp_path_factory.mktemp("run")

    def of(group, name):
        if (group, name) not in known:
            chosen = {"data": name} if group == "data" else {}
            words = ["model=unet", f"{group}={name}", *SWITCHED_ON.get(f"{group}={name}", ())]
            cfg = configured(stores[0], *words, **chosen)
            before = answer(SEEN[group], cfg, folder)
            assert answer(SEEN[group], cfg, folder) == before  # else any key would seem to change it
            known[group, name] = cfg, before
        cfg, before = known[group, name]
        return copy.deepcopy(cfg), before, folder

    return of


@pytest.mark.parametrize(("group", "name", "key"), list(every_key()))
def test_key_changes_something(group, name, key, unchanged, stores):
    cfg, before, folder = unchanged(group, name)
    call = answer if key in REFUSED else lambda see, *arguments: see(*arguments)
    assert key in REFUSED or not isinstance(before, str)  # which is the text of an error
    value = OmegaConf.select(cfg[group], key)
    OmegaConf.update(cfg[group], key, otherwise(key, value, stores[1]))
    assert call(SEEN[group], cfg, folder) != before


def of_recipe(cfg):
    taken = {group: build.plain(cfg[group]) for group in ("callbacks", "data", "noise", "optimizer")}
    return taken | {"trainer": hardware.trainer_options(cfg.trainer, cfg.recipe)}


@pytest.mark.parametrize("path", yamls("model"), ids=lambda path: path.stem)
def test_every_key_of_a_recipe_changes_something(path):
    cfg = compose([f"model={path.stem}", "data=folder"])
    for key, value in cfg.recipe.items():
        before = of_recipe(cfg)
        cfg.recipe[key] = otherwise(key, value, None)
        assert of_recipe(cfg) != before, key


def of_network(config):
    torch.manual_seed(0)
    channels = config.channels if "channels" in config else config.in_nc
    return build.network(config).eval()(torch.rand(1, channels, 32, 32)).tolist()


def every_key_of_a_network():
    for path in yamls("model"):
        for key in OmegaConf.load(path).model.network:
            if key != "_target_":
                yield pytest.param(path.stem, key, id=f"{path.stem}:{key}")


@functools.cache
def network(model):
    config = compose([f"model={model}"]).model.network
    return config, of_network(config)


@pytest.mark.parametrize(("model", "key"), list(every_key_of_a_network()))
def test_every_key_of_a_network_changes_its_output(model, key):
    config, before = copy.deepcopy(network(model))
    value = config[key]
    config[key] = [*value[:-1], value[-1] + 1] if isinstance(value, ListConfig) else otherwise(key, value, 0)
    assert answer(of_network, config) != before  # DnCNN refuses different channels of input and output


TOP = {
    "allow_leak": True,
    "baseline": "wavelet",
    "batch_size": 1,
    "checkpoint": "photo",
    "device": "cuda:7",
    "draws": 2,
    "init": "absent",
    "metrics": ["uqi"],
    "num_workers": 1,
    "protocol": "clipped",
    "resume": "outputs/absent",
    "seed": 1,
    "test.shot": "high",
    "test.sigma": [15, 50],
    "trust": ["a-b"],
    "weights": "absent.pth",
}
"""Another value for each key that belongs to no group."""


def top_keys(application):
    content = OmegaConf.to_container(OmegaConf.load(config_dir() / f"{application.config}.yaml"), resolve=False)
    return [key for key in leaves(content) if not key.startswith("hydra.")]


def with_other(cfg, key):
    other = OmegaConf.merge(cfg, {})
    OmegaConf.update(other, key, TOP[key])
    return other


def of_run(cfg):
    if cfg.resume is not None or cfg.init is not None or cfg.trust:
        return run.run(cfg, Path("absent"))
    data = from_config.training_data(cfg)
    return data.train_dataloader().dataset.__getitems__([0]).noisy.tolist(), of_frozen(data.frozen("val"))


def of_frozen(pairs):
    return len(pairs), pairs.__getitems__([0]).noisy.tolist()


@pytest.fixture(scope="module")
def plain_run(stores):
    cfg = configured(stores[0], "model=unet")
    return cfg, of_run(cfg)


@pytest.mark.parametrize("key", top_keys(RUN))
def test_every_key_at_the_top_of_a_run_changes_something(key, plain_run):
    cfg, before = plain_run
    assert answer(of_run, with_other(cfg, key)) != before


@pytest.fixture(scope="module")
def trained(stores):
    """A checkpoint that was trained on the pictures of `data=folder`."""
    data = from_config.training_data(configured(stores[0]))
    return save(stores[0] / "trained.ckpt", {**checkpoint(), "seen": leaks.training_record(data)})


def of_evaluation(cfg):
    if cfg.trust:
        return evaluate.evaluate(cfg, Path("absent"))
    prepared = score_methods.prepare(cfg)
    scorer, names = prepared.scorer, [method.name for method in prepared.methods]
    batches, workers = list(scorer.loader.batch_sampler), scorer.loader.num_workers
    return names, prepared.leaks, scorer.metrics.keys(), scorer.device, batches, workers, of_frozen(scorer.pairs)


@pytest.mark.parametrize("key", top_keys(EVALUATE))
def test_every_key_at_the_top_of_an_evaluation_changes_something(key, stores, trained):
    words = ["data=folder", f"data.path={stores[0] / 'path'}", "baseline=noisy"]
    if key == "allow_leak":
        words += [f"checkpoint={trained}", "data.channels=1"]
    cfg = compose(words, EVALUATE)
    assert answer(of_evaluation, with_other(cfg, key)) != answer(of_evaluation, cfg)


def test_a_checkpoint_of_the_same_pictures_is_refused_for_that_alone(stores, trained):
    words = ["data=folder", f"data.path={stores[0] / 'path'}", "data.channels=1", f"checkpoint={trained}"]
    assert "was trained or selected on" in answer(of_evaluation, compose(words, EVALUATE))
    names, leaked, *_ = of_evaluation(compose([*words, "allow_leak=true"], EVALUATE))
    assert names == ["tiny"] and len(leaked["tiny"]) > 0
