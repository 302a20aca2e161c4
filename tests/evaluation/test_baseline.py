"""Classical denoisers: what they remove, what they keep, and how another one is added."""

import importlib
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from denoiser.data.photos import VALIDATION, photographs
from denoiser.errors import DenoiserError
from denoiser.evaluation.baseline import BASELINES, baseline
from denoiser.evaluation.baselines import bm3d
from denoiser.metrics.psnr_ssim import psnr

DENOISING = [name for name in BASELINES if name != "noisy"]
QUICK = [name for name in DENOISING if name != "bm3d"]


def noise(shape, sigma, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * sigma / 255


def gain(name, clean, sigma):
    noisy = clean + noise(clean.shape, sigma)
    return (psnr(baseline(name)(noisy, sigma)[None], clean[None]) - psnr(noisy[None], clean[None])).item()


@pytest.fixture(scope="module")
def photograph():
    return photographs(VALIDATION[:1], 3).images[0][:, 100:196, 200:328].float() / 255


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", DENOISING)
def test_noise_goes_at_every_level(name, channels, photograph):
    levels = (25,) if name == "bm3d" else (5, 25, 75)
    gains = [gain(name, photograph[:channels], sigma) for sigma in levels]
    assert gains == sorted(gains)
    assert gains[0] > {5: 0.3, 25: 4}[levels[0]]
    assert gains[-1] > {25: 4, 75: 9}[levels[-1]]


@pytest.mark.parametrize("size", [(1, 28, 28), (3, 32, 32), (1, 6, 13), (3, 24, 17)])
@pytest.mark.parametrize("name", DENOISING)
def test_nothing_is_clipped_or_rescaled_in_pictures_of_any_size(name, size):
    for bright in (1.3, -0.4):
        clean = torch.full(size, bright)
        noisy = clean + noise(size, 25)
        output = baseline(name)(noisy, 25)
        assert output.dtype == torch.float32
        assert output.shape == clean.shape
        assert output.is_contiguous()
        assert (output - clean).abs().mean() < (noisy - clean).abs().mean()
        assert abs(output.mean() - noisy.mean()) < 0.02


@pytest.mark.parametrize("name", BASELINES)
def test_the_same_on_every_call_and_the_input_stays(name, photograph):
    noisy = photograph[:, :24, :32] + noise((3, 24, 32), 25)
    kept = noisy.clone()
    denoise = baseline(name)
    assert torch.equal(denoise(noisy, 25), denoise(noisy.to(torch.float64), 25.0))
    assert torch.equal(noisy, kept)
    # At sigma 0 there is nothing to do, and settings that are shares of sigma would divide by it.
    assert torch.equal(denoise(noisy, 0.0), noisy)


@pytest.mark.parametrize("name", QUICK)
def test_more_sigma_more_smoothing(name, photograph):
    outputs = [baseline(name)(photograph, sigma) for sigma in (5, 15, 25, 50)]
    roughness = [output.diff(dim=-1).abs().mean().item() for output in outputs]
    assert roughness == sorted(roughness, reverse=True)


def test_noisy_is_the_input():
    noisy = noise((3, 8, 8), 200)
    assert torch.equal(baseline("noisy")(noisy, 25), noisy)


@pytest.mark.parametrize(("name", "nearest"), [("bm3D", "bm3d"), ("nlmeans", "nlm"), ("xyz", "nlm")])
def test_an_unknown_name_gets_the_nearest(name, nearest):
    with pytest.raises(
        DenoiserError, match=rf"no baseline '{name}'.*\nfix: baseline={nearest}, of bm3d, nlm"
    ) as raised:
        baseline(name)
    assert raised.value.code == 2


def test_bm3d_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "bm3d", None)
    bm3d._package.cache_clear()
    with pytest.raises(DenoiserError, match=r"\nfix: pip install bm3d; it is licensed") as raised:
        baseline("bm3d")
    assert raised.value.code == 3
    baseline("nlm")


def test_the_licence_of_bm3d_is_shown_once(capsys):
    pytest.importorskip("bm3d")
    bm3d._package.cache_clear()
    baseline("nlm")
    assert capsys.readouterr().err == ""
    baseline("bm3d")
    baseline("bm3d")
    assert capsys.readouterr().err == f"{bm3d.LICENCE}\n"


def test_bm3d_is_its_package_s_with_defaults():
    package = importlib.import_module("bm3d")
    noisy = 0.5 + noise((1, 40, 48), 25)
    expected = package.bm3d(noisy[0].numpy(), 25 / 255)
    # Defaults take as many threads as there are cores, and the sums differ with their number.
    np.testing.assert_allclose(baseline("bm3d")(noisy, 25)[0], expected, rtol=0, atol=1e-3)


def test_pictures_of_the_published_tables(real_data):
    gains = {"nlm": [], "wavelet": [], "tv": []}
    for picture in ("01", "02"):
        clean = torch.from_numpy(np.array(Image.open(real_data / "Set12" / f"{picture}.png"))[None] / 255).float()
        for name, values in gains.items():
            values.append(gain(name, clean, 25))
    assert min(map(min, gains.values())) > 6
    assert np.mean(gains["nlm"]) > np.mean(gains["wavelet"])
