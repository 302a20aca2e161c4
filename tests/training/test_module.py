import numpy as np
import pytest
import torch
from helpers.tiny import configured, one_step, store

from denoiser.config import compose
from denoiser.data import base
from denoiser.data.pairs import Batch
from denoiser.data.thumbnails import match_thumbnails
from denoiser.metrics.psnr_ssim import psnr
from denoiser.runs import checkpoint
from denoiser.training import assemble


def module(*overrides):
    return assemble.module(compose(["model=cifar_strided", "data=cifar10", "model.network.widths=[4,8,8]", *overrides]))


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


def test_what_a_checkpoint_keeps_is_plain():
    def plain(value):
        if isinstance(value, dict):
            return all(isinstance(k, str) and plain(v) for k, v in value.items())
        if isinstance(value, list):
            return all(map(plain, value))
        return value is None or type(value) in (str, int, float, bool)

    assert plain(dict(module().hparams))


def test_a_checkpoint_records_the_pictures_of_training_once(tmp_path, monkeypatch):
    cfg = configured(store(tmp_path / "data"), "model=cifar_strided", "data.patch_size=16", "trainer.max_epochs=2")
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
