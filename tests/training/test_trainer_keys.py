"""The keys below `trainer`: Lightning's arguments, and what they do in a run."""

import inspect

import pytest
import torch
from helpers.tiny import configured, store
from lightning.pytorch import Trainer
from omegaconf import OmegaConf

from denoiser.cli.elsewhere import ELSEWHERE
from denoiser.data import from_config
from denoiser.errors import DenoiserError
from denoiser.run import main, run
from denoiser.search_path import config_dir
from denoiser.training import assemble
from denoiser.weights.load import load

OWN = {"memory_format", "compile"}
ARGUMENTS = {
    name: parameter.default for name, parameter in inspect.signature(Trainer).parameters.items() if name != "self"
}
AUTO = OmegaConf.to_container(OmegaConf.load(config_dir() / "trainer" / "auto.yaml"), resolve=False)
DIFFERENT = {
    "precision": "auto",
    "max_epochs": "${oc.select:recipe.epochs,20}",
    "gradient_clip_val": "${oc.select:recipe.clip_norm,null}",
    "check_val_every_n_epoch": "${oc.select:recipe.validate_every,1}",
    "num_sanity_val_steps": 0,
    "log_every_n_steps": 50,
    "deterministic": False,
    "enable_model_summary": False,
}
"""Where the default is not Lightning's."""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return store(tmp_path_factory.mktemp("store"))


def small(root, *overrides):
    quick = ("model=cifar_shallow", "data.batch_size=2", "logger=none", "~callbacks.projector", "trainer=cpu")
    return configured(root, *quick, *overrides)


def fitted(cfg, folder):
    data, module, (trainer, _) = from_config.training_data(cfg), assemble.module(cfg), assemble.trainer(cfg, folder)
    trainer.fit(module, data)
    return trainer, module


def test_every_argument_of_lightning_is_a_key_or_is_said_to_be_another():
    elsewhere = {key.partition(".")[2] for key in ELSEWHERE if key.startswith("trainer.")}
    assert elsewhere.isdisjoint(AUTO) and set(ARGUMENTS) == (set(AUTO) - OWN) | elsewhere


@pytest.mark.parametrize("name", sorted(set(AUTO) - OWN - set(DIFFERENT)))
def test_defaults_are_lightnings(name):
    assert AUTO[name] == ARGUMENTS[name]


def test_other_defaults_are_ours():
    assert {name: AUTO[name] for name in DIFFERENT} == DIFFERENT


def test_gradients_of_several_batches_make_one_step(root, tmp_path):
    whole, _ = fitted(small(root), tmp_path / "a")
    some, _ = fitted(small(root, "trainer.accumulate_grad_batches=2"), tmp_path / "b")
    assert whole.global_step > 1 and some.global_step == -(-whole.global_step // 2)
    assert "train/loss" in some.callback_metrics


@pytest.mark.parametrize("words", [["trainer.fast_dev_run=true"], ["trainer.fast_dev_run=2"]], ids=str)
def test_a_fast_run_has_its_batches_and_results(words, root, tmp_path):
    content = run(small(root, "trainer.max_epochs=9", *words), tmp_path / "run")
    assert content["status"] == "ok" and content["steps"] == (2 if "2" in words[0] else 1)
    assert len(content["rows"]) == 1 and not (tmp_path / "run" / "checkpoints").exists()


def test_overfitting_trains_and_validates_on_the_same_batches(root, tmp_path):
    trainer, _ = fitted(small(root, "trainer.overfit_batches=1", "trainer.max_epochs=3"), tmp_path)
    assert trainer.global_step == 3 and trainer.num_val_batches == [1]


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("trainer.limit_train_batches=-1", "limit_train_batches"),
        ("trainer.limit_val_batches=7.5", "limit_val_batches"),
        ("trainer.profiler=quick", "profiler"),
        ("trainer.strategy=many", "many"),
        ("trainer.gradient_clip_algorithm=most", "most"),
        ("trainer.max_time=soon", "soon"),
    ],
)
def test_a_value_that_lightning_refuses_is_two_lines(word, problem, root, tmp_path):
    with pytest.raises(DenoiserError) as caught:
        assemble.trainer(small(root, word), tmp_path)
    assert problem in caught.value.what and "trainer" in caught.value.what and caught.value.code == 2


@pytest.mark.parametrize(
    ("word", "fix"),
    [
        ("trainer.accumulate_grad_batch=2", "trainer.accumulate_grad_batches"),
        ("trainer.logger=false", "logger=none"),
        ("trainer.default_root_dir=here", "hydra.run.dir=here"),
        ("trainer.enable_progress_bar=false", "callbacks.progress.style=none"),
        ("trainer.fast_dev_run=some", "trainer.fast_dev_run=false"),
        ("trainer.compile=3", "trainer.compile=false"),
        ("trainer.accumulate_grad_batches=0", "trainer.accumulate_grad_batches=1"),
        ("optimizer.schedule=cosine", "scheduler=cosine"),
        ("optimizer.warmup=0.1", "scheduler.warmup=0.1"),
        ("scheduler.monitor=val/los", "scheduler.monitor=val/loss"),
    ],
)
def test_a_key_or_value_that_is_not_there_is_advised(word, fix, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    group = ["scheduler=plateau"] if word.startswith("scheduler") else []
    assert main([*group, word]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and fix in lines[1]


def test_compiling_changes_training_steps_alone(root, tmp_path, monkeypatch):
    calls, compiler = [], torch.compile

    def counting(network):
        made = compiler(network, backend="eager")
        return lambda noisy: calls.append(network.training) or made(noisy)

    monkeypatch.setattr(torch, "compile", counting)
    plain = run(small(root), tmp_path / "plain")
    assert not calls
    content = run(small(root, "trainer.compile=true"), tmp_path / "compiled")
    assert calls == [True] * content["steps"]
    weights = [load(tmp_path / name).state_dict() for name in ("plain", "compiled")]
    assert not any("_orig_mod" in key for key in weights[1])
    torch.testing.assert_close(weights[1], weights[0])
    assert content["rows"][0]["psnr"] == pytest.approx(plain["rows"][0]["psnr"], abs=1e-3)


def test_a_network_that_cannot_be_compiled_is_two_lines(root, tmp_path, monkeypatch):
    def backend(graph, inputs):
        raise RuntimeError("no compiler here")

    compiler = torch.compile
    monkeypatch.setattr(torch, "compile", lambda network: compiler(network, backend=backend))
    with pytest.raises(DenoiserError, match=r"cannot be compiled: .*no compiler here(.|\n)*fix: trainer.compile=false"):
        run(small(root, "trainer.compile=true"), tmp_path / "run")
