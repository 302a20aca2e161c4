"""Pictures continued to the sizes that a network needs: padding in one place."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def extended(image: Tensor, down: int, right: int) -> Tensor:
    """Continue a picture `(B, C, H, W)` below and to the right by its reflection, thin ones as often as it takes.

    Noise that is reflected is noise. The last row and column repeated are streaks, which a network takes for structure
    as far around as it looks: 0.1 to 2.2 dB over all of 481x321 pixels at sigma 50, on 4 pictures by three `unet`s.
    """
    height, width = image.shape[-2:]
    if down < height and right < width:
        return functional.pad(image, (0, right, 0, down), mode="reflect")
    rows, columns = (torch.arange(side, device=image.device) for side in (height + down, width + right))
    return image[..., reflected(height, rows)[:, None], reflected(width, columns)]


def reflected(side: int, rows: Tensor) -> Tensor:
    """Which of a side's rows each is, from 0 on, when the side is continued by its reflection."""
    period = (2 * rows[:side].amax(dim=0)).clamp(min=1)  # a tensor, since ONNX knows no remainder of a symbolic size
    steps = rows % period
    return torch.minimum(steps, period - steps)
