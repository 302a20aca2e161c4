"""A small network."""

from torch import Tensor, nn


class Small(nn.Module):
    """Subtract from `(B, C, H, W)` the noise that two convolutions predict."""

    def __init__(self, channels: int = 3, width: int = 16) -> None:
        super().__init__()
        first, last = nn.Conv2d(channels, width, 3, padding=1), nn.Conv2d(width, channels, 3, padding=1)
        self.layers = nn.Sequential(first, nn.ReLU(), last)

    def forward(self, noisy: Tensor) -> Tensor:
        """Denoise."""
        return noisy - self.layers(noisy)
