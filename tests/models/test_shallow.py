import pytest
import torch
from torch import nn

from denoiser.models.shallow import ShallowAutoencoder


def test_layers():
    model = ShallowAutoencoder()
    layers = [*model.encoder, *model.decoder]
    convs, others = layers[::2], layers[1::2]
    assert [(type(c), c.in_channels, c.out_channels) for c in convs] == [
        (nn.Conv2d, 3, 8),
        (nn.Conv2d, 8, 8),
        (nn.ConvTranspose2d, 8, 8),
        (nn.ConvTranspose2d, 8, 3),
    ]
    assert [type(layer) for layer in others] == [nn.ReLU] * 3 + [nn.Sigmoid]
    for conv in convs:
        assert (conv.kernel_size, conv.stride, conv.padding) == ((3, 3), (1, 1), (0, 0))
        assert conv.bias is not None


def test_parameters():
    assert sum(p.numel() for p in ShallowAutoencoder().parameters()) == 1_611


@pytest.mark.parametrize("size", [(32, 32), (17, 23)])
def test_sizes_of_the_latent_code(size):
    model = ShallowAutoencoder()
    x = torch.rand(2, 3, *size)
    assert model.multiple == 1
    assert model.encode(x).shape == (2, 8, size[0] - 4, size[1] - 4)


def test_smallest_size():
    model = ShallowAutoencoder()
    smallest = torch.rand(1, 3, model.smallest, model.smallest)
    assert model(smallest).shape == smallest.shape
    with pytest.raises(RuntimeError):
        model(smallest[..., 1:])
