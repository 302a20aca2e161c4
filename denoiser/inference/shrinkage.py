"""What a network changes is shrunk where noise does not explain it, so that no part of a picture becomes worse.

For the pixels x with the output d, as means over a neighbourhood:

    removed    r = x - d
    share      a = mean(h(r) h(x)) / mean(h(x)^2), 0 to 1    of the noise, by its finest diagonal coefficients h
    explained  e = a s                                       of the variance s of the noise at this brightness
    output     x - w r                                       w = (2 e / mean(r^2))^2, at most 1

The squared error of x - w r is that of x, which is the noise n, plus w^2 r^2 - 2 w r n. The mean of r n is e, much as
in the estimate of Stein (1981). So the output is no worse than x up to w = 2 e / r^2, and the square keeps it below.
Where a network does what it has learned, r is nearly n and w is 1.

Measured as the mean of 2 draws of the noise, without and with this, by how many dB pictures were better than noisy:

    the first pixel around a disc of 3 in a picture of 0 to 0.5    noise of 2/255     photo -7.8, 0.0; grey -6.1, 0.0
                                                                   noise of 10/255    photo 0.5, 0.1; grey -1.5, 0.0
    a ramp of 10 to 99 % of 65535                                  noise of 4         photo -16.3, 0.0; grey -15.3, 0.0
    a picture of -1 to 0, also lifted                              noise of 10/255    photo about -4, 7; grey -3, 6
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from denoiser.inference.function import Call
from denoiser.noise.level_function import NoiseLevelFunction

NEAR, AROUND = 5, 7
"""Sides in pixels of the neighbourhoods for what is removed, and for the share of noise in it."""
_TINY = 1e-30


def shrunk(call: Call, noise: NoiseLevelFunction) -> Call:
    """A denoiser with its change shrunk.

    Args:
        call: the denoiser; pixels that it leaves as they are count for nothing.
        noise: of the picture, where 1 is white.
    """

    def denoise(noisy: Tensor) -> Tensor:
        denoised = call(noisy)
        removed = noisy - denoised
        return noisy - _weight(noisy, denoised, removed, noise) * removed

    return denoise


def _weight(noisy: Tensor, denoised: Tensor, removed: Tensor, noise: NoiseLevelFunction) -> Tensor:
    """The part `(B, 1, h, w)` of what was removed from pictures that stays removed."""
    changed = (removed != 0).any(dim=1, keepdim=True)
    variance = noise.at(denoised.abs().amax(dim=1, keepdim=True))
    of_noisy, of_removed = _diagonal(noisy, changed), _diagonal(removed, changed)
    share = _mean(of_noisy * of_removed, AROUND) / _mean(of_noisy.square(), AROUND).clamp(min=_TINY)
    ratio = _mean(removed.square() / variance.clamp(min=_TINY), NEAR) / _mean(changed.float(), NEAR).clamp(min=_TINY)
    return (2 * share.clamp(0, 1) / ratio.clamp(min=_TINY)).square().clamp(max=1)


def _diagonal(pictures: Tensor, changed: Tensor) -> Tensor:
    """Diagonal coefficients of the squares of 2 x 2 pixels; 0 where a pixel of them is not changed."""
    coefficients = pictures.diff(dim=2).diff(dim=3) / 2
    rows = changed[..., 1:, :] & changed[..., :-1, :]
    return functional.pad(coefficients * (rows[..., 1:] & rows[..., :-1]), (0, 1, 0, 1))


def _mean(pictures: Tensor, side: int) -> Tensor:
    """Means over the channels and over `side` x `side` pixels."""
    means = pictures.mean(dim=1, keepdim=True)
    return functional.avg_pool2d(means, side, 1, side // 2, count_include_pad=False)
