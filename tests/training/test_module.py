import functools
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.tiny import configured, one_step
from lightning.pytorch import Callback

from denoiser.config import compose
from denoiser.data import base, from_config, leaks
from denoiser.data.batch import Batch
from denoiser.data.thumbnails import match_thumbnails
from denoiser.errors import DenoiserError
from denoiser.metrics.psnr_ssim import psnr
from denoiser.objectives.supervised import Supervised
from denoiser.runs import checkpoint
from denoiser.runs.results import Score
from denoiser.training import assemble
from denoiser.training.module import Denoiser


@functools.cache
def config():
    return compose(["model=cifar_strided", "data=cifar10", "model.network.widths=[4,8,8]"])


def module():
    return assemble.module(config())


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (1, 1), (8, 9), (7, 200)])
def test_any_size_goes_in_and_comes_out(size):
    model = module().eval()
    noisy = torch.rand(2, 3, *size)
    assert model(noisy).shape == noisy.shape


def test_a_size_that_fits_is_not_padded():
    model = module().eval()
    noisy = torch.rand(1, 3, 16, 24)
    assert torch.equal(model(noisy), model.network(noisy))


@pytest.mark.parametrize("size", [(13, 16), (16, 11), (3, 9), (1, 5), (2, 1)])
def test_padding_reflects_and_is_cut_off_again(size):
    model = module().eval()
    noisy = torch.rand(1, 3, *size)
    more = [(0, -side % 8) for side in size]
    padded = torch.from_numpy(np.pad(noisy.numpy(), [(0, 0), (0, 0), *more], mode="reflect"))
    expected = model.network(padded)[:, :, : size[0], : size[1]]
    torch.testing.assert_close(model(noisy), expected, rtol=0, atol=0)


def test_a_network_that_says_nothing_of_sizes_gets_any():
    network = {"_target_": "torch.nn.Conv2d", "in_channels": 1, "out_channels": 1, "kernel_size": 3, "padding": 1}
    objective = {"_target_": "denoiser.objectives.supervised.Supervised"}
    model = Denoiser(network, objective, {"_target_": "torch.optim.Adam"}, channels=1, name="plain").eval()
    noisy = torch.rand(1, 1, 1, 7)
    assert torch.equal(model.forward(noisy), model.network(noisy))


def test_networks_that_need_a_smallest_size_get_it():
    model = assemble.module(compose(["model=cifar_shallow", "data=cifar10"])).eval()
    assert model(torch.rand(1, 3, 2, 3)).shape == (1, 3, 2, 3)


def test_test_scores_are_of_the_clamped_and_rounded_output_in_float32():
    model = module().eval()
    clean = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    noisy = clean + 0.1 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        model.test_step(Batch(noisy, clean, torch.full((2,), 25.5), torch.tensor([7, 3])), 0)
    with torch.no_grad():
        rounded = (model(noisy).clamp(0, 1) * 255).round() / 255
    assert set(model.scores) == {7, 3}
    for position, item in enumerate((7, 3)):
        expected = psnr(rounded, clean)[position].item(), psnr(noisy, clean)[position].item()
        assert (model.scores[item].psnr, model.scores[item].psnr_noisy) == pytest.approx(expected, abs=1e-6)


def test_validation_scores_are_of_the_output_rounded_to_8_bits():
    model = module()
    model.forward, model.log = lambda noisy: noisy, lambda *_, **__: None
    black = torch.zeros(2, 3, 16, 16)
    model.validation_step(Batch(black + 0.6 / 255, black, torch.full((2,), 25.0), torch.arange(2)), 0)
    assert model.psnr.compute().item() == pytest.approx(48.1308, abs=1e-4)  # one grey level of 255 everywhere
    assert model.ssim.compute().item() == pytest.approx(0.01**2 / (0.01**2 + 255**-2), abs=1e-4)


def test_what_is_logged_counts_each_picture_once_over_all_processes():
    model, logged = module(), {}
    model.log = lambda name, value, **options: logged.update({name: (value, options)})
    model.log_dict = lambda values, **options: logged.update({name: (values[name], options) for name in values})
    model._trainer = SimpleNamespace(is_last_batch=True, max_steps=-1, global_step=0)
    batch = Batch(torch.rand(3, 3, 16, 16), torch.rand(3, 3, 16, 16), torch.full((3,), 25.0), torch.arange(3))
    model.validation_step(batch, 0)
    model.on_validation_epoch_end()
    model.training_step(batch, 0)
    assert set(logged) == {"val/loss", "val/psnr", "val/ssim", "train/loss"}
    assert logged["val/loss"][1]["batch_size"] == 3 and all(options["sync_dist"] for _, options in logged.values())
    assert logged["val/loss"][0].item() == pytest.approx(logged["train/loss"][0].item())


def test_the_scores_of_a_test_are_gathered_from_all_processes(monkeypatch):
    def gather(shares, own):
        shares[:] = {1: scores[1], 3: scores[3]}, own

    scores = [Score(value, 0.1, 5.0, 0.0) for value in (10.0, 20.0, 30.0, math.inf)]
    monkeypatch.setattr(torch.distributed, "all_gather_object", gather)
    for processes, gathered, mean in ((2, [0, 1, 2, 3], 20), (1, [0, 2], 20)):
        model, logged = module(), {}
        model._trainer, model.scores = SimpleNamespace(world_size=processes), {0: scores[0], 2: scores[2]}
        model.log_dict = lambda means, sync_dist, logged=logged: logged.update(means)
        model.on_test_epoch_end()
        assert model.scores == {item: scores[item] for item in gathered}
        assert logged["test/psnr"] == mean and set(logged) == {f"test/{key}" for key in Score._fields}


def test_test_pictures_are_looked_for_among_those_of_training_before_it_begins(monkeypatch):
    checked, data = [], from_config.training_data(config())
    data.patch_size = 32  # or the pictures would be read
    monkeypatch.setattr(leaks, "check_test_pictures", checked.append)
    module().setup("fit")
    for stage, datamodule in (("test", data), ("fit", "another"), ("fit", data)):
        model = module()
        model._trainer = SimpleNamespace(datamodule=datamodule)
        model.setup(stage)
    assert checked == [data]


def fitted(folder, out, monkeypatch, **options):
    """A training on a folder of pictures; returns the trainer and the losses of its steps."""
    losses, forward = [], Supervised.forward

    def noted(self, denoise, batch):
        loss, denoised = forward(self, denoise, batch)
        losses.extend([loss.item()] * loss.requires_grad)
        return loss, denoised

    monkeypatch.setattr(Supervised, "forward", noted)
    keys = ["data=folder", f"data.path={folder}", "data.patch_size=16", "callbacks.progress.style=none", "~logger"]
    keys += ["model=cifar_strided", "model.network.widths=[4,8,8]", "~callbacks.learning_rate", "trainer=cpu"]
    keys += [f"{key}={value}" for key, value in options.items()]
    cfg = compose(keys)
    trainer, _ = assemble.trainer(cfg, out)
    model, data = assemble.module(cfg), from_config.training_data(cfg)
    return trainer, losses, lambda: trainer.fit(model, data)


def test_the_loss_of_an_epoch_is_the_mean_of_its_steps(pictures_folder, tmp_path, monkeypatch):
    options = {"data.batch_size": 4, "trainer.max_epochs": 2}
    trainer, losses, fit = fitted(pictures_folder(), tmp_path / "run", monkeypatch, **options)
    fit()
    assert len(losses) % 2 == 0 and len(losses) >= 6
    last = losses[len(losses) // 2 :]
    assert trainer.callback_metrics["train/loss"].item() == pytest.approx(sum(last) / len(last), rel=1e-5)
    assert {"train/loss", "val/psnr", "val/ssim"} <= set(trainer.progress_bar_metrics)


def test_an_epoch_that_ends_with_the_last_step_has_a_loss_too(pictures_folder, tmp_path, monkeypatch):
    options = {"data.batch_size": 4, "trainer.max_steps": 2}
    trainer, losses, fit = fitted(pictures_folder(), tmp_path / "run", monkeypatch, **options)
    fit()
    assert len(losses) == 2 < trainer.num_training_batches
    assert trainer.callback_metrics["train/loss"].item() == pytest.approx(sum(losses) / 2, rel=1e-5)


def test_a_long_epoch_is_stopped_within_50_steps_of_a_weight_that_is_no_number(pictures_folder, tmp_path, monkeypatch):
    class Break(Callback):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
            if batch_idx == 12:
                next(pl_module.parameters()).data.fill_(torch.nan)

    options = {"data.batch_size": 1, "data.crops_per_image": 8, "trainer.max_epochs": 1}
    trainer, losses, fit = fitted(pictures_folder(), tmp_path / "run", monkeypatch, **options)
    trainer.callbacks.append(Break())
    with pytest.raises(DenoiserError, match=r"the loss is NaN or infinite \(epoch 0, step 49\)") as caught:
        fit()
    assert caught.value.code == 4 and len(losses) == 50 < trainer.num_training_batches


def test_what_a_checkpoint_keeps_is_plain():
    def plain(value):
        if isinstance(value, dict):
            return all(isinstance(k, str) and plain(v) for k, v in value.items())
        if isinstance(value, list):
            return all(map(plain, value))
        return value is None or type(value) in (str, int, float, bool)

    assert plain(dict(module().hparams))


def test_a_checkpoint_records_the_pictures_of_training_once(pictures_folder, tmp_path, monkeypatch):
    pictures_folder(12, 32, 32, name="path")
    cfg = configured(tmp_path, "model=cifar_strided", "data.patch_size=16", "trainer.max_epochs=2")
    calls, thumbnails = [], base.thumbnails
    monkeypatch.setattr(base, "thumbnails", lambda *args: calls.append(1) or thumbnails(*args))
    trainer, _, _ = one_step(cfg, tmp_path / "run")
    seen = checkpoint.read(tmp_path / "run" / "checkpoints" / "last.ckpt")["seen"]
    data = trainer.datamodule
    assert (seen["data"], seen["split"]) == ("folder", "split_seed=0") and len(calls) == 3
    assert seen["pictures"] == len(seen["sizes"]) == len(data.split("train")) + len(data.split("val"))
    assert match_thumbnails(seen, data.thumbnails("val")) and not match_thumbnails(seen, data.thumbnails("test"))


def test_a_checkpoint_without_a_dataset_of_ours_records_none():
    checkpoint = {}
    module().on_save_checkpoint(checkpoint)
    assert checkpoint == {}
