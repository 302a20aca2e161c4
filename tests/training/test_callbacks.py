"""What the callbacks leave in a run folder, and how each is switched."""

import csv
import io
import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.tiny import SIDE, configured, event_folder, pictures
from lightning.pytorch import Callback
from lightning.pytorch.callbacks import EarlyStopping, EMAWeightAveraging, RichProgressBar
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from denoiser.data import from_config
from denoiser.errors import NOT_POSSIBLE, DenoiserError
from denoiser.runs import checkpoint
from denoiser.training import assemble, callbacks

EPOCHS = 3


class Watch(Callback):
    """Reads metrics.csv after each epoch."""

    def __init__(self, folder):
        self.folder, self.seen = folder, []

    def on_train_epoch_end(self, trainer, pl_module):
        self.seen.append((self.folder / "metrics.csv").read_text())


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    pictures([folder / "path" / f"{i:02d}.png" for i in range(12)], np.random.default_rng(0))
    return folder


def train(root, folder, *overrides):
    torch.manual_seed(0)
    cfg = configured(root, "model=cifar_shallow", f"trainer.max_epochs={EPOCHS}", *overrides)
    data, module, (trainer, _) = from_config.training_data(cfg), assemble.module(cfg), assemble.trainer(cfg, folder)
    trainer.callbacks.append(Watch(folder))
    trainer.fit(module, data)
    return trainer, data


@pytest.fixture(scope="module")
def run(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    trainer, data = train(root, folder, "noise=none", "callbacks.images.count=1")
    events = EventAccumulator(str(event_folder(folder)), size_guidance={"images": 0}).Reload()
    return SimpleNamespace(folder=folder, trainer=trainer, data=data, events=events)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_metrics_csv_has_a_row_per_epoch_and_is_whole_after_each(run):
    seen = [rows(text) for text in run.trainer.callbacks[-1].seen]
    assert [len(table) for table in seen] == [1, 2, 3]
    last = seen[-1]
    assert [row["epoch"] for row in last] == ["1", "2", "3"]
    assert all(math.isfinite(float(row[key])) for row in last for key in callbacks.METRICS)
    assert list(last[0]) == list(callbacks.METRICS)


def test_a_resumed_run_keeps_the_rows_of_its_epochs(run, tmp_path):
    (tmp_path / "metrics.csv").write_text((run.folder / "metrics.csv").read_text())
    log = callbacks.EpochLog(str(tmp_path))
    log.on_train_start(SimpleNamespace(current_epoch=2), None)
    assert [row["epoch"] for row in log.rows] == ["1", "2"]


@pytest.mark.parametrize(("figure", "choose"), [("val/loss", min), ("val/ssim", max)])
def test_best_has_the_best_figure_and_last_is_the_last(figure, choose, root, tmp_path):
    train(root, tmp_path, f"callbacks.best_checkpoint.monitor={figure}", "callbacks.projector.images=0")
    losses = [float(row[figure]) for row in rows((tmp_path / "metrics.csv").read_text())]
    best, last = (checkpoint.read(tmp_path / "checkpoints" / f"{name}.ckpt") for name in ("best", "last"))
    assert len(set(losses)) == EPOCHS
    assert best["epoch"] == losses.index(choose(losses))
    assert last["epoch"] == EPOCHS - 1
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["best.ckpt", "last.ckpt"]


def test_tensorboard_has_the_same_picture_every_epoch(run):
    (tag,) = run.events.Tags()["images"]
    key, _ = run.data.frozen("val").describe(0)
    assert tag == f"pictures/{key} (noisy | denoised | clean | error)"
    logged = run.events.Images(tag)
    noisy, denoised, clean = ([panel(event, index) for event in logged] for index in range(3))
    assert len(logged) == EPOCHS
    for again in noisy[1:]:
        np.testing.assert_array_equal(again, noisy[0])
    np.testing.assert_array_equal(clean[0], run.data.split("val").images[0].permute(1, 2, 0).numpy())
    assert not np.array_equal(denoised[0], denoised[1])


def panel(event, index):
    picture = np.asarray(Image.open(io.BytesIO(event.encoded_image_string)))
    left = index * (SIDE + 2)
    return picture[:, left : left + SIDE]


def test_tensorboard_has_the_curves(run):
    wanted = {"train/loss", "val/loss", "val/psnr", "val/ssim", "lr-Adam"}
    assert wanted <= set(run.events.Tags()["scalars"])
    assert all(len(run.events.Scalars(tag)) == EPOCHS for tag in wanted)


def latent_codes(folder):
    (table,) = event_folder(folder).glob("*/latent_code/tensors.tsv")
    return np.loadtxt(table, delimiter="\t", ndmin=2)


def test_the_projector_gets_the_latent_code_of_every_validation_picture(run):
    assert latent_codes(run.folder).shape == (len(run.data.split("val")), 8 * (SIDE - 4) ** 2)
    assert (event_folder(run.folder) / "projector_config.pbtxt").is_file()


def test_the_projector_takes_pictures_of_several_sizes(root, tmp_path):
    for i in range(30):
        pictures([tmp_path / "mixed" / f"{i:02d}.png"], np.random.default_rng(i), (20 + i % 12, 40 - i % 12))
    mixed = (f"data.path={tmp_path / 'mixed'}", "trainer.max_epochs=1")
    _, data = train(root, tmp_path, *mixed, "callbacks.projector.images=8")
    sizes = [size for _, *size in data.split("val").shapes]
    assert len(sizes) > 1
    assert latent_codes(tmp_path).shape == (len(sizes), 8 * (min(map(min, sizes)) - 4) ** 2)


def test_a_model_without_a_latent_code_is_refused_before_training(root, tmp_path):
    with pytest.raises(DenoiserError, match=r"no latent code(.|\n)*fix: callbacks.projector.images=0") as error:
        train(root, tmp_path, "model=unet", "callbacks.projector.images=4")
    assert error.value.code == NOT_POSSIBLE
    assert not (tmp_path / "metrics.csv").exists()


@pytest.mark.parametrize(("patience", "epochs"), [("null", 5), ("2", 3)])
def test_early_stopping_waits_for_its_patience(patience, epochs, root, tmp_path):
    still = ("optimizer.lr=0", "trainer.max_epochs=5", f"callbacks.early_stopping.patience={patience}")
    trainer, _ = train(root, tmp_path, *still, "callbacks.projector.images=0")
    assert trainer.current_epoch == epochs


def test_what_is_switched_off_is_none():
    assert callbacks.early_stopping("val/loss", None) is None
    assert isinstance(callbacks.early_stopping("val/loss", 3), EarlyStopping)
    assert callbacks.ema(None) is None
    assert isinstance(callbacks.ema(0.99), EMAWeightAveraging)
    assert callbacks.projector(0) is None


@pytest.mark.parametrize(("style", "terminal", "kind"), [
    ("auto", True, RichProgressBar), ("auto", False, callbacks.EpochLines), ("rich", False, RichProgressBar),
    ("plain", True, callbacks.EpochLines), ("none", True, type(None)),
])  # fmt: skip
def test_progress_follows_its_style(style, terminal, kind, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    assert type(callbacks.progress(style)) is kind


def test_an_unknown_style_is_refused():
    with pytest.raises(DenoiserError, match=r"no style 'loud' \(callbacks.progress.style\)"):
        callbacks.progress("loud")


def test_plain_progress_is_a_line_an_epoch(root, tmp_path, capsys):
    train(root, tmp_path, "callbacks.progress.style=plain", "callbacks.projector.images=0")
    lines = capsys.readouterr().out.splitlines()
    assert lines.pop(1).startswith("the training takes about ")
    assert [line.split("  ")[0] for line in lines] == [f"epoch {i}/{EPOCHS}" for i in (1, 2, 3)]
    assert all("train/loss" in line and "val/psnr" in line and re.search(r"  \d+\.\d s\b", line) for line in lines)
    assert [line.endswith(" left") for line in lines] == [True, True, False]


@pytest.mark.parametrize(("monitor", "mode"), [("val/loss", "min"), ("train/loss", "min"), ("val/psnr", "max")])
def test_early_stopping_knows_what_is_better(monitor, mode):
    assert callbacks.early_stopping(monitor, 3).mode == mode
