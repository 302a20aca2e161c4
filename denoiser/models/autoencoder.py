"""What convolutional autoencoders share: an encoder, a latent code and a decoder."""

from torch import Tensor, nn


class Autoencoder(nn.Module):
    """A picture through an encoder to a latent code z, and through a decoder to a picture y.

    Args:
        channels: Channels of the image.
        encoder: From x (B, channels, H, W) to z.
        decoder: From z to y (B, channels, H, W).
        multiple: H and W are multiples of this number of pixels.
        smallest: The smallest H and W in pixels.
    """

    def __init__(
        self, channels: int, encoder: nn.Module, decoder: nn.Module, multiple: int = 1, smallest: int = 1
    ) -> None:
        """Keep the parts; the arguments are described in the class."""
        super().__init__()
        self.channels, self.multiple, self.smallest = channels, multiple, smallest
        self.encoder, self.decoder = encoder, decoder

    def encode(self, x: Tensor) -> Tensor:
        """Return the latent code z of ``x``, shaped as in `forward`."""
        z: Tensor = self.encoder(x)
        return z

    def forward(self, x: Tensor) -> Tensor:
        """Denoise ``x`` (B, channels, H, W), nominally in [0, 1]; the same shape."""
        y: Tensor = self.decoder(self.encode(x))
        return y
