"""How much an export's output may differ from its model's, and what its speed is given in."""

import itertools
import time

import pytest
import torch
from helpers.checkpoints import save, tiny

from denoiser.errors import DenoiserError
from denoiser.noise.levels import GREY_LEVELS
from denoiser.weights.export import parity
from denoiser.weights.export.bundle import SAFETENSORS, bundle
from denoiser.weights.load import Opened

NETWORK = {"_target_": "torch.nn.Conv2d", "in_channels": 1, "out_channels": 1, "kernel_size": 1}


def shifted(tmp_path, bias):
    """A model that adds a number; float16 has steps of 1/64 from 16 on, and of 1/256 from 4 on."""
    model = tiny(network=NETWORK).requires_grad_(False)
    model.network.weight.fill_(1)
    model.network.bias.fill_(bias)
    return Opened(model, save(tmp_path / "tiny.ckpt"), "tiny")


def test_weights_of_half_precision_may_change_the_output_by_less_than_a_grey_level(tmp_path):
    rows = bundle(shifted(tmp_path, 4.002), "a", [SAFETENSORS], half=True).description["parity"][SAFETENSORS]
    assert [parity.LIMIT < row["max"] < 1 / GREY_LEVELS for row in rows] == [True, True]
    with pytest.raises(DenoiserError, match=r"a.safetensors differs from torch by 0.005\d? of 1, above 0.0039\d* "):
        bundle(shifted(tmp_path, 16.01), "a", [SAFETENSORS], half=True)


def test_weights_of_full_precision_may_not(tmp_path, monkeypatch):
    opened = shifted(tmp_path, 0.5)
    assert bundle(opened, "a", [SAFETENSORS]).description["parity"][SAFETENSORS][0]["max"] == 0
    monkeypatch.setattr(parity, "compare", lambda *_, **__: [{"picture": "x", "max": 0.002}])
    with pytest.raises(DenoiserError, match=r"by 0.002 of 1, above 0.001 \(x\); not written"):
        bundle(opened, "a", [SAFETENSORS])


@pytest.mark.parametrize("channels", [1, 3])
def test_the_speed_is_that_of_pixels_and_not_of_channels(channels, monkeypatch):
    seconds = itertools.count(step=2)
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(seconds)))
    taken = parity._seconds(lambda x, sigma: x, lambda x, sigma: x, torch.zeros(1, channels, 50, 40))
    assert taken == {"torch": pytest.approx(1000), "onnxruntime": pytest.approx(1000)}
