"""Learning from pairs of noisy and clean pictures."""

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
    """Compare the denoised pictures with the clean ones.

    Args:
        loss: `mse`, `l1` or `charbonnier`.

    Raises:
        DenoiserError: another loss.

    Example:
        >>> clean = torch.full((2, 1, 4, 4), 0.5)
        >>> batch = Batch(clean + 0.25, clean, level=torch.zeros(2), item=torch.arange(2))
        >>> loss, denoised = Supervised("l1")(lambda noisy: noisy - 0.125, batch)
        >>> loss.item(), denoised.shape
        (0.125, torch.Size([2, 1, 4, 4]))
    """

    def __init__(self, loss: str = "mse") -> None:
        super().__init__()
        if loss not in LOSSES:
            near = nearest(str(loss), LOSSES) or "mse"
            raise DenoiserError(f"no loss '{loss}' (objective.loss)", f"objective.loss={near}, of {', '.join(LOSSES)}")
        self.loss = LOSSES[loss]

    def forward(self, denoise: Callable[[Tensor], Tensor], batch: Batch) -> tuple[Tensor, Tensor]:
        """Compute the loss of a batch.

        Args:
            denoise: the network's call, from noisy to denoised pictures, both `(B, C, H, W)`, nominally in [0, 1].
            batch: noisy and clean pictures.

        Returns:
            The loss, a scalar, and the denoised batch `(B, C, H, W)`, both in float32.
        """
        denoised = denoise(batch.noisy).float()
        return self.loss(denoised, batch.clean), denoised
