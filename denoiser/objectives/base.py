"""The base class of objectives."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from denoiser.data.batch import Batch


class Objective(nn.Module):
    """What a network is trained to do: it calls the network and returns a loss.

    A plain loss, a function of the denoised and the clean pictures, needs no class of its own: see `Supervised`.
    Parameters of its own are trained with those of the network, see `Denoiser`.
    """

    def forward(self, denoise: Callable[[Tensor], Tensor], batch: Batch) -> tuple[Tensor, Tensor]:
        """Compute the loss of a batch.

        Args:
            denoise: the network's call, from noisy to denoised pictures, both `(B, C, H, W)`, nominally in [0, 1].
            batch: noisy and clean pictures.

        Returns:
            The loss, a scalar, and the denoised batch `(B, C, H, W)`, both in float32.
        """
        raise NotImplementedError
