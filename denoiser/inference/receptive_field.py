"""How far around a pixel a network looks, measured as the tiles of a picture feel it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from denoiser.noise.levels import GREY_LEVELS

SIDE = 256
"""Of the probe, in pixels."""
LIMIT = SIDE // 2
"""The largest radius that is measured: networks with operations over all of the picture have none."""
SIGMA = 50
"""Of the probe's noise in grey levels of 255: the stronger the noise, the further a denoiser looks."""


def probe(channels: int, device: torch.device) -> Tensor:
    """What the radius is measured on, `(1, channels, SIDE, SIDE)`, always the same: flat patches, edges, and noise."""
    drawn = torch.Generator().manual_seed(0)
    patches = torch.rand(1, channels, 9, 9, generator=drawn).repeat_interleave(29, 2).repeat_interleave(29, 3)
    clean = patches[..., :SIDE, :SIDE]
    return (clean + torch.randn(clean.shape, generator=drawn) * SIGMA / GREY_LEVELS).to(device)


def radius(function: Callable[[Tensor], Tensor], image: Tensor, whole: Tensor, multiple: int, threshold: float) -> int:
    """The effective radius: the distance to an artificial border from which on it changes nothing that matters.

    The output of a corner of the probe, cut out, is compared with the same corner of the whole output. At a cut a
    network misses the pixels beyond and pads in their place; both fade with the distance, long before the theoretical
    field ends (Luo, Li, Urtasun and Zemel, 2016): of the default U-Net's 120 pixels, 56 to 80 change by 1e-6 or more.

    Args:
        function: float32 `(B, C, h, w)` of any size to the same shape.
        image: of `probe`.
        whole: `function(image)`.
        multiple: that sides are padded to, in pixels.
        threshold: the change that does not matter, 1.0 = white, root of the mean square at a distance.

    Returns:
        The radius in pixels; `LIMIT` where even there more changes, as with attention over all of the picture.
    """
    cut = max(LIMIT // multiple * multiple, 1)
    change = (function(image[..., cut:, cut:]) - whole[..., cut:, cut:])[0].double().square().mean(dim=0)
    rows, columns = (torch.arange(side, device=change.device) for side in change.shape)
    distance = torch.minimum(rows[:, None], columns).flatten()
    count = torch.bincount(distance)
    energy = torch.zeros(len(count), dtype=change.dtype, device=change.device).index_add_(0, distance, change.flatten())
    felt = torch.nonzero(~((energy / count).sqrt() <= threshold))  # what is no number is felt too
    return int(felt.max()) + 1 if felt.numel() else 0
