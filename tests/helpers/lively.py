"""Small models whose every path counts, as after training, and pictures of any type for them."""

import functools

import numpy as np
import torch
from spandrel import ModelLoader
from spandrel.architectures.DRUNet import DRUNet
from torch import nn

from denoiser.config import compose
from denoiser.inference import tiling
from denoiser.training import assemble
from denoiser.weights.published import Published

CPU = torch.device("cpu")


def lively(name, *overrides):
    """A model whose every path counts, as after training; the U-Net's start is nearly silent."""
    torch.manual_seed(0)
    model = assemble.module(compose([f"model={name}", *overrides])).eval()
    for key, layer in model.network.named_modules():
        if isinstance(layer, nn.Conv2d) and key.rpartition(".")[2] in ("conv2", "tail"):
            layer.weight.data.mul_(15)
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 2)
    return model


@functools.cache
def unet(channels=3):
    torch.manual_seed(0)
    model = assemble.module(
        compose(["model=unet", f"data.channels={channels}", "model.network.widths=[8,8]", "model.network.blocks=[1,1]"])
    ).eval()
    model.network.tail.weight.data.mul_(15)
    return model


@functools.cache
def drunet(channels=1):
    torch.manual_seed(0)
    network = DRUNet(in_nc=channels + 1, out_nc=channels, nc=[4, 4, 8, 8], nb=2)
    return Published(ModelLoader().load_from_state_dict(network.state_dict()), "drunet", "0" * 64)


def values(dtype, *shape):
    drawn = np.random.default_rng(0).random(shape)
    top = {"uint8": 255, "uint16": 65535}.get(np.dtype(dtype).newbyteorder("=").name)
    return (drawn * top).astype(dtype) if top else (drawn * 1.4 - 0.2).astype(dtype)


def picture(channels, height, width):
    drawn = torch.Generator().manual_seed(1)
    coarse = torch.rand(1, channels, 6, 7, generator=drawn)
    smooth = nn.functional.interpolate(coarse, (height, width), mode="bicubic")[0]
    return smooth + 0.2 * torch.randn(smooth.shape, generator=drawn)


def tiled(function, image, cut, white=1.0):
    """The rows in their places, each taken once."""
    out, order = torch.full(image.shape, torch.nan), []

    def take(top, rows):
        assert out[:, top : top + rows.shape[1]].isnan().all()
        out[:, top : top + rows.shape[1]] = rows
        order.append(top)

    used = tiling.denoise(function, image, white, cut, CPU, take)
    assert order == sorted(order)
    return out, used
