"""What a training yields, what TensorBoard keeps of it, and how it ends."""

import csv
import json
import math
import signal

import numpy as np
import pytest
from helpers.tiny import configured, event_folder, pictures
from omegaconf import OmegaConf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from denoiser.data.folder import Folder
from denoiser.errors import DenoiserError
from denoiser.machine.signals import sigterm_interrupts
from denoiser.runs.folder import claim
from denoiser.runs.results import Score
from denoiser.training import fit
from denoiser.training.fit import train_and_test
from denoiser.training.module import Denoiser

EPOCHS = 2
CONVOLUTION = {"_target_": "torch.nn.Conv2d", "in_channels": 3, "out_channels": 3, "kernel_size": 3, "padding": 1}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    for seed, name in enumerate(("path", "noisy", "clean")):
        pictures([folder / name / f"{i:02d}.png" for i in range(12)], np.random.default_rng(seed))
    return folder


def composed(root, *overrides, data="folder"):
    return configured(root, "model=cifar_shallow", f"trainer.max_epochs={EPOCHS}", *overrides, data=data)


def together(stages):
    """All that the stages yield, as results.json would hold it; it must be JSON as everyone reads it."""
    content = {}
    for stage in stages:
        content |= stage
    return json.loads(json.dumps(content, allow_nan=False))


@pytest.fixture(scope="module")
def trained(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    typed = ["model=cifar_shallow", f"trainer.max_epochs={EPOCHS}", "test.sigma=[15,25]"]
    cfg = composed(root, *typed)
    claim(folder, cfg, typed)
    return cfg, folder, together(train_and_test(cfg, folder, False))


def events(folder):
    return EventAccumulator(str(event_folder(folder)), size_guidance={"tensors": 0, "scalars": 0}).Reload()


def config_texts(folder):
    logged = events(folder)
    texts = logged.Tensors("config/text_summary") if "config/text_summary" in logged.Tags()["tensors"] else []
    return [event.tensor_proto.string_val[0].decode() for event in texts]


def test_tensorboard_has_every_epoch_and_the_resolved_configuration(trained):
    cfg, folder, content = trained
    logged = events(folder)
    for tag in ("train/loss", "val/loss", "val/psnr", "val/ssim"):
        points = logged.Scalars(tag)
        assert len(points) == EPOCHS and all(math.isfinite(point.value) for point in points), tag
    assert logged.Scalars("train/loss")[-1].step == content["steps"] - 1
    assert config_texts(folder) == [f"```yaml\n{OmegaConf.to_yaml(cfg, resolve=True)}\n```"]
    assert "${" not in config_texts(folder)[0]


def test_the_hyperparameters_stand_beside_the_figures_of_results_json(trained):
    _, folder, content = trained
    logged = events(folder)
    assert [row["sigma"] for row in content["rows"]] == [15, 25]
    for row in content["rows"]:
        for name in Score._fields:
            assert logged.Scalars(f"test/{name}_{row['sigma']:g}")[-1].value == pytest.approx(row[name], rel=1e-6)
    plugin = logged.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    hparams = HParamsPluginData.FromString(plugin).session_start_info.hparams
    assert set(hparams) == {"model", "data", "noise", "noise.sigma", "test.sigma", "trainer.max_epochs"}
    assert [hparams[key].string_value for key in ("model", "data", "noise")] == ["cifar_shallow", "folder", "gaussian"]
    assert hparams["test.sigma"].string_value == "[15,25]" and hparams["trainer.max_epochs"].number_value == EPOCHS
    experiment = logged.SummaryMetadata("_hparams_/experiment").plugin_data.content
    metrics = HParamsPluginData.FromString(experiment).experiment.metric_infos
    assert {metric.name.tag for metric in metrics} == {f"test/{n}_{s}" for n in Score._fields for s in (15, 25)}


def test_an_interrupted_run_keeps_its_configuration_and_is_resumed(root, tmp_path, monkeypatch):
    cfg, step, seen = composed(root), Denoiser.training_step, []

    def stopping(self, batch, batch_idx):
        seen.append(config_texts(tmp_path))  # on disk already, were the process to be killed
        if self.current_epoch == 1:
            raise KeyboardInterrupt
        return step(self, batch, batch_idx)

    monkeypatch.setattr(Denoiser, "training_step", stopping)
    with pytest.raises(KeyboardInterrupt):
        together(train_and_test(cfg, tmp_path, False))
    text = f"```yaml\n{OmegaConf.to_yaml(cfg, resolve=True)}\n```"
    assert seen[0] == config_texts(tmp_path) == [text] and len(events(tmp_path).Scalars("train/loss")) == 1
    monkeypatch.undo()
    assert together(train_and_test(cfg, tmp_path, True))["epochs"] == EPOCHS
    assert set(config_texts(tmp_path)) == {text} and len(events(tmp_path).Scalars("train/loss")) == EPOCHS


def test_the_figures_are_there_before_the_pictures_are_drawn(root, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise DenoiserError("no pictures today (here)", "come back tomorrow")

    monkeypatch.setattr(fit, "write_strips", fail)
    content = {}
    with pytest.raises(DenoiserError, match="no pictures today"):
        for stage in train_and_test(composed(root, "trainer=smoke"), tmp_path, False):
            content |= stage
    assert content["rows"][0]["psnr"] > 0
    with (tmp_path / "results.csv").open() as file:
        assert len(list(csv.DictReader(file))) == content["rows"][0]["n_images"]


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("trainer.memory_format", "nhwc", "no memory format 'nhwc'"),
        ("model.network", {**CONVOLUTION, "out_channels": 1}, r"makes \(2, 1, 16, 16\) of \(2, 3, 16, 16\)"),
    ],
)
def test_a_mistake_is_found_before_pictures_are_downloaded_or_drawn(root, tmp_path, monkeypatch, key, value, what):
    for name in ("prepare_data", "pictures"):
        monkeypatch.setattr(Folder, name, lambda *_: pytest.fail("pictures are read"))
    cfg = composed(root)
    OmegaConf.update(cfg, key, value, merge=False, force_add=True)
    with pytest.raises(DenoiserError, match=what):
        next(train_and_test(cfg, tmp_path, False))


def test_real_pairs_have_real_noise_and_no_logger_is_needed(root, tmp_path, capsys):
    cfg = composed(root, "trainer=smoke", "~logger", "~callbacks.learning_rate", data="pairs")
    row = together(train_and_test(cfg, tmp_path, False))["rows"][0]
    assert row["noise"] == "real" and row["sigma"] is None and row["psnr_noisy"] > 0
    assert "on pairs, real" in capsys.readouterr().out
    with (tmp_path / "results.csv").open() as file:
        assert {row["noise"] for row in csv.DictReader(file)} == {"real"}
    assert not (tmp_path / "tensorboard").exists()


def test_plain_reconstruction_is_valid_json_though_its_input_is_perfect(root, tmp_path):
    row = together(train_and_test(composed(root, "trainer=smoke", "noise=none"), tmp_path, False))["rows"][0]
    assert row["noise"] == "none" and row["psnr_noisy"] is None and row["ssim_noisy"] == 1


@pytest.mark.parametrize("mode", [True, False])
def test_macs_count_one_pass_and_leave_the_mode(mode):
    module = Denoiser(CONVOLUTION, {"_target_": "denoiser.objectives.supervised.Supervised"}, {}, 3, "conv").train(mode)
    assert fit._cost(module) == {"params": 84, "macs": 9 * 3 * 3 * 256 * 256}
    assert module.training is module.network.training is mode


def test_sigterm_interrupts_and_its_handler_comes_back():
    def handler(*_):
        raise AssertionError("the handler of before")

    before = signal.signal(signal.SIGTERM, handler)
    try:
        with pytest.raises(KeyboardInterrupt, match="terminated"), sigterm_interrupts():
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, before)


def test_levels_that_a_limited_test_does_not_reach_are_named(root, tmp_path, capsys):
    levels = "test.sigma=[15,25,50]"
    one = ("trainer=smoke", "trainer.limit_test_batches=1")
    rows = together(train_and_test(composed(root, *one, levels), tmp_path / "few", False))["rows"]
    assert [row["sigma"] for row in rows] == [15]
    assert "not tested at sigma 25, 50: trainer.limit_test_batches" in capsys.readouterr().out
    everything = composed(root, "trainer=smoke", "trainer.limit_test_batches=1.0", levels)
    rows = together(train_and_test(everything, tmp_path / "all", False))["rows"]
    assert [row["sigma"] for row in rows] == [15, 25, 50] and "not tested" not in capsys.readouterr().out
