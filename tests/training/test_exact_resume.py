"""A training that was stopped anywhere and resumed equals one that was not, bit for bit."""

import csv
import json
import os
import signal

import numpy as np
import pytest
import torch
from lightning.pytorch import Trainer
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn
from torch.utils.data import DataLoader

from denoiser.config import compose
from denoiser.errors import ENVIRONMENT, DenoiserError
from denoiser.machine import stopping
from denoiser.models.strided import StridedAutoencoder
from denoiser.run import run
from denoiser.runs import checkpoint
from denoiser.training.checkpoints import LastCheckpoint
from denoiser.training.module import Denoiser

BATCHES = 10
"""Batches in an epoch."""
SMALL = ["model=cifar_strided", "model.network.widths=[8,16]", "data=folder", "data.patch_size=16", "data.batch_size=4"]
SMALL += ["data.crops_per_image=5", "recipe.bfloat16=false", "callbacks.progress.style=none", "trainer.max_epochs=3"]
SMALL += ["trainer.accelerator=cpu", "data.flip=true", "noise.sigma_range=[5,55]", "test.sigma=25", "data.split_seed=1"]
KINDS = {
    "plain": ["data.num_workers=0"],
    "workers": ["data.num_workers=2"],
    "averaged, cosine": ["callbacks.ema.decay=0.9", "scheduler=cosine", "trainer.accumulate_grad_batches=2"],
    "muon, plateau": ["optimizer=muon", "scheduler=plateau", "callbacks.early_stopping.patience=5"],
}


class Killed(Exception):
    """The process is killed: nothing that handles an interruption may run."""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for i in range(10):
        coarse = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((24, 28), Image.Resampling.BICUBIC).save(folder / f"{i}.png")
    return f"data.path={folder}"


@pytest.fixture(autouse=True)
def dropout(monkeypatch):
    """The network draws from the global generator in training."""
    forward = StridedAutoencoder.forward

    def forward_with_dropout(self, x):
        return forward(self, nn.functional.dropout(x, 0.1, self.training))

    monkeypatch.setattr(StridedAutoencoder, "forward", forward_with_dropout)


def killed_after(monkeypatch, step, end_of_epoch=False):
    """Kill the training after a step, or before the next epoch."""
    batch_end, epoch_start = LastCheckpoint.on_train_batch_end, LastCheckpoint.on_train_epoch_start

    def after_batch(self, trainer, *arguments):
        batch_end(self, trainer, *arguments)
        if trainer.global_step >= step and not end_of_epoch:
            raise Killed

    def before_epoch(self, trainer, *arguments):
        epoch_start(self, trainer, *arguments)
        if trainer.global_step >= step:
            raise Killed

    monkeypatch.setattr(LastCheckpoint, "on_train_batch_end", after_batch)
    monkeypatch.setattr(LastCheckpoint, "on_train_epoch_start", before_epoch)


def rows(folder):
    with (folder / "metrics.csv").open(newline="") as file:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def scalars(folder):
    """Steps and values of each curve, without what TensorBoard drops."""
    (events,) = {path.parent for path in (folder / "tensorboard").rglob("events*")}
    log = EventAccumulator(str(events)).Reload()
    tags = [tag for tag in log.Tags()["scalars"] if tag.startswith(("train/", "val/", "lr"))]
    return {tag: [(event.step, event.value) for event in log.Scalars(tag)] for tag in tags}


def same(first, second, path=""):
    """Check that two checkpoints hold the same, apart from paths, times and what Lightning does not restore."""
    if path.endswith((".seconds", ".current_score")):
        return
    if isinstance(first, torch.Tensor):
        assert first.equal(second), path
    elif isinstance(first, dict):
        assert [os.path.basename(str(key)) for key in first] == [os.path.basename(str(key)) for key in second], path
        for key, other in zip(first, second, strict=True):
            same(first[key], second[other], f"{path}.{key}")
    elif isinstance(first, list | tuple):
        assert len(first) == len(second), path
        for i, pair in enumerate(zip(first, second, strict=True)):
            same(*pair, f"{path}.{i}")
    elif not (isinstance(first, str) and os.sep in first):
        assert first == second, path


def held(folder, name="last"):
    return checkpoint.read(folder / "checkpoints" / f"{name}.ckpt")


@pytest.mark.parametrize("kind", KINDS)
def test_a_resumed_training_equals_one_that_was_not_interrupted(kind, pictures, tmp_path, monkeypatch):
    cfg = compose([*SMALL, pictures, *KINDS[kind], "callbacks.last_checkpoint.every_minutes=0"])
    accumulate = cfg.trainer.accumulate_grad_batches
    run(cfg, tmp_path / "whole")
    stops = [(BATCHES // accumulate + 4 // accumulate, False), (2 * BATCHES // accumulate, True)]
    with monkeypatch.context() as patch:
        killed_after(patch, stops[0][0])
        with pytest.raises(Killed):
            run(cfg, tmp_path / "parts")
    assert held(tmp_path / "parts")["global_step"] == stops[0][0]
    with monkeypatch.context() as patch:
        killed_after(patch, *stops[1])
        with pytest.raises(Killed):
            run(cfg, tmp_path / "parts", resume=True)
    run(cfg, tmp_path / "parts", resume=True)
    for name in ("last", "best"):
        whole, parts = held(tmp_path / "whole", name), held(tmp_path / "parts", name)
        for one in (whole, parts):
            one["loops"] = one["loops"]["fit_loop"]["epoch_progress"]
        same(whole, parts)
    assert rows(tmp_path / "whole") == rows(tmp_path / "parts") and len(rows(tmp_path / "whole")) == 3
    curves = scalars(tmp_path / "whole")
    assert curves == scalars(tmp_path / "parts") and all(len(curve) == 3 for curve in curves.values()) and curves
    results = [json.loads((tmp_path / name / "results.json").read_text()) for name in ("whole", "parts")]
    assert results[0]["rows"] == results[1]["rows"]


def signalled(monkeypatch, method, numbers, at):
    """Send signals to this process within the call number `at` of a method of the module."""
    original, calls = getattr(Denoiser, method), []

    def call(self, *arguments):
        calls.append(1)
        if len(calls) == at:
            for number in numbers:
                signal.raise_signal(number)
        return original(self, *arguments)

    monkeypatch.setattr(Denoiser, method, call)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("method", "at", "step"),
    [("training_step", BATCHES + 4, BATCHES + 4), ("validation_step", 1, 10), ("validation_step", 3, 30)],
)
def test_a_signal_stops_where_all_is_saved(number, method, at, step, pictures, tmp_path, monkeypatch, capfd):
    cfg = compose([*SMALL, pictures, "trainer.num_sanity_val_steps=0"])
    run(cfg, tmp_path / "whole")
    with monkeypatch.context() as patch:
        signalled(patch, method, [number], at)
        with pytest.raises(KeyboardInterrupt) as caught:
            run(cfg, tmp_path / "parts")
    assert caught.value.args == (("terminated",) if number == signal.SIGTERM else ())
    assert "stopping as soon as all can be saved" in capfd.readouterr().err
    assert held(tmp_path / "parts")["global_step"] == step
    assert json.loads((tmp_path / "parts" / "results.json").read_text())["status"] == "interrupted"
    run(cfg, tmp_path / "parts", resume=True)
    whole, parts = held(tmp_path / "whole"), held(tmp_path / "parts")
    same(whole["state_dict"], parts["state_dict"])
    assert rows(tmp_path / "whole") == rows(tmp_path / "parts")
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_second_signal_stops_at_once(pictures, tmp_path, monkeypatch):
    signalled(monkeypatch, "training_step", [signal.SIGTERM, signal.SIGTERM], 4)
    with pytest.raises(KeyboardInterrupt, match="terminated"):
        run(compose([*SMALL, pictures]), tmp_path / "run")
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_without_a_last_checkpoint_a_signal_stops_at_once(pictures, tmp_path, monkeypatch):
    signalled(monkeypatch, "training_step", [signal.SIGTERM], 4)
    reached = []
    monkeypatch.setattr(Denoiser, "add_loss", lambda self, loss: reached.append(loss))
    with pytest.raises(KeyboardInterrupt, match="terminated"):
        run(compose([*SMALL, pictures, "~callbacks.last_checkpoint", "~callbacks.best_checkpoint"]), tmp_path / "run")
    assert len(reached) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("method", "at", "step"), [("training_step", 6, 2), ("validation_step", 1, 3)], ids=["step", "validation"]
)
def test_a_signal_within_a_step_or_a_long_validation_saves_too(
    number, method, at, step, pictures, tmp_path, monkeypatch
):
    words = ["trainer.accumulate_grad_batches=4", "trainer.num_sanity_val_steps=0", "test.sigma=[15,25,50]"]
    signalled(monkeypatch, method, [number], at)
    with pytest.raises(KeyboardInterrupt):
        run(compose([*SMALL, pictures, *words]), tmp_path / "run")
    assert held(tmp_path / "run")["global_step"] == step


def test_a_disk_that_is_full_is_told_although_a_signal_came(pictures, tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise DenoiserError("the disk is full", "free some space", ENVIRONMENT)

    signalled(monkeypatch, "training_step", [signal.SIGTERM], 4)
    monkeypatch.setattr(checkpoint.AtomicCheckpoints, "save_checkpoint", full)
    with pytest.raises(DenoiserError, match="the disk is full"):
        run(compose([*SMALL, pictures]), tmp_path / "run")


def test_a_signal_that_is_ignored_stays_ignored(monkeypatch):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stopping.stopping_later(lambda: False):
            signal.raise_signal(signal.SIGINT)
            assert not stopping.requested()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_weights_that_are_loaded_for_another_training_bring_no_random_numbers(pictures, tmp_path):
    run(compose([*SMALL, pictures, "trainer.max_epochs=1"]), tmp_path / "run")
    sums = set()
    for seed in (1, 2):
        model = Denoiser.load_from_checkpoint(tmp_path / "run" / "checkpoints" / "last.ckpt")
        torch.manual_seed(seed)
        pairs = [(torch.rand(2, 3, 16, 16), torch.rand(2, 3, 16, 16)) for _ in range(2)]
        options = {
            "limit_val_batches": 0,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "enable_checkpointing": False,
        }
        Trainer(max_epochs=1, accelerator="cpu", logger=False, **options).fit(
            model, DataLoader(pairs, None), DataLoader(pairs, None)
        )
        sums.add(torch.rand(1).item())
    assert len(sums) == 2


@pytest.mark.parametrize("value", [-1, "often"])
def test_minutes_that_are_none_are_refused(value, pictures, tmp_path):
    with pytest.raises(DenoiserError, match="every_minutes"):
        run(compose([*SMALL, pictures, f"callbacks.last_checkpoint.every_minutes={value}"]), tmp_path / "run")
    assert not (tmp_path / "run").exists()
