"""What a network learns from: an objective turns a batch into a loss and a denoised batch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from denoiser.data.pairs import Batch
from denoiser.errors import DenoiserError, nearest


def charbonnier(denoised: Tensor, clean: Tensor, epsilon: float = 1e-3) -> Tensor:
    """Mean of sqrt(d^2 + epsilon^2), a smooth L1 (Charbonnier et al. 1994; epsilon of Lai et al. 2017)."""
    return torch.sqrt((denoised - clean).square() + epsilon**2).mean()


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": functional.mse_loss,
    "l1": functional.l1_loss,
    "charbonnier": charbonnier,
}


class Supervised(nn.Module):
    """Compare the denoised with the clean image.

    Args:
        loss: `mse`, `l1` or `charbonnier`.

    Raises:
        DenoiserError: there is no such loss.
    """

    def __init__(self, loss: str = "mse") -> None:
        super().__init__()
        if loss not in LOSSES:
            near = nearest(str(loss), LOSSES) or "mse"
            raise DenoiserError(f"no loss '{loss}' (objective.loss)", f"objective.loss={near}, of {', '.join(LOSSES)}")
        self.loss = LOSSES[loss]

    def forward(self, denoise: Callable[[Tensor], Tensor], batch: Batch) -> tuple[Tensor, Tensor]:
        """The loss, a scalar, and the denoised batch `(B, C, H, W)` in float32.

        Args:
            denoise: from noisy to denoised images, both `(B, C, H, W)`.
            batch: noisy and clean images.
        """
        denoised = denoise(batch.noisy).float()
        return self.loss(denoised, batch.clean), denoised
