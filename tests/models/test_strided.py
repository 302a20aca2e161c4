import pytest
import torch
from torch import nn

from denoiser.models.strided import StridedAutoencoder

CIFAR = {"channels": 3, "widths": (64, 128, 256)}
MNIST = {"channels": 1, "widths": (16, 32)}


def test_layers():
    model = StridedAutoencoder(**CIFAR)
    layers = [*model.encoder, *model.decoder]
    convs, others = layers[::2], layers[1::2]
    assert [(type(c), c.in_channels, c.out_channels) for c in convs] == [
        (nn.Conv2d, 3, 64),
        (nn.Conv2d, 64, 128),
        (nn.Conv2d, 128, 256),
        (nn.ConvTranspose2d, 256, 128),
        (nn.ConvTranspose2d, 128, 64),
        (nn.ConvTranspose2d, 64, 3),
    ]
    assert [type(layer) for layer in others] == [nn.ReLU] * 5 + [nn.Sigmoid]
    for conv in convs:
        assert (conv.kernel_size, conv.stride, conv.padding) == ((3, 3), (2, 2), (1, 1))
        assert conv.bias is not None
    assert [c.output_padding for c in convs[3:]] == [(1, 1)] * 3


@pytest.mark.parametrize(("arguments", "n"), [(CIFAR, 741_379), (MNIST, 9_569)])
def test_parameters(arguments, n):
    assert sum(p.numel() for p in StridedAutoencoder(**arguments).parameters()) == n


@pytest.mark.parametrize(("arguments", "size", "code"), [(CIFAR, (32, 40), (4, 5)), (MNIST, (28, 28), (7, 7))])
def test_sizes_of_the_latent_code(arguments, size, code):
    model = StridedAutoencoder(**arguments)
    x = torch.rand(2, arguments["channels"], *size)
    assert model.encode(x).shape == (2, arguments["widths"][-1], *code)
    assert [side // model.multiple for side in size] == list(code)
