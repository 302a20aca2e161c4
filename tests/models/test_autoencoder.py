"""What holds for every autoencoder."""

import pytest
import torch

from denoiser.models.pooled import PooledAutoencoder
from denoiser.models.shallow import ShallowAutoencoder
from denoiser.models.strided import StridedAutoencoder

BUILDS = {
    "pooled": lambda channels: PooledAutoencoder(channels, (8, 12)),
    "shallow": lambda channels: ShallowAutoencoder(channels, 8),
    "strided": lambda channels: StridedAutoencoder(channels, (16, 32)),
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", BUILDS)
def test_shape_range_and_gradients(name, channels):
    model = BUILDS[name](channels)
    x = torch.rand(2, channels, 32, 48)
    y = model(x)
    assert y.shape == x.shape
    assert 0 <= y.min() and y.max() <= 1
    (y - x).square().mean().backward()
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())


@pytest.mark.parametrize("name", BUILDS)
def test_the_input_is_left_as_it_was(name):
    x = torch.randn(1, 1, 8, 8)
    before = x.clone()
    BUILDS[name](1)(x)
    assert x.equal(before)


@pytest.mark.parametrize("network", [PooledAutoencoder, StridedAutoencoder])
def test_no_widths_are_refused(network):
    with pytest.raises(ValueError, match="widths"):
        network(3, ())
