"""Every YAML of conf/ is built and trained for one step; sets for testing only are scored instead."""

import math

import pytest
import torch
from helpers.tiny import EXTRAS, STEP, configured, groups, names, one_step, small, store, yamls
from hydra.utils import get_object
from omegaconf import OmegaConf

from denoiser.config import compose
from denoiser.data import from_config
from denoiser.errors import NOT_POSSIBLE, DenoiserError
from denoiser.machine.hardware import has_gpu
from denoiser.training import assemble


def channels_taken(path):
    """What a model's YAML takes: a fixed number of channels, or whatever the data has."""
    fixed = OmegaConf.to_container(OmegaConf.load(path), resolve=False)["model"]["channels"]
    return [fixed] if isinstance(fixed, int) else [3, 1]


MODELS = [(path.stem, channels) for path in yamls("model") for channels in channels_taken(path)]
DATASETS = {path.stem: get_object(OmegaConf.load(path)["_target_"]) for path in yamls("data")}
TEST_ONLY = [name for name, dataset in DATASETS.items() if dataset.test_only]
OTHERS = [
    (group, name) for group in groups() if group not in ("model", "data") for name in names(group) if name not in EXTRAS
]
REQUIRED = {"mixed": ["noise.parts={camera:0.5,gaussian:0.5}"]}
"""Keys without which a choice cannot be built."""
CHEAP = {3: "model=cifar_shallow", 1: "model=mnist_basic"}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return store(tmp_path_factory.mktemp("store"))


@pytest.fixture(autouse=True)
def data_root(root, monkeypatch):
    monkeypatch.setenv("DENOISER_DATA", str(root))


@pytest.fixture(scope="module", params=MODELS, ids=lambda pair: f"{pair[0]}-{pair[1]}")
def model(request):
    name, channels = request.param
    torch.manual_seed(0)
    return assemble.module(compose([f"model={name}", f"data.channels={channels}"])), channels


def check_learned(trainer, module, before):
    assert trainer.global_step == 1
    assert math.isfinite(trainer.callback_metrics["train/loss"])
    for name, weight in module.named_parameters():
        assert torch.isfinite(weight).all() and not torch.equal(weight.cpu(), before[name]), name


@pytest.mark.parametrize("size", [(28, 28), (37, 50), (5, 3)], ids=str)
def test_model_keeps_any_size(model, size):
    module, channels = model
    with torch.no_grad():
        denoised = module.eval()(torch.rand(2, channels, *size))
    assert denoised.shape == (2, channels, *size)
    assert torch.isfinite(denoised).all()


def test_model_gives_every_parameter_a_gradient(model):
    module, channels = model
    module.train().zero_grad()
    clean = torch.rand(2, channels, 16, 16)
    (module(clean + 0.1 * torch.randn_like(clean)) - clean).square().mean().backward()
    for name, weight in module.named_parameters():
        assert weight.grad is not None and torch.isfinite(weight.grad).all() and weight.grad.any(), name


@pytest.mark.parametrize(("model", "channels"), MODELS)
def test_model_trains(model, channels, root, tmp_path):
    check_learned(*one_step(configured(root, f"model={model}", f"data.channels={channels}"), tmp_path))


@pytest.mark.parametrize(("group", "name"), [pair for pair in OTHERS if pair != ("trainer", "gpu")])
def test_every_other_choice_trains(group, name, root, tmp_path):
    check_learned(*one_step(configured(root, CHEAP[3], f"{group}={name}", *REQUIRED.get(name, ())), tmp_path))


def test_gpu_trains_or_says_that_there_is_none(root, tmp_path):
    cfg = configured(root, CHEAP[3], "trainer=gpu")
    if has_gpu():
        check_learned(*one_step(cfg, tmp_path))
        return
    with pytest.raises(DenoiserError, match=r"no GPU(.|\n)*fix: trainer=cpu") as error:
        one_step(cfg, tmp_path)
    assert error.value.code == NOT_POSSIBLE


@pytest.mark.parametrize("name", [name for name in DATASETS if name not in TEST_ONLY])
def test_data_trains(name, root, tmp_path):
    chosen = [*STEP, *small(name, root), "trainer=smoke"]
    check_learned(*one_step(compose([*chosen, CHEAP[compose(chosen).data.channels]]), tmp_path))


@pytest.mark.parametrize("name", TEST_ONLY)
def test_set_for_testing_is_scored(name, root, tmp_path):
    channels = DATASETS[name].allowed_channels[0]
    chosen = (f"data.channels={channels}", f"data.test={name}", "trainer=smoke")
    cfg = configured(root, CHEAP[channels], *chosen)
    data, module = from_config.training_data(cfg), assemble.module(cfg)
    assemble.trainer(cfg, tmp_path)[0].test(module, data, verbose=False)
    assert data.test.name == name
    assert sorted(module.scores) == [0, 1]
    assert all(math.isfinite(score.psnr) and 0 < score.psnr_noisy < 40 for score in module.scores.values())


@pytest.mark.parametrize("name", TEST_ONLY)
def test_set_for_testing_is_not_trained_on(name):
    with pytest.raises(DenoiserError, match=f"for testing only(.|\n)*fix: data=synthetic data.test={name}"):
        from_config.training_data(compose([f"data={name}"]))
