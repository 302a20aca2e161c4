"""Learning from pairs of noisy and clean pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

from denoiser.data.batch import Batch
from denoiser.objectives import losses
from denoiser.objectives.base import Objective
from denoiser.objectives.losses import Loss


class Supervised(Objective):
    """Compare the denoised pictures with the clean ones.

    Args:
        loss: `mse`, `l1`, `charbonnier`, `huber`, `ssim` or `ms_ssim`; the dotted path of another; a weighted sum, such
            as `{"l1": 0.16, "ms_ssim": 0.84}` (Zhao et al. 2017, without their Gaussian weights of l1); or a function
            of two tensors `(B, C, H, W)` in float32, the denoised and the clean pictures, that returns a scalar, such
            as `torch.nn.HuberLoss()`. See `losses.loss`.

    Raises:
        DenoiserError: another loss.

    Example:
        >>> import torch
        >>> clean = torch.full((2, 1, 4, 4), 0.5)
        >>> batch = Batch(clean + 0.25, clean, level=torch.zeros(2), item=torch.arange(2))
        >>> loss, denoised = Supervised("l1")(lambda noisy: noisy - 0.125, batch)
        >>> loss.item(), denoised.shape
        (0.125, torch.Size([2, 1, 4, 4]))
    """

    def __init__(self, loss: str | Mapping[str, float] | Loss = "mse") -> None:
        super().__init__()
        self.loss = losses.loss(loss)

    def forward(self, denoise: Callable[[Tensor], Tensor], batch: Batch) -> tuple[Tensor, Tensor]:
        """Compute the loss of a batch, see `Objective`."""
        denoised = denoise(batch.noisy).float()
        return self.loss(denoised, batch.clean), denoised
