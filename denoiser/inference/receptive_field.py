"""The effective receptive field of a network, measured by the effect of an artificial border."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from denoiser.noise.levels import GREY_LEVELS

SIDE = 256
"""Side of the probe in pixels."""
LIMIT = SIDE // 2
"""Largest radius that is measured, in pixels; networks with operations over all of the picture have this one."""
SIGMA = 50
"""Noise level of the probe in grey levels of 255: the stronger the noise, the larger the receptive field."""


def probe(channels: int, device: torch.device) -> Tensor:
    """The picture that the radius is measured on, always the same: flat patches, edges and noise.

    Returns:
        `(1, channels, SIDE, SIDE)`.
    """
    generator = torch.Generator().manual_seed(0)
    patches = torch.rand(1, channels, 9, 9, generator=generator).repeat_interleave(29, 2).repeat_interleave(29, 3)
    clean = patches[..., :SIDE, :SIDE]
    return (clean + torch.randn(clean.shape, generator=generator) * SIGMA / GREY_LEVELS).to(device)


def radius(function: Callable[[Tensor], Tensor], image: Tensor, whole: Tensor, multiple: int, threshold: float) -> int:
    """The effective radius: the distance from an artificial border at which its effect no longer matters.

    A corner is cut out of the probe, and its output is compared with the same corner of the whole output. At a cut a
    network misses the pixels beyond and pads in their place. Both effects fade with the distance, long before the
    theoretical receptive field ends (Luo, Li, Urtasun and Zemel, 2016): of the default U-Net's 120 pixels, 56 to 80
    change by 1e-6 or more.

    Args:
        function: from float32 `(B, C, h, w)` of any size to the same shape.
        image: the probe.
        whole: `function(image)`.
        multiple: the network pads sides to multiples of this number of pixels.
        threshold: the largest change that does not matter, a root mean square over each distance; 1.0 = white.

    Returns:
        The radius in pixels; `LIMIT` where the effect does not fade, as with attention over all of the picture.
    """
    cut = max(LIMIT // multiple * multiple, 1)
    change = (function(image[..., cut:, cut:]) - whole[..., cut:, cut:])[0].double().square().mean(dim=0)
    rows, columns = (torch.arange(side, device=change.device) for side in change.shape)
    distance = torch.minimum(rows[:, None], columns).flatten()
    count = torch.bincount(distance)
    energy = torch.zeros(len(count), dtype=change.dtype, device=change.device).index_add_(0, distance, change.flatten())
    affected = torch.nonzero(~((energy / count).sqrt() <= threshold))  # NaN counts as affected
    return int(affected.max()) + 1 if affected.numel() else 0
