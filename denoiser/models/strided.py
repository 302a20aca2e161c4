"""Strided convolutional autoencoder: the shape of cifar_strided, cifar_early and mnist_basic."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn


class StridedAutoencoder(nn.Module):
    """Denoising autoencoder that halves the resolution with strided convolutions and doubles it again.

    A convolutional autoencoder (Masci, Meier, Ciresan and Schmidhuber, 2011) trained to undo noise (Vincent,
    Larochelle, Lajoie, Bengio and Manzagol, 2010). All of the picture passes through the bottleneck z, without
    skips. Every layer is 3x3, stride 2, padding 1, with a bias; for three widths w::

        x ── conv w0 ── ReLU ── conv w1 ── ReLU ── conv w2 ── ReLU ── z
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
        super().__init__()
        if not widths:
            raise ValueError("widths () needs at least one number")
        self.channels = channels
        self.multiple = 2 ** len(widths)
        down, up = nn.Sequential(), nn.Sequential()
        for fine, coarse in pairwise((channels, *widths)):
            down += nn.Sequential(nn.Conv2d(fine, coarse, 3, 2, 1), nn.ReLU(inplace=True))
        for coarse, fine in pairwise((*reversed(widths), channels)):
            up += nn.Sequential(nn.ConvTranspose2d(coarse, fine, 3, 2, 1, output_padding=1), nn.ReLU(inplace=True))
        up[-1] = nn.Sigmoid()
        self.encoder, self.decoder = down, up

    def encode(self, x: Tensor) -> Tensor:
        """Return the bottleneck z (B, widths[-1], H / multiple, W / multiple) of ``x``, shaped as in `forward`."""
        z: Tensor = self.encoder(x)
        return z

    def forward(self, x: Tensor) -> Tensor:
        """Denoise ``x`` (B, channels, H, W), nominally in [0, 1]; H and W are multiples of ``multiple``."""
        y: Tensor = self.decoder(self.encode(x))
        return y
