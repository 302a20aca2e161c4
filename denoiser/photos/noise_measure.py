"""The noise of a photo, measured in what a network removes from some blocks of it.

A network removes less than all noise: least where it is weak, and where the picture has texture. The factors that make
up for it were fitted to 53 real pairs (PolyU, Xu et al. 2018) and 46 simulated ones with the network `camera`: see
experiments/weights/noise.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import exp, log
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from denoiser.data.images.formats.photo import Photo
from denoiser.inference import highlights
from denoiser.inference.blocks import blocks
from denoiser.inference.pixels import Pixels
from denoiser.metrics.luma import LUMA
from denoiser.noise.camera.likeness import autocorrelation
from denoiser.noise.levels import GREY_LEVELS, SIGMA
from denoiser.photos.routes import CAMERA, GREY
from denoiser.weights import shipped

if TYPE_CHECKING:
    from denoiser.inference.picture_model import PictureModel

LAGS = tuple(range(1, 17))
"""Lags in pixels at which the autocorrelation is computed."""
WHITE = 0.12
"""Largest autocorrelation of luma at lag 1, at flat pixels, of noise that counts as white."""
FLAT, LEAST_FLAT = 1.5, 0.02
"""Largest step of luma in grey levels where a photo is flat, as a mean over 5 x 5 pixels; least share of such pixels.

In a photo with fewer, the flattest tenth stands for them."""
WHITE_FACTOR, CORRELATED_FACTOR = 1.1, (0.84, 0.59, 0.16)
"""Deviation of the noise by that of what is removed: a factor for white noise, else exp(a - b r - c log(deviation)).

r is the autocorrelation at lag 1."""
LENGTH_FACTOR = 1.15
"""The same for the correlation length of noise that is not white."""
SMALLEST = 16
"""Smallest side in pixels of a photo whose noise is measured."""
FAINT, LEAST = 1.0, 0.3
"""Deviation in grey levels of weak noise, whose kind does not show, and of none: 8-bit rounding has 0.29."""


@dataclass(frozen=True)
class MeasuredNoise:
    """The noise of a photo.

    Attributes:
        deviation: standard deviation of each channel in grey levels of 255; one value for grey.
        correlation_length: lag in pixels at which the autocorrelation of luma, the mean of the horizontal and the
            vertical one, falls below 1/e.
        is_white: whether it is independent from pixel to pixel.
    """

    deviation: tuple[float, ...]
    correlation_length: float
    is_white: bool

    @property
    def is_of_camera(self) -> bool:
        """Whether the photo is one for a network that has learned cameras: correlated noise, or next to none."""
        return not self.is_white or max(self.deviation) < FAINT

    def __str__(self) -> str:
        """The noise in words.

        >>> print(MeasuredNoise((4.1, 3.4, 5.2), 1.71, False))
        measured noise: deviation 4.1, 3.4, 5.2 (R, G, B) in grey levels of 255, correlated over 1.7 pixels
        """
        if max(self.deviation) < LEAST:
            return f"measured noise: below {LEAST:g} {SIGMA.unit}"
        levels = ", ".join(f"{value:.1f}" for value in self.deviation)
        levels += " (R, G, B)" if len(self.deviation) == 3 else ""
        kind = "white" if self.is_white else f"correlated over {self.correlation_length:.1f} pixels"
        return f"measured noise: deviation {levels} {SIGMA.unit}, {kind}"


def of_photo(
    exposed: Photo, equal_channels: bool, network: Callable[[str], PictureModel], device: torch.device
) -> MeasuredNoise | None:
    """The noise of a photo; None where it is very small, and without the shipped weights that measure it.

    White noise that is the same in all channels is picture for the colour network; the grey one measures it.

    Args:
        exposed: the photo, with the white that a network sees, see `white.exposed`.
        equal_channels: whether its three channels are equal.
        network: returns the shipped network of a name.
        device: where it runs.
    """
    if CAMERA not in shipped.NAMES or min(exposed.pixels.shape[:2]) < SMALLEST:
        return None
    pixels, white = exposed.pixels[..., 0] if equal_channels else exposed.pixels, exposed.white
    guard = highlights.guard(pixels, white)

    def by(name: str) -> MeasuredNoise:
        function = guard(network(name).function(None, "32", 1 if pixels.ndim == 2 else 3))
        return measure(pixels, white, lambda block: function(block.to(device)))

    noise = by(CAMERA)
    if pixels.ndim == 3 or not noise.is_white or GREY not in shipped.NAMES:
        return noise
    return replace(by(GREY), is_white=True)


def measure(pixels: Pixels, white: float, denoise: Callable[[Tensor], Tensor]) -> MeasuredNoise:
    """Measure the noise of a photo.

    Time and memory do not grow with the photo: only some blocks are denoised.

    Args:
        pixels: `(H, W)` or `(H, W, 3)` of any type.
        white: the value of white.
        denoise: a network that has learned correlated noise, from `(1, C, h, w)`, 1.0 = white, to the same.
    """
    noisy = blocks(pixels, white)
    clean = [denoise(block[None])[0].cpu() for block in noisy]
    removed = [(a - b) * GREY_LEVELS for a, b in zip(noisy, clean, strict=True)]
    luma = [_luma(block) for block in removed]
    deviation = torch.stack([block.flatten(1).var(1, correction=0) for block in removed]).mean(0).sqrt()
    steps = [_steps(_luma(block * GREY_LEVELS)) for block in clean]
    at_flat = _mean_autocorrelation(luma, _flat(steps), (1,))[0]
    everywhere = _mean_autocorrelation(luma, [torch.ones_like(plane, dtype=torch.bool) for plane in luma], LAGS)
    if at_flat < WHITE:
        return MeasuredNoise(tuple((deviation * WHITE_FACTOR).tolist()), length(everywhere), True)
    factor, reach = _factor(float(deviation.mean()), everywhere[0]), length(everywhere) * LENGTH_FACTOR
    return MeasuredNoise(tuple((deviation * factor).tolist()), reach, False)


def removed(before: Pixels, after: Pixels, white: float) -> float:
    """Root mean square of what was removed from the blocks of a photo, in grey levels of 255.

    Args:
        before: `(H, W)` or `(H, W, 3)` of any type.
        after: the denoised photo, of the same shape.
        white: the value of white.
    """
    pairs = zip(blocks(before, white), blocks(after, white), strict=True)
    return float(torch.cat([(a - b).flatten() for a, b in pairs]).square().mean().sqrt()) * GREY_LEVELS


def _luma(block: Tensor) -> Tensor:
    """Luma `(h, w)` of a block `(C, h, w)`."""
    return block[0] if len(block) == 1 else torch.einsum("c,chw->hw", block.new_tensor(LUMA), block)


def _steps(luma: Tensor) -> Tensor:
    """Size of the steps to the next pixels `(h, w)`, as a mean over 5 x 5 pixels."""
    down = luma.diff(dim=0, append=luma[-1:]).abs()
    steps = torch.maximum(down, luma.diff(dim=1, append=luma[:, -1:]).abs())
    return torch.nn.functional.avg_pool2d(steps[None, None], 5, 1, 2, count_include_pad=False)[0, 0]


def _flat(steps: list[Tensor]) -> list[Tensor]:
    """Masks of the flat pixels of some blocks."""
    every = torch.cat([block.flatten() for block in steps])
    enough = (every < FLAT).float().mean() >= LEAST_FLAT
    limit = FLAT if enough else float(every.kthvalue(max(1, len(every) // 10)).values)
    return [block <= limit for block in steps]


def _mean_autocorrelation(luma: list[Tensor], masks: list[Tensor], lags: tuple[int, ...]) -> list[float]:
    """Autocorrelation over the masks of all blocks together, where there is any noise."""
    weights, values = [], []
    for plane, mask in zip(luma, masks, strict=True):
        if min(plane.shape) > 1 and mask.any() and (variance := plane[mask].var(correction=0)) > 0:
            weights.append(variance * mask.sum())
            values.append(autocorrelation(plane, mask, tuple(lag for lag in lags if lag < min(plane.shape))))
    if not values:
        return [0.0]
    shortest = min(map(len, values))
    total = sum(w * v[:shortest] for w, v in zip(weights, values, strict=True))
    return [float(value) for value in total / sum(weights)]  # type: ignore[union-attr]


def _factor(deviation: float, correlation: float) -> float:
    """The noise by what is removed of it, at least 1."""
    a, b, c = CORRELATED_FACTOR
    return max(1.0, exp(a - b * correlation - c * log(max(deviation, LEAST))))


def length(values: list[float]) -> float:
    """Lag at which an autocorrelation falls below 1/e, interpolated; `values` are those at lags 1, 2, ..."""
    before, limit = 1.0, exp(-1)
    for lag, value in enumerate(values, 1):
        if value < limit:
            return lag - 1 + (before - limit) / (before - value)
        before = value
    return float(len(values))
