"""Learning from pairs of noisy and clean pictures."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from denoiser.data.pairs import Batch
from denoiser.errors import DenoiserError, nearest
from denoiser.objectives.base import Objective


def charbonnier(denoised: Tensor, clean: Tensor, epsilon: float = 1e-3) -> Tensor:
    """Mean of sqrt(d^2 + epsilon^2), a smooth L1 (Charbonnier et al. 1994; epsilon of Lai et al. 2017)."""
    return torch.sqrt((denoised - clean).square() + epsilon**2).mean()


Loss = Callable[[Tensor, Tensor], Tensor]
"""A function of the denoised and the clean pictures."""
LOSSES: dict[str, Loss] = {
    "mse": functional.mse_loss,
    "l1": functional.l1_loss,
    "charbonnier": charbonnier,
}


class Supervised(Objective):
    """Compare the denoised pictures with the clean ones.

    Args:
        loss: `mse`, `l1` or `charbonnier`; or a function of two tensors `(B, C, H, W)` in float32, the denoised and the
            clean pictures, that returns a scalar, such as `torch.nn.HuberLoss()`.

    Raises:
        DenoiserError: another loss.

    Example:
        >>> clean = torch.full((2, 1, 4, 4), 0.5)
        >>> batch = Batch(clean + 0.25, clean, level=torch.zeros(2), item=torch.arange(2))
        >>> loss, denoised = Supervised("l1")(lambda noisy: noisy - 0.125, batch)
        >>> loss.item(), denoised.shape
        (0.125, torch.Size([2, 1, 4, 4]))
    """

    def __init__(self, loss: str | Loss = "mse") -> None:
        super().__init__()
        if not callable(loss) and loss not in LOSSES:
            near = nearest(str(loss), LOSSES) or "mse"
            raise DenoiserError(f"no loss '{loss}' (objective.loss)", f"objective.loss={near}, of {', '.join(LOSSES)}")
        self.loss = loss if callable(loss) else LOSSES[loss]

    def forward(self, denoise: Callable[[Tensor], Tensor], batch: Batch) -> tuple[Tensor, Tensor]:
        """Compute the loss of a batch, see `Objective`."""
        denoised = denoise(batch.noisy).float()
        return self.loss(denoised, batch.clean), denoised
