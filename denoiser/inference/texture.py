"""`--texture`: fine detail that a network removed together with the noise is returned.

    removed   r = luma of x - d                          of the picture x with the output d
    windows   c = cosine transform of r in 16 x 16 pixels, half overlapping
    output    d + texture * inverse of c * max(0, 1 - (3.2 sigma)^2 / c^2)

sigma is the deviation of each coefficient c where there is only noise: where the picture is flat, for each brightness.
Noise is spread over all coefficients, so that few exceed 3.2 sigma; the strands of hair or threads of cloth are in few
coefficients, and do. The gain is the non-negative garrote (Gao 1998). Colours stay as the network made them.

A local Wiener filter (Lee 1980), which compares the power of r in a neighbourhood with that of noise, was tried and
returned hardly anything: where detail is lost, noise still has most of the power.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from denoiser.inference.blocks import blocks
from denoiser.inference.function import TileFunction
from denoiser.inference.padding import pad
from denoiser.inference.pixels import Pixels
from denoiser.inference.receptive_field import SIGMA
from denoiser.inference.strength import luma_of
from denoiser.noise.levels import GREY_LEVELS

SIDE, STEP = 16, 8
"""Side of a window in pixels, and distance of two windows."""
THRESHOLD = 3.2
"""Coefficients below so many deviations of the noise are noise: of a normal distribution, all but 1 in 700."""
BINS, LEAST = 8, 200
"""Largest number of brightnesses for which noise is measured, and smallest number of windows for each."""
FLAT = 0.25
"""Share of the windows of a brightness that count as flat."""
MEDIAN_SQUARE = 0.455
"""Median of the square of a standard normal variable. Means would hold more of the detail that is among the noise."""
PEAK = 1.5
"""Largest variance of a coefficient of noise, by the median of those of similar frequencies."""
_TINY = 1e-16


@dataclass(frozen=True)
class NoiseSpectrum:
    """What noise leaves in the coefficients of removed luma, 1.0 is white.

    Attributes:
        variance: of each coefficient `(SIDE^2,)`.
        brightness: luma of the output `(n,)`, increasing.
        factor: of the variance at these brightnesses `(n,)`; linear in between, constant beyond.
    """

    variance: Tensor
    brightness: Tensor
    factor: Tensor

    def at(self, brightness: Tensor) -> Tensor:
        """Variance `(B, SIDE^2, h, w)` of the coefficients in windows of a brightness `(B, 1, h, w)`."""
        known, factor = self.brightness.to(brightness), self.factor.to(brightness)
        right = torch.searchsorted(known, brightness.contiguous()).clamp(1, len(known) - 1)
        step = (known[right] - known[right - 1]).clamp(min=_TINY)
        share = ((brightness - known[right - 1]) / step).clamp(0, 1)
        return self.variance.to(brightness)[:, None, None] * torch.lerp(factor[right - 1], factor[right], share)


def usual() -> NoiseSpectrum:
    """Noise with which a part of what is removed from the probe of a receptive field is returned."""
    variance = (SIGMA / GREY_LEVELS / SIDE) ** 2
    return NoiseSpectrum(torch.full((SIDE**2,), variance), torch.tensor([0.0, 1.0]), torch.ones(2))


def returned(function: TileFunction, texture: float, noise: NoiseSpectrum) -> TileFunction:
    """The function with detail returned.

    Args:
        function: the denoiser.
        texture: share of the detail, 0 to 1.
        noise: of the picture, see `measure`.
    """

    def adapt(call: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        def denoise(noisy: Tensor) -> Tensor:
            denoised = call(noisy)
            return denoised + texture * _detail(luma_of(noisy - denoised), luma_of(denoised), noise)

        return denoise

    field = function.receptive_field
    return replace(
        function,
        call=adapt(function.call),
        multiple=math.lcm(function.multiple, STEP),  # windows lie where they lie in the whole picture
        receptive_field=None if field is None else field + 2 * SIDE,
        exact=function.exact and adapt(function.exact),
    )


@torch.inference_mode()
def measure(function: Callable[[Tensor], Tensor], pixels: Pixels, white: float, device: torch.device) -> NoiseSpectrum:
    """Measure the noise that a function removes from a picture, in some blocks of it.

    Args:
        function: a network at strength 1, which removes little but noise, from float32 `(1, C, h, w)` on the device,
            1.0 = white, to the same shape.
        pixels: the picture, `(H, W)` or `(H, W, 3)` of any type.
        white: the value of white in it.
        device: the device of the function.
    """
    values = []
    for block in blocks(pixels, white):
        noisy = block[None].to(device)
        denoised = function(noisy)
        squares, luma = _transform(luma_of(noisy - denoised)).square(), luma_of(denoised)
        detail = _transform(luma)[:, 1:].square().sum(1, keepdim=True)
        values.append(torch.cat([_window_means(luma), detail, squares], dim=1)[0].flatten(1).cpu())
    every = torch.cat(values, dim=1)
    return _spectrum(every[0], every[1], every[2:])


def _spectrum(brightness: Tensor, detail: Tensor, squares: Tensor) -> NoiseSpectrum:
    """The noise from brightness and detail `(n,)` of windows and the squares `(SIDE^2, n)` of their coefficients."""
    order = brightness.argsort()
    bins = order.tensor_split(max(1, min(BINS, len(order) // LEAST)))
    flat = [part[detail[part] <= _quantile(detail[None, part], FLAT)] for part in bins]
    variance = _variance(squares[:, torch.cat(flat)])
    factor = torch.stack([_variance(squares[:, part]).sum() for part in flat]) / variance.sum().clamp(min=_TINY)
    centres = torch.stack([brightness[part].median() for part in bins])
    return NoiseSpectrum(variance, *(each.repeat(2) if len(bins) == 1 else each for each in (centres, factor)))


def _variance(squares: Tensor) -> Tensor:
    """Variance of noise `(SIDE^2,)` from the squares `(SIDE^2, n)` of its coefficients.

    It is limited to `PEAK` times the median of 5 x 5 coefficients: noise has no peaks, but cloth has.
    """
    variance = _quantile(squares, 0.5) / MEDIAN_SQUARE
    padded = functional.pad(variance.view(1, 1, SIDE, SIDE), (2, 2, 2, 2), mode="reflect")
    return variance.minimum(PEAK * functional.unfold(padded, 5)[0].median(0).values)


def _detail(removed: Tensor, luma: Tensor, noise: NoiseSpectrum) -> Tensor:
    """The part of removed luma `(B, 1, h, w)` that is no noise."""
    coefficients = _transform(removed)
    limit = THRESHOLD**2 * noise.at(_window_means(luma))
    coefficients *= (1 - limit / coefficients.square().clamp(min=_TINY)).clamp(min=0)
    coefficients[:, 0] = 0  # brightness is no detail
    height, width = removed.shape[-2:]
    rows, columns = coefficients.shape[-2:]
    size = ((rows + 1) * STEP, (columns + 1) * STEP)
    windows = _basis(removed.device).flatten(1).T @ coefficients.flatten(2)
    planes = functional.fold(windows, size, SIDE, stride=STEP)  # a third of the time of a transposed convolution
    return planes[..., STEP : STEP + height, STEP : STEP + width]


def _transform(luma: Tensor) -> Tensor:
    """Coefficients `(B, SIDE^2, rows, columns)` of the windows of a plane `(B, 1, h, w)`."""
    return functional.conv2d(_framed(luma), _basis(luma.device), stride=STEP)


def _window_means(luma: Tensor) -> Tensor:
    """Means `(B, 1, rows, columns)` over the windows of a plane."""
    return functional.avg_pool2d(_framed(luma), SIDE, STEP)


def _framed(luma: Tensor) -> Tensor:
    """A plane continued by its reflection, so that each of its pixels lies in four windows."""
    height, width = (-(-side // STEP) * STEP + STEP for side in luma.shape[-2:])
    below = pad(luma, height, width).flip(-2, -1)
    return pad(below, height + STEP, width + STEP).flip(-2, -1)


@cache
def _basis(device: torch.device) -> Tensor:
    """Cosines `(SIDE^2, 1, SIDE, SIDE)` times a sine window, whose squares add up to 1 over the windows."""
    with torch.inference_mode(False):
        at = torch.arange(SIDE, dtype=torch.float64)
        cosines = torch.cos(math.pi * (at + 0.5) * at[:, None] / SIDE) * math.sqrt(2 / SIDE)
        cosines[0] /= math.sqrt(2)
        rows = cosines * torch.sin(math.pi * (at + 0.5) / SIDE)
        return torch.einsum("ai,bj->abij", rows, rows).reshape(-1, 1, SIDE, SIDE).float().to(device)


def _quantile(values: Tensor, share: float) -> Tensor:
    """A quantile of each row."""
    return values.kthvalue(max(1, round(share * values.shape[1])), dim=1).values
