"""Scores do not depend on the batches; methods get the level of Gaussian noise, else an estimate."""

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from denoiser.data.pairs import FrozenPairs, Pictures
from denoiser.errors import SOME_FAILED, DenoiserError
from denoiser.evaluation.batches import loader
from denoiser.evaluation.methods import Method
from denoiser.evaluation.scoring import Scorer
from denoiser.models.unet import UNet
from denoiser.noise.gaussian import Gaussian
from denoiser.noise.poisson import Poisson

SIZES = [(24, 32), (32, 24), (24, 32), (32, 32), (24, 32), (32, 24)]


def pictures(order=1, channels=3):
    generator = torch.Generator().manual_seed(0)
    images = [torch.randint(0, 256, (channels, *size), dtype=torch.uint8, generator=generator) for size in SIZES]
    return Pictures([f"p{i}" for i in range(6)][::order], images[::order])


def network(channels=3):
    torch.manual_seed(0)
    net = UNet(channels, (8, 16), (1, 1)).eval()
    return Method("unet", "checkpoint", lambda noisy, sigma: net(noisy), "UNet")


def scorer(order=1, batch_size=1, workers=0, noise=None, levels=(15, 25), draws=1, channels=3, metrics=None):
    noise = noise or Gaussian()
    pairs = FrozenPairs(pictures(order, channels), noise, 0, levels, draws)
    gaussian = noise.name == "gaussian"
    return Scorer(pairs, loader(pairs, batch_size, workers), torch.device("cpu"), gaussian, metrics or {})


def named(with_pairs, method):
    return {with_pairs.pairs.describe(item): figures for item, figures in with_pairs.score(method).items()}


@pytest.mark.parametrize(("order", "batch_size", "workers"), [(-1, 1, 0), (1, 8, 0), (1, 1, 2), (-1, 8, 2)])
def test_order_batch_size_and_workers_change_no_figure(order, batch_size, workers):
    usual, other = named(scorer(), network()), named(scorer(order, batch_size, workers), network())
    assert usual.keys() == other.keys() and len(usual) == 12
    for key, figures in usual.items():
        for name in ("psnr_noisy", "ssim_noisy"):  # of equal bits: sums of float64, in any order
            assert other[key][name] == pytest.approx(figures[name], abs=1e-9)
        # A batch may add up in another order: then a value or two of a picture are rounded to the next grey level.
        assert other[key]["psnr"] == pytest.approx(figures["psnr"], abs=5e-3)
        assert other[key]["ssim"] == pytest.approx(figures["ssim"], abs=1e-4)


def listening(received, takes_sigma=True):
    def denoise(noisy, sigma):
        received.extend(sigma.tolist())
        return noisy

    return Method("listening", "weights", denoise, "", takes_sigma=takes_sigma)


def test_a_method_gets_the_level_of_gaussian_noise_and_an_estimate_of_any_other():
    received, guessed, shared = [], [], scorer(noise=Poisson(peak=20), levels=(None,))
    scorer().score(listening(received))
    assert sorted(received) == [15] * 6 + [25] * 6
    figures = shared.score(listening(guessed))
    assert sorted(guessed) == pytest.approx(sorted(one["sigma_estimated"] for one in figures.values()))
    assert min(guessed) > 0
    blind = []
    shared.score(listening(blind, takes_sigma=False))
    assert all(map(math.isnan, blind))


def test_the_output_is_clamped_and_rounded_unless_it_is_to_stay_as_it_is():
    plain = Method("plain", "baseline", lambda noisy, sigma: noisy, "")
    exact = Method("exact", "baseline", lambda noisy, sigma: noisy, "", exact=True)
    shared = scorer(levels=(50,))
    for item, one in shared.score(exact).items():
        assert one["psnr"] == one["psnr_noisy"]
        assert shared.score(plain)[item]["psnr"] > one["psnr"] + 0.1


def test_identical_is_infinite_and_over_draws_infinite_only_if_all_are():
    shared = scorer(draws=2, levels=(15,))
    perfect = Method("perfect", "baseline", None, "")
    shared.denoise = lambda method, batch: batch.clean
    assert {one["psnr"] for one in shared.score(perfect).values()} == {math.inf}
    shared.denoise = lambda method, batch: batch.clean if batch.item[0] < 6 else batch.noisy
    assert all(15 < one["psnr"] < 40 for one in shared.score(perfect).values())


def test_colour_has_luma_and_grey_has_not_and_further_metrics_are_added():
    metrics = {"error": lambda image, clean: (image - clean).double().abs().mean((1, 2, 3))}
    colour = scorer(metrics=metrics).score(network())[0]
    grey = scorer(channels=1).score(network(1))[0]
    assert {"psnr_y", "psnr_y_noisy", "error"} < {*colour} and {"psnr_y", "psnr_y_noisy", "error"}.isdisjoint(grey)
    assert 0 < colour["error"] < 1 and colour["seconds_per_megapixel"] > 0


@pytest.mark.parametrize(("noise", "level", "where"), [(None, 15, "p0, sigma 15"), (Poisson(peak=20), None, "p0")])
def test_an_output_that_is_no_number_stops_the_method_alone(noise, level, where):
    broken = Method("broken", "weights", lambda noisy, sigma: noisy * torch.nan, "")
    with pytest.raises(DenoiserError, match=rf"output of broken is not finite \({where}\)") as raised:
        scorer(noise=noise, levels=(level,)).score(broken)
    assert raised.value.code == SOME_FAILED


def test_a_terminal_shows_the_method_while_it_is_scored_and_a_log_nothing(monkeypatch, capsys):
    method = replace(network(), name="[red]a")
    for terminal in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(terminal, raising=False)
    scorer(levels=(15,)).score(method)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    scorer(levels=(15,)).score(method)
    out, err = capsys.readouterr()
    erased = "\x1b[1A\x1b[2K"  # a line up, and clear it
    assert out == "" and "[red]a " in err and err.endswith(erased)


def test_the_clock_is_read_when_the_device_has_finished(monkeypatch):
    clock, shared = [10.0], scorer(levels=(15,))
    monkeypatch.setattr("denoiser.evaluation.scoring.time", SimpleNamespace(perf_counter=lambda: clock[0]))
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: clock.__setitem__(0, clock[0] + device.index))
    shared.device, shared.denoise = torch.device("cuda", 7), lambda method, batch: batch.noisy
    assert shared._timed(network(), next(iter(shared.loader)))[0] == 7


def test_a_method_for_pictures_returns_float32_on_the_cpu():
    shared = scorer(levels=(15,))
    half = Method("half", "weights", lambda noisy, sigma: noisy.half(), "")
    batch = next(iter(shared.loader))
    torch.testing.assert_close(shared.on_cpu(half)(batch), batch.noisy.half().float(), rtol=0, atol=0)


@pytest.mark.parametrize(("channels", "batch_size"), [(1, 1), (3, 1), (3, 2)])
def test_the_time_is_that_of_pixels_and_not_of_channels(channels, batch_size):
    shared = scorer(batch_size=batch_size, levels=(25,), channels=channels)
    shared._timed = lambda method, batch: (3.0 * len(batch.item), batch.noisy)
    figures = shared.score(network(channels))
    assert figures[0]["seconds_per_megapixel"] == pytest.approx(3 / (24 * 32 / 1e6), rel=1e-9)
    assert figures[3]["seconds_per_megapixel"] == pytest.approx(3 / (32 * 32 / 1e6), rel=1e-9)
