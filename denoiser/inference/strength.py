"""What `--strength` above 1 is: more than a network removes by itself.

A network that takes a noise level is given that level times the strength. A blind network judges the noise by itself,
and removes more where it sees more. So the noise that it has removed is put in again elsewhere, twice as much of it:

    removed  r = x - d              of the picture x with the output d
    again    e = sqrt(2) * shift(r) noise of the same spectrum and twice the variance, independent of what is left in d
    twice    q = (net(d + e) + net(d - e)) / 2
    output   d + (strength - 1) * (q - d)

The opposite signs cancel what is left of e. Other ways were tried, see `experiments/photos`. The output for d + 2 r has
*more* noise than d: what the network could not tell from the picture is amplified, and looks like texture. Noise added
to x instead of d leaves more noise than d where it exceeds the levels of training. Denoising d as it is changes little.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from denoiser.inference.blend import Strengths
from denoiser.inference.function import TileFunction
from denoiser.inference.padding import pad
from denoiser.metrics.luma import LUMA

SHIFT = (8, 16)
"""Rows and columns by which removed noise is shifted: farther than noise is correlated, in whole blocks of a JPEG."""
AGAIN = 2**0.5
"""Factor of the shifted noise. With 1, `camera` kept weak noise that it had kept before; with 2, more detail went."""


def applied(
    at_level: Callable[[float | None], TileFunction], sigma: float | None, strengths: Strengths
) -> TileFunction:
    """The function of any network at its strengths; below 1 they are left to `blend`.

    Args:
        at_level: the network's function for a noise level in grey levels of 255; None for networks that take none.
        sigma: the picture's noise level, or None.
        strengths: 0 to 2.
    """
    at_least_1 = strengths.at_least_1
    return for_blind(at_level(None), at_least_1) if sigma is None else for_levels(at_level, sigma, at_least_1)


def for_blind(function: TileFunction, strengths: Strengths) -> TileFunction:
    """The function of a blind network at a strength above 1, in three passes; the function itself up to 1.

    Args:
        function: the denoiser.
        strengths: at least 1; equal for pictures of one channel.
    """
    if strengths == (1, 1):
        return function
    luma, chroma = (strength - 1 for strength in strengths)

    def adapt(call: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        def denoise(noisy: Tensor) -> Tensor:
            once = call(noisy)
            again = AGAIN * shifted(noisy - once)
            twice = (call(once + again) + call(once - again)) / 2
            return blended(once, twice, luma, chroma)

        return denoise

    field = None if function.receptive_field is None else 2 * (function.receptive_field + max(SHIFT))
    return replace(
        function,
        call=adapt(function.call),
        receptive_field=field,
        exact=function.exact and adapt(function.exact),
    )


def for_levels(at_level: Callable[[float], TileFunction], sigma: float, strengths: Strengths) -> TileFunction:
    """The function of a network that takes a noise level: above 1, the strength multiplies the level.

    Args:
        at_level: the denoiser for a noise level in grey levels of 255.
        sigma: the picture's noise level.
        strengths: at least 1; equal for pictures of one channel. Where they differ, there are two passes.
    """
    for_luma, for_chroma = (at_level(sigma * strength) for strength in strengths)
    if strengths.luma == strengths.chroma:
        return for_luma

    def joined(one: Callable[[Tensor], Tensor], other: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        def denoise(noisy: Tensor) -> Tensor:
            return blended(one(noisy), other(noisy), 0, 1)

        return denoise

    exact = joined(for_luma.exact, for_chroma.exact) if for_luma.exact and for_chroma.exact else None
    return replace(for_luma, call=joined(for_luma.call, for_chroma.call), exact=exact)


def blended(one: Tensor, other: Tensor, luma: float, chroma: float) -> Tensor:
    """A blend of two outputs `(B, C, h, w)`.

    Args:
        one: the first output.
        other: the second output.
        luma: weight of the luma of `other` (ITU-R BT.601, of the stored values); `one` has the rest.
        chroma: weight of the chroma of `other`; equal to `luma` for pictures of one channel.
    """
    change = other - one
    mixed = one + chroma * change
    return mixed if luma == chroma else mixed + (luma - chroma) * luma_of(change)


def luma_of(pictures: Tensor) -> Tensor:
    """Luma `(B, 1, h, w)` of pictures `(B, 3, h, w)`; those of one channel are luma."""
    if pictures.shape[1] != len(LUMA):
        return pictures
    return torch.einsum("c,bchw->bhw", pictures.new_tensor(LUMA), pictures)[:, None]


def shifted(noise: Tensor) -> Tensor:
    """Noise moved down and to the right, continued by its reflection.

    This direction makes pixels depend on others above and to the left, where the receptive field is measured.
    """
    rows, columns = SHIFT
    height, width = noise.shape[-2:]
    return pad(noise.flip(-2, -1), height + rows, width + columns)[..., rows:, columns:].flip(-2, -1)
