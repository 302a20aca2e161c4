"""Flat tiles in float32: which ones, and what that is worth."""

import numpy as np
import pytest
import torch

import denoiser
from denoiser.data.images.formats.photo import Details, Photo
from denoiser.inference import flat
from denoiser.inference.function import TileFunction
from denoiser.machine import hardware
from denoiser.photos.options import Options
from denoiser.photos.restore import Restorer
from denoiser.photos.routes import Way
from denoiser.weights import shipped

SIDE = 96


def sky(height=SIDE, width=SIDE):
    """A smooth gradient `(H, W, 3)`, 1.0 is white."""
    rows = np.linspace(0, 1, height)[:, None, None]
    return np.broadcast_to(np.array([0.45, 0.6, 0.8]) + 0.1 * rows, (height, width, 3))


def tile(pixels):
    return torch.from_numpy(np.array(pixels, np.float32)).movedim(2, 0)[None]


def forest():
    return np.random.default_rng(0).uniform(0.3, 0.9, (SIDE, SIDE, 3))


def half(share):
    """A sky above a forest."""
    pixels = forest()
    pixels[: round(SIDE * share)] = sky(round(SIDE * share))
    return pixels


@pytest.mark.parametrize(
    ("pixels", "is_flat"),
    [
        (sky(), True),
        (sky()[..., :1], True),
        (np.full((1, 1, 3), 0.5), True),
        (half(0.4), True),
        (half(0.15), False),
        (forest(), False),
        (sky() / 4, False),
        (np.tile(np.linspace(0.3, 0.9, SIDE)[:, None, None], (1, SIDE, 1)), False),  # 1.6 levels a pixel
    ],
)
def test_tiles_that_are_flat_and_bright_are_computed_exactly(pixels, is_flat):
    calls = []
    function = TileFunction(
        lambda x: calls.append("bf16") or x.bfloat16().float(), exact=lambda x: calls.append("32") or x
    )
    noisy = tile(pixels)
    denoised = flat.in_float32(function)(noisy)
    assert calls == ["bf16", "32"][: 1 + is_flat]
    assert torch.equal(denoised, noisy if is_flat else noisy.bfloat16().float())


def test_without_an_exact_function_there_is_nothing_to_choose():
    function = TileFunction(lambda x: x)
    assert flat.in_float32(function) is function


def psnr(pixels, clean):
    return 10 * np.log10(255**2 / np.square(pixels - clean * 255).mean())


@pytest.mark.skipif("photo" not in shipped.NAMES, reason="photo does not ship")
def test_a_sky_loses_nothing_by_the_automatic_precision(monkeypatch):
    monkeypatch.setattr(hardware, "has_bfloat16", lambda device: True)
    noise = np.random.default_rng(0).normal(0, 10, (SIDE, SIDE, 3))
    photo = Photo((sky() * 255 + noise).round().clip(0, 255).astype(np.uint8), 255, Details("PNG"))
    model, cpu = denoiser.load("photo"), torch.device("cpu")
    after = {
        precision: Restorer(model, cpu, Options(precision=precision, tile=512))(photo, Way.WHOLE).pixels
        for precision in ("auto", "32", "bf16")
    }
    assert np.array_equal(after["auto"], after["32"])
    assert psnr(after["auto"], sky()) > psnr(after["bf16"], sky()) + 0.2


def test_tiles_are_fitted_to_the_memory_of_float32(monkeypatch):
    monkeypatch.setattr(hardware, "has_bfloat16", lambda device: True)
    given = []
    monkeypatch.setattr("denoiser.inference.tiling.fit", lambda function, *rest: given.append(function) or 1 / 0)
    photo = Photo(np.zeros((8, 8), np.uint8), 255, Details("PNG"))
    model = denoiser.load(sorted({"grey", *shipped.NAMES} & set(shipped.NAMES))[0])
    for precision, exact in (("auto", True), ("bf16", False)):
        with pytest.raises(ZeroDivisionError):
            Restorer(model, torch.device("cpu"), Options(precision=precision, tile=512))(photo, Way.WHOLE)
        assert (given[-1].call is given[-1].exact) == exact
