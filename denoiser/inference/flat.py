"""What is flat is computed in float32, where bfloat16 is used for its speed.

bfloat16 has 8 binary digits: it rounds what is bright in steps of a grey level. In a denoised sky that is much of the
error that is left; in texture it is next to none of it. Measured with the networks of this package on one picture of
128x128 each (seed 0, noise of sigma 5 / 10 / 15 / 25 that is rounded to 8 bits), in dB by which bfloat16 was worse:

                                      photo                      camera                     grey
    a gradient from 0.45 to 0.9       0.50 / 0.72 / 0.50 / 0.26  0.29 / 0.22 / 0.18 / 0.10  0.41 / 0.44 / 0.30 / 0.09
    a dark gradient, from 0.05        0.11 / 0.09 / 0.06 / 0.00  0.05 / 0.00 / 0.03 / 0.01  0.00 / -0.02 / 0.01 / 0.00
    a photograph                      0.01 / 0.01 / 0.01 / 0.01  0.01 / 0.00 / 0.00 / 0.00  0.00 / 0.00 / 0.01 / 0.01
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from torch import Tensor
from torch.nn import functional

from denoiser.inference.function import TileFunction
from denoiser.inference.strength import luma_of
from denoiser.noise.levels import GREY_LEVELS

STEP = 0.75 / GREY_LEVELS
"""Mean step of luma to the next pixel, over 5 x 5 of them, below which a denoised pixel is flat; 1.0 is white."""
BRIGHT = 0.25
"""Luma from which rounding shows: its steps double where brightness does."""
SHARE = 0.25
"""Share of flat and bright pixels from which a tile is computed in float32: 40 of 132 tiles of 512x512 of 24 photos."""


def in_float32(function: TileFunction) -> TileFunction:
    """The function with tiles that are flat computed once more, by `exact`; itself without that.

    Args:
        function: the denoiser, in bfloat16.
    """
    exact = function.exact
    if exact is None:
        return function
    once: Callable[[Tensor], Tensor] = function.call

    def denoise(noisy: Tensor) -> Tensor:
        denoised = once(noisy)
        return exact(noisy) if flat_share(denoised) >= SHARE else denoised

    return replace(function, call=denoise)


def flat_share(denoised: Tensor) -> float:
    """Share of the pixels of a denoised tile `(B, C, h, w)`, 1.0 is white, that are flat and bright."""
    luma = luma_of(denoised)
    smooth = _mean(luma, 3)  # without the rounding itself
    down = functional.pad(smooth.diff(dim=2).abs(), (0, 0, 0, 1))
    steps = _mean(down.maximum(functional.pad(smooth.diff(dim=3).abs(), (0, 1))), 5)
    return float(((steps < STEP) & (luma > BRIGHT)).float().mean())


def _mean(planes: Tensor, side: int) -> Tensor:
    return functional.avg_pool2d(planes, side, 1, side // 2, count_include_pad=False)
