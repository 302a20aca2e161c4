"""A loss that outliers do not dominate."""

from torch import Tensor, nn


class Cauchy(nn.Module):
    """The mean of log(1 + (error / scale)^2); white is 1."""

    def __init__(self, scale: float = 0.1) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, denoised: Tensor, clean: Tensor) -> Tensor:
        """One number of two batches `(B, C, H, W)`."""
        return ((denoised - clean) / self.scale).square().log1p().mean()
