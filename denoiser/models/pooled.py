"""Convolutional autoencoder with batch normalisation and pooling: the shape of bsds_deep."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from denoiser.models.autoencoder import Autoencoder


class PooledAutoencoder(Autoencoder):
    """Denoising autoencoder that halves the resolution with max-pooling and doubles it with transposed convolutions.

    A convolutional autoencoder with max-pooling (Masci, Meier, Ciresan and Schmidhuber, 2011) trained to undo noise
    (Vincent, Larochelle, Lajoie, Bengio and Manzagol, 2010), with batch normalisation (Ioffe and Szegedy, 2015) and
    leaky rectifiers (Maas, Hannun and Ng, 2013) of slope 0.01. All of the picture passes through the bottleneck z,
    without skips. For two widths w, where ``BL`` is BatchNorm ── LeakyReLU::

        x ── conv w0 ── BL ── pool ── conv w1 ── BL ── pool ── z      (B, w1, H / 4, W / 4)
        z ── convT w0 ── BL ── convT c ── Sigmoid ── y

    conv is 3x3, padding 1; convT is 3x3, stride 2, padding 1; both have biases; pool is 2x2. Weights and biases
    start from PyTorch's default initialisation.

    Args:
        channels: Channels c of the image, 1 (grey) or 3 (colour).
        widths: Feature channels w of each halving, finest first.

    Raises:
        ValueError: If ``widths`` is empty.
    """

    def __init__(self, channels: int = 3, widths: Sequence[int] = (64, 128, 256, 512)) -> None:
        """Build the network; the arguments are described in the class."""
        if not widths:
            raise ValueError("widths () needs at least one number")
        down, up = nn.Sequential(), nn.Sequential()
        for fine, coarse in pairwise((channels, *widths)):
            down += nn.Sequential(nn.Conv2d(fine, coarse, 3, padding=1), *_norm_act(coarse), nn.MaxPool2d(2))
        for coarse, fine in pairwise(reversed(widths)):
            up += nn.Sequential(_double(coarse, fine), *_norm_act(fine))
        up += nn.Sequential(_double(widths[0], channels), nn.Sigmoid())
        super().__init__(channels, down, up, multiple=2 ** len(widths))


def _norm_act(width: int) -> tuple[nn.Module, nn.Module]:
    return nn.BatchNorm2d(width), nn.LeakyReLU(inplace=True)


def _double(coarse: int, fine: int) -> nn.Module:
    return nn.ConvTranspose2d(coarse, fine, 3, stride=2, padding=1, output_padding=1)
