"""The time that a training still takes, by what ends it first."""

import math
from types import SimpleNamespace

import pytest
from lightning.pytorch.callbacks import EarlyStopping, Timer

from denoiser.training import epoch_lines
from denoiser.training.epoch_lines import EpochLines


class Remaining(Timer):
    """A timer of `trainer.max_time` with this many seconds left."""

    def __init__(self, seconds):
        super().__init__(duration="00:01:00:00")
        self.seconds = seconds

    def time_remaining(self, stage="train"):
        return self.seconds


def trainer(epoch=0, step=10, max_epochs=5, max_steps=-1, callbacks=()):
    return SimpleNamespace(
        is_global_zero=True,
        callback_metrics={"train/loss": 0.5},
        current_epoch=epoch,
        global_step=step,
        max_epochs=max_epochs,
        max_steps=max_steps,
        callbacks=list(callbacks),
    )


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({}, 400),
        ({"max_epochs": -1}, math.inf),
        ({"max_epochs": -1, "max_steps": 40}, 300),
        ({"max_steps": 15}, 50),
        ({"max_steps": 10}, 0),
        ({"max_epochs": 1}, 0),
        ({"callbacks": [Remaining(30)]}, 30),
        ({"callbacks": [Remaining(3000)]}, 400),
        ({"callbacks": [Remaining(-1)]}, 0),
    ],
)
def test_what_ends_first_ends_the_training(changes, left):
    lines = EpochLines()
    assert lines.seconds_left(trainer(**changes), passed=100) == left


def test_a_resumed_run_counts_its_own_epochs_alone():
    lines = EpochLines()
    lines.on_train_start(trainer(epoch=2, step=20), None)
    assert lines.seconds_left(trainer(epoch=2, step=30), passed=100) == 200


@pytest.mark.parametrize(("callbacks", "about"), [((), "about"), ([EarlyStopping("val/loss")], "at most")])
def test_each_epoch_says_what_it_took_and_the_first_what_all_take(callbacks, about, monkeypatch, capsys):
    clock = iter([0.0, 1.0, 100.0, 100.0, 180.5])
    monkeypatch.setattr(epoch_lines.time, "monotonic", lambda: next(clock))
    lines = EpochLines()
    lines.on_train_start(trainer(step=0), None)
    for epoch in range(2):
        now = trainer(epoch, 10 * epoch + 10, callbacks=callbacks)
        lines.on_train_epoch_start(now, None)
        lines.on_train_epoch_end(now, None)
    assert capsys.readouterr().out.splitlines() == [
        f"epoch 1/5  train/loss 0.5  99.0 s  {about} 7 min left",
        f"the training takes {about} 8 min",
        f"epoch 2/5  train/loss 0.5  80.5 s  {about} 5 min left",
    ]
