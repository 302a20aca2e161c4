"""Runs with each scheduler are resumed where they were, and runs of earlier versions have theirs."""

import csv

import pytest
import torch
from helpers.tiny import configured, store
from lightning.pytorch import Callback, Trainer

from denoiser.errors import DenoiserError
from denoiser.run import main, run
from denoiser.training import assemble

EPOCHS = 4


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return store(tmp_path_factory.mktemp("store"))


def small(root, *overrides):
    quick = ("model=cifar_shallow", "data.batch_size=4", "logger=none", "~callbacks.projector", "trainer=cpu")
    return configured(root, *quick, f"trainer.max_epochs={EPOCHS}", *overrides)


def rates(folder):
    with (folder / "metrics.csv").open() as file:
        return [float(row["lr"]) for row in csv.DictReader(file)]


def weights(folder):
    return torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]


class Stop(Callback):
    """Ctrl-C after the second epoch."""

    def on_train_epoch_start(self, trainer, pl_module):
        if trainer.current_epoch == 2:
            raise KeyboardInterrupt


@pytest.fixture
def stopping(monkeypatch):
    def trainer(callbacks, **options):
        return Trainer(callbacks=[*callbacks, Stop()], **options)

    monkeypatch.setattr(assemble, "Trainer", trainer)
    return monkeypatch


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        (["scheduler=cosine"], True),
        (["scheduler=step", "scheduler.warmup=0.2"], True),
        (["scheduler=plateau", "scheduler.patience=0", "scheduler.warmup=0.2", "optimizer.lr=1e-6"], True),
        (["scheduler=one_cycle"], True),
        (["scheduler._target_=torch.optim.lr_scheduler.MultiStepLR", "+scheduler.milestones=[1,3]"], True),
        (["scheduler._target_=torch.optim.lr_scheduler.OneCycleLR", "+scheduler.interval=step"], True),
        (["scheduler=constant"], False),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_resumed_run_has_the_rates_of_an_uninterrupted_one(words, changes, root, tmp_path, stopping):
    with pytest.raises(KeyboardInterrupt):
        run(small(root, *words), tmp_path / "stopped", words)
    stopping.undo()
    assert run(small(root, *words), tmp_path / "whole", words)["status"] == "ok"
    assert len(rates(tmp_path / "stopped")) == 2
    assert main([f"resume={tmp_path / 'stopped'}"]) == 0
    assert rates(tmp_path / "stopped") == rates(tmp_path / "whole")
    assert (len(set(rates(tmp_path / "whole"))) > 1) == changes
    torch.testing.assert_close(weights(tmp_path / "stopped"), weights(tmp_path / "whole"), rtol=0, atol=0)


def test_plateau_needs_its_figure(root, tmp_path):
    words = ["scheduler=plateau", "trainer.limit_val_batches=0", "callbacks.best_checkpoint.monitor=train/loss"]
    with pytest.raises(DenoiserError, match=r"no val/loss in this training(.|\n)*fix: scheduler.monitor=train/loss"):
        run(small(root, *words), tmp_path / "run", words)


def test_plateau_waits_for_validations_that_are_rare(root, tmp_path):
    words = ["scheduler=plateau", "scheduler.patience=0", "trainer.check_val_every_n_epoch=2"]
    assert run(small(root, *words), tmp_path / "run", words)["status"] == "ok"
