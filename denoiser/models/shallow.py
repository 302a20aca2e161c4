"""Shallow convolutional autoencoder at full resolution: the shape of cifar_shallow."""

from torch import nn

from denoiser.models.autoencoder import Autoencoder


class ShallowAutoencoder(Autoencoder):
    """Autoencoder of two convolutions and two transposed convolutions without padding or stride.

    A convolutional autoencoder (Masci, Meier, Ciresan and Schmidhuber, 2011), for denoising (Vincent, Larochelle,
    Lajoie, Bengio and Manzagol, 2010) or, without noise, for plain reconstruction. Every layer is 3x3, stride 1,
    with a bias; each convolution takes one pixel off every side, each transposed convolution adds one::

        x ── conv w ── ReLU ── conv w ── ReLU ── z      (B, w, H - 4, W - 4)
        z ── convT w ── ReLU ── convT c ── Sigmoid ── y

    Weights and biases start from PyTorch's default initialisation.

    Args:
        channels: Channels c of the image, 1 (grey) or 3 (colour).
        width: Feature channels w of every layer between.
    """

    def __init__(self, channels: int = 3, width: int = 8) -> None:
        """Build the network; the arguments are described in the class."""
        encoder = nn.Sequential(
            nn.Conv2d(channels, width, 3), nn.ReLU(inplace=True), nn.Conv2d(width, width, 3), nn.ReLU(inplace=True)
        )
        decoder = nn.Sequential(
            nn.ConvTranspose2d(width, width, 3),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(width, channels, 3),
            nn.Sigmoid(),
        )
        super().__init__(channels, encoder, decoder, smallest=5)  # of a smaller side the convolutions leave nothing
