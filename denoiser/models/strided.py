"""Strided convolutional autoencoder: the shape of cifar_strided, cifar_early and mnist_basic."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from denoiser.models.autoencoder import Autoencoder


class StridedAutoencoder(Autoencoder):
    """Denoising autoencoder that halves the resolution with strided convolutions and doubles it again.

    A convolutional autoencoder (Masci, Meier, Ciresan and Schmidhuber, 2011) trained to undo noise (Vincent,
    Larochelle, Lajoie, Bengio and Manzagol, 2010). All of the picture passes through the bottleneck z, without
    skips. Every layer is 3x3, stride 2, padding 1, with a bias; for three widths w::

        x ── conv w0 ── ReLU ── conv w1 ── ReLU ── conv w2 ── ReLU ── z      (B, w2, H / 8, W / 8)
        z ── convT w1 ── ReLU ── convT w0 ── ReLU ── convT c ── Sigmoid ── y

    Weights and biases start from PyTorch's default initialisation.

    Args:
        channels: Channels c of the image, 1 (grey) or 3 (colour).
        widths: Feature channels w of each halving, finest first.

    Raises:
        ValueError: If ``widths`` is empty.
    """

    def __init__(self, channels: int, widths: Sequence[int]) -> None:
        """Build the network; the arguments are described in the class."""
        if not widths:
            raise ValueError("widths () needs at least one number")
        down, up = nn.Sequential(), nn.Sequential()
        for fine, coarse in pairwise((channels, *widths)):
            down += nn.Sequential(nn.Conv2d(fine, coarse, 3, 2, 1), nn.ReLU(inplace=True))
        for coarse, fine in pairwise((*reversed(widths), channels)):
            up += nn.Sequential(nn.ConvTranspose2d(coarse, fine, 3, 2, 1, output_padding=1), nn.ReLU(inplace=True))
        up[-1] = nn.Sigmoid()
        super().__init__(channels, down, up, multiple=2 ** len(widths))
