import pytest
import torch
from torch import nn

from denoiser.machine import memory
from denoiser.models.unet import UNet


@pytest.fixture
def small():
    torch.manual_seed(0)
    net = UNet(channels=1, widths=(8, 16), blocks=(1, 2))
    for parameter in net.parameters():  # away from the nearly silent start, so that every path counts
        nn.init.normal_(parameter, 0.0, 0.2)
    return net.double()


@pytest.mark.parametrize("channels", [1, 3])
def test_default_has_the_documented_size(channels):
    net = UNet(channels=channels)
    assert net.channels == channels
    assert net.multiple == 8
    assert sum(p.numel() for p in net.parameters()) == {1: 3_671_424, 3: 3_678_336}[channels]


@pytest.mark.parametrize(
    ("widths", "blocks", "size"), [((8,), (1,), (2, 6)), ((8, 8), (1, 2), (4, 12)), ((8, 8, 8), (1, 1, 1), (24, 8))]
)
def test_any_odd_number_of_multiples_keeps_its_shape(widths, blocks, size):
    net = UNet(channels=3, widths=widths, blocks=blocks)
    assert not any(n % net.multiple for n in size)
    assert net(torch.rand(2, 3, *size)).shape == (2, 3, *size)


def test_has_no_additive_constant(small):
    assert not any(name.endswith("bias") for name, _ in small.named_parameters())
    assert small(torch.zeros(1, 1, 16, 16, dtype=torch.float64)).abs().max() == 0


def test_biases_on_request_are_learned_and_take_the_homogeneity_away():
    torch.manual_seed(0)
    net = UNet(channels=1, widths=(8, 16), blocks=(1, 2), bias=True).double()
    biases = [parameter for name, parameter in net.named_parameters() if name.endswith("bias")]
    layers = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    assert len(biases) == len(layers)
    for parameter in net.parameters():
        nn.init.normal_(parameter, 0.0, 0.2)
    x = torch.randn(1, 1, 16, 16, dtype=torch.float64)
    assert (net(3 * x) - 3 * net(x)).abs().max() > 0.1
    net(x).square().mean().backward()
    assert all(bias.grad.abs().max() > 0 for bias in biases)


@pytest.mark.parametrize("scale", [0.1, 3.0])
def test_is_homogeneous(small, scale):
    x = torch.randn(2, 1, 16, 24, dtype=torch.float64)
    y = small(x)
    assert (y - x).abs().max() > 0.1
    torch.testing.assert_close(small(scale * x), scale * y)


def test_starts_close_to_the_identity():
    torch.manual_seed(0)
    x = torch.rand(1, 3, 32, 32)
    assert (UNet()(x) - x).abs().max() < 0.1


def test_every_parameter_gets_a_gradient():
    torch.manual_seed(0)
    net = UNet(channels=1, widths=(8, 16, 16), blocks=(1, 1, 1))
    net(torch.rand(1, 1, 32, 32)).square().mean().backward()
    assert [name for name, p in net.named_parameters() if p.grad is None or p.grad.abs().max() == 0] == []


@pytest.mark.parametrize(("widths", "blocks"), [((), ()), ((8, 16), (1,))])
def test_refuses_levels_that_do_not_agree(widths, blocks):
    with pytest.raises(ValueError, match="one number per level"):
        UNet(widths=widths, blocks=blocks)


@pytest.mark.parametrize("level", [0, 1])
def test_changes_of_resolution_keep_the_deviation_at_the_start(level):
    torch.manual_seed(0)
    net = UNet(channels=1, widths=(64, 96, 128), blocks=(1, 1, 1))
    z = torch.randn(1, (64, 96, 128)[level + 1], 24, 24)
    assert net.up[level](z).std().item() == pytest.approx(1, abs=0.1)
    assert net.down[level](net.up[level](z)).std().item() == pytest.approx(1, abs=0.15)


def test_memory_holds_three_features_of_the_finest_level():
    """A residual block's input, what is between its convolutions, and its output: 96 bytes a pixel for 32 channels."""
    net = UNet(channels=1, widths=(32, 32, 32), blocks=(3, 1, 1))
    with torch.inference_mode():
        _, most = memory.peak(lambda: net(torch.rand(1, 1, 64, 64)))
    assert most <= 64 * 64 * (96 + 4)  # with the input, of which there is one
