"""Losses: functions of the denoised and the clean pictures, by name, by dotted path, or as a weighted sum."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from denoiser import build
from denoiser.errors import DenoiserError, nearest, number
from denoiser.metrics.psnr_ssim import RADIUS, similarity_maps, ssim
from denoiser.objectives.base import Objective

Loss = Callable[[Tensor, Tensor], Tensor]
"""From the denoised and the clean pictures, `(B, C, H, W)` in float32, to a scalar."""
EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the scales of MS-SSIM, the finest first (Wang, Simoncelli & Bovik 2003)."""
SMALLEST = 1e-6
"""Least base of a power in MS-SSIM: a similarity below 0 has no power, and the slope of the power at 0 is infinite."""


def charbonnier(denoised: Tensor, clean: Tensor, epsilon: float = 1e-3) -> Tensor:
    """Mean of sqrt(d^2 + epsilon^2), a smooth L1 (Charbonnier et al. 1994; epsilon of Lai et al. 2017)."""
    return torch.sqrt((denoised - clean).square() + epsilon**2).mean()


def huber(denoised: Tensor, clean: Tensor, delta: float = 0.1) -> Tensor:
    """Mean of d^2 / 2, from delta on linear (Huber 1964); torch's delta of 1 would be the mean squared error here."""
    return functional.huber_loss(denoised, clean, delta=delta)


def one_minus_ssim(denoised: Tensor, clean: Tensor) -> Tensor:
    """1 - SSIM, of the metric that is reported; pictures of at least 11 pixels a side (Zhao et al. 2017)."""
    return 1 - ssim(denoised, clean).mean().float()


def one_minus_ms_ssim(denoised: Tensor, clean: Tensor) -> Tensor:
    """1 - MS-SSIM (Wang, Simoncelli & Bovik 2003; as a loss Zhao et al. 2017).

    Of the five scales, each half as large, as many as leave 11 pixels a side: five from 176 pixels on, three at 64.
    The exponents of fewer are divided by their sum.

    Raises:
        ValueError: the pictures are smaller than 11 pixels.
    """
    scales = min(len(EXPONENTS), int(min(denoised.shape[-2:]) // (2 * RADIUS + 1)).bit_length())
    if not scales:
        raise ValueError(f"SSIM needs at least 11x11 pixels, the image has {'x'.join(map(str, denoised.shape[-2:]))}")
    product: Tensor | float = 1.0
    x, y = denoised.double(), clean.double()
    for scale in range(scales):
        luminance, structure = similarity_maps(x, y)
        of_scale = (luminance * structure if scale == scales - 1 else structure).mean((1, 2, 3))
        product = product * of_scale.clamp(min=SMALLEST) ** (EXPONENTS[scale] / sum(EXPONENTS[:scales]))
        x, y = functional.avg_pool2d(x, 2), functional.avg_pool2d(y, 2)
    return 1 - torch.as_tensor(product).mean().float()


LOSSES: dict[str, Loss] = {
    "mse": functional.mse_loss,
    "l1": functional.l1_loss,
    "charbonnier": charbonnier,
    "huber": huber,
    "ssim": one_minus_ssim,
    "ms_ssim": one_minus_ms_ssim,
}


class Sum(nn.Module):
    """The weighted sum of several losses.

    Args:
        weights: the weight of each loss, by what `loss` takes.

    Raises:
        DenoiserError: a weight is no positive number, or a loss does not exist.
    """

    def __init__(self, weights: Mapping[str, Any]) -> None:
        super().__init__()
        for name, weight in weights.items():
            if not number(weight) or weight <= 0:
                what = f"the weight of {name} is {weight}, not a number above 0 (objective.loss)"
                raise DenoiserError(what, "'objective.loss={l1:0.16,ms_ssim:0.84}'")
        self.parts = [(float(weight), loss(name)) for name, weight in weights.items()]
        self.modules_of_parts = nn.ModuleList([part for _, part in self.parts if isinstance(part, nn.Module)])

    def forward(self, denoised: Tensor, clean: Tensor) -> Tensor:
        """The sum, a scalar."""
        return torch.stack([weight * part(denoised, clean) for weight, part in self.parts]).sum()


def loss(given: Any) -> Loss:
    """The loss that configuration names.

    Args:
        given: a name of `LOSSES`; the dotted path of a class without arguments, as `torch.nn.SmoothL1Loss`, or, in a
            package that is trusted, of a function of the denoised and the clean pictures; weights by these names, as
            `{"l1": 0.16, "ms_ssim": 0.84}`; or the loss itself.

    Raises:
        DenoiserError: there is no such loss, or it is not allowed.
    """
    if callable(given):
        return given  # type: ignore[no-any-return]
    if isinstance(given, Mapping) and given:
        return Sum(given)
    if isinstance(given, str) and "." in given:
        return _at_path(given)
    if not isinstance(given, str) or given not in LOSSES:
        near = nearest(str(given), LOSSES) or "mse"
        fix = f"objective.loss={near}, of {', '.join(LOSSES)}, or a path such as torch.nn.SmoothL1Loss"
        raise DenoiserError(f"no loss '{given}' (objective.loss)", fix)
    return LOSSES[given]


def _at_path(path: str) -> Loss:
    target = build.target("objective", path)
    made = build.make("objective", {"_target_": path}) if inspect.isclass(target) else target
    if isinstance(made, Objective):
        raise DenoiserError(f"{path} is an objective and no loss (objective.loss)", f"objective._target_={path}")
    return made  # type: ignore[no-any-return]
