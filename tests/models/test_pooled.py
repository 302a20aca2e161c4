from itertools import pairwise

import pytest
import torch
from torch import nn

from denoiser.models.pooled import PooledAutoencoder

WIDTHS = (64, 128, 256, 512)


def test_encoder_layers():
    layers = list(PooledAutoencoder().encoder)
    assert [type(layer) for layer in layers] == [nn.Conv2d, nn.BatchNorm2d, nn.LeakyReLU, nn.MaxPool2d] * 4
    assert [(c.in_channels, c.out_channels) for c in layers[::4]] == list(pairwise((3, *WIDTHS)))
    assert [norm.num_features for norm in layers[1::4]] == list(WIDTHS)
    assert [pool.kernel_size for pool in layers[3::4]] == [2] * 4
    for conv in layers[::4]:
        assert (conv.kernel_size, conv.stride, conv.padding) == ((3, 3), (1, 1), (1, 1))
        assert conv.bias is not None


def test_decoder_layers():
    layers = list(PooledAutoencoder().decoder)
    blocks = [nn.ConvTranspose2d, nn.BatchNorm2d, nn.LeakyReLU] * 3
    assert [type(layer) for layer in layers] == [*blocks, nn.ConvTranspose2d, nn.Sigmoid]
    assert [(c.in_channels, c.out_channels) for c in layers[::3]] == [(512, 256), (256, 128), (128, 64), (64, 3)]
    assert [norm.num_features for norm in layers[1:-1:3]] == [256, 128, 64]
    for conv in layers[::3]:
        assert (conv.kernel_size, conv.stride, conv.padding) == ((3, 3), (2, 2), (1, 1))
        assert conv.output_padding == (1, 1)
        assert conv.bias is not None


def test_parameters():
    assert sum(p.numel() for p in PooledAutoencoder().parameters()) == 3_104_259


@pytest.mark.parametrize(("channels", "widths"), [(3, WIDTHS), (1, (8, 12))])
def test_sizes_of_the_latent_code(channels, widths):
    model = PooledAutoencoder(channels, widths)
    x = torch.rand(2, channels, 32, 48)
    assert model.multiple == 2 ** len(widths)
    assert model.encode(x).shape == (2, widths[-1], 32 // model.multiple, 48 // model.multiple)
