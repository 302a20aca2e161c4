"""What is too bright for the rest of a picture of floats is left as it is, and kept from disturbing the rest.

A network has learned pictures from black to white. Next to a sun of 64 times that, it rings farther and stronger than
the noise that it removes. So pixels far beyond the bulk of a picture, and far beyond its noise, are left as they are,
with those beside them, and the network sees them as no brighter than the bulk; a pixel is dimmed as a whole, by the
size of its largest channel:

    size              what the network sees
    up to the limit   the pixel
    beyond            limit - (size - limit) / 2
    far beyond        the scale of the bulk, see `exposure.scale`; black for values below 0

Measured with a disc of 64 in 160x160 pixels of 0 to 0.5 with noise of 10/255 (1 picture, seed 0), in dB from 1 pixel
beyond its rim to 8: noisy 27.7, `photo` 15.8 without this and 37.1 with it, and 37.8 without the disc.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from denoiser.inference import exposure
from denoiser.inference.function import TileFunction
from denoiser.inference.pixels import Pixels

LIMIT = 3.0
"""What is beyond so many times the scale, beyond white and `exposure.known` is left: noise adds less to the bulk."""
FALL = 0.5
"""How fast the network sees pixels beyond the limit become darker: a jump would be a noise of its own at the limit."""


def guarded(function: TileFunction, pixels: Pixels, white: float) -> TileFunction:
    """The function with pixels that are far brighter than the bulk left as they are; itself for integers.

    Args:
        function: the denoiser.
        pixels: the whole picture, `(H, W)` or `(H, W, C)`.
        white: the value that the function sees as 1.
    """
    if pixels.dtype.kind != "f":
        return function
    usual = exposure.scale(pixels)
    largest, bulk = float(max(pixels.max(), -pixels.min())), max(LIMIT * usual, white)
    if largest <= bulk or largest <= (known := exposure.known(pixels)):
        return function
    limit, seen = max(bulk, known) / white, min(usual / white, 1.0)

    def adapt(call: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        def denoise(noisy: Tensor) -> Tensor:
            above, below = noisy.amax(dim=1, keepdim=True), -noisy.amin(dim=1, keepdim=True)
            size = torch.maximum(above, below)
            beyond = size > limit
            if not beyond.any():
                return call(noisy)
            dimmed = (limit - FALL * (size - limit)).maximum(torch.where(above < below, 0.0, seen)) / size
            denoised = call(torch.where(beyond, noisy * dimmed, noisy))
            left = functional.max_pool2d(beyond.float(), 3, stride=1, padding=1) > 0  # what is beside it, too
            return torch.where(left, noisy, denoised)

        return denoise

    return replace(function, call=adapt(function.call), exact=function.exact and adapt(function.exact))
