"""What is far from the range of the rest of a picture is kept from it: a sun, hot pixels, a window in a dark room.

A network has learned pictures from black to white. Next to a sun of 64 times that, it rings farther and stronger than
the noise that it removes. So there are two exposures. In that for the rest, what is bright is a mirror image of what is
beside it, and then stays as it is. A large bright area with strong noise is denoised in an exposure of its own, where
the rest is the mirror image; a pixel is bright as a whole, by the size of its largest channel:

    size                   exposure
    up to the limit        for the rest
    up to the brightest    for the bright area, if there is one
    beyond                 none: it stays as it is

Some pictures are beyond what a network has learned without that: beside a sun that is not bright enough for it, in the
halo of one, in values below 0, and where the noise is far weaker than what the network changes by itself. There it may
change no more than noise explains, see `shrinkage`, and values below 0 are lifted by `exposure.black`.

Measured with `photo` (1 picture each, seed 0), in dB:

    a disc of 64 in a picture of 0 to 0.5 with noise of 10/255, from its rim to 8 pixels beyond: noisy 27.7, without
    this 14.6, with it 37.2, without the disc 37.7
    a disc of 1 in a picture of 0 to 0.005 with noise of 0.00015, from its rim to 2 pixels beyond, of a peak of 0.005:
    noisy 30.5, without this -2.3, with it 34.6, without the disc 35.7
    a window, 39 % of the pixels and 20 times as bright as the room, with noise of photons: noisy 35.1 in the window
    and 21.4 in the room, of peaks of 16 and 0.52; with this 41.1 and 30.9
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from denoiser.inference import exposure, shrinkage, transparency
from denoiser.inference.function import Call, TileFunction
from denoiser.inference.pixels import Pixels
from denoiser.noise import level_function
from denoiser.noise.level_function import NoiseLevelFunction
from denoiser.noise.levels import GREY_LEVELS

LIMIT = 3.0
"""What is beyond so many times the scale, and beyond `exposure.known`, is bright: noise adds less to the bulk."""
LARGE = 0.02
"""Share of the pixels from which what is bright is an area, which can be denoised, and not a sun or hot pixels."""

WEAK = 0.5
"""Noise in grey levels, where the scale is 255, below which networks change more than noise. 8 bits have as much."""
BEYOND, BEYOND_NOISE = 0.25, 5
"""What is beyond black or white by this part of white and so many deviations of the noise is not there by noise."""


@dataclass(frozen=True)
class Guard:
    """How a picture is kept in the range that a network has learned; sizes are in the unit of white.

    Attributes:
        limit: larger sizes are bright; infinity where nothing is.
        brightest: larger ones are in neither exposure; `limit` where there is one exposure.
        share: of the pixels that are bright, if they are `LARGE`.
        black: what the network sees as 0.
        noise: what a change must be explained by; None where the network is in the range that it has learned.
    """

    limit: float = float("inf")
    brightest: float = 0.0
    share: float = 0.0
    black: float = 0.0
    noise: NoiseLevelFunction | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What becomes of a large bright area, for the user."""
        if not self.share:
            return ()
        what = "they are denoised apart from it" if self.brightest > self.limit else "they stay as they are"
        return (f"{self.share:.0%} of the pixels are far brighter than the rest: {what}",)

    def __call__(self, function: TileFunction) -> TileFunction:
        """The function with the guard; itself where the picture needs none."""
        if self.limit < float("inf"):
            function = function.adapted(self._apart)
        if self.noise is not None:
            function = function.adapted(partial(shrinkage.shrunk, noise=self.noise))
        return function.adapted(self._lifted) if self.black else function

    def _apart(self, call: Call) -> Call:
        def denoise(noisy: Tensor) -> Tensor:
            size = noisy.abs().amax(dim=1, keepdim=True)
            bright = size > self.limit
            if not bright.any():
                return call(noisy)
            result = torch.where(bright, noisy, call(_mirrored(noisy, ~bright)))
            shown = bright & (size <= self.brightest)
            return torch.where(shown, call(_mirrored(noisy, shown)), result) if shown.any() else result

        return denoise

    def _lifted(self, call: Call) -> Call:
        return lambda noisy: call(noisy - self.black) + self.black


def guard(pixels: Pixels, white: float) -> Guard:
    """The guard for a picture; of 8 bits, whose range is small, none.

    Args:
        pixels: the whole picture, `(H, W)` or `(H, W, C)`.
        white: the value that a network sees as 1.
    """
    if pixels.dtype.itemsize == 1:
        return Guard()
    level, can_measure = exposure.noise(pixels), min(pixels.shape[:2]) >= level_function.SIDE
    if black := exposure.black(pixels, level) if can_measure else 0.0:
        pixels = pixels - np.float32(black)
    highest, lowest, scale = float(pixels.max()), float(pixels.min()), exposure.scale(pixels)
    by_noise = BEYOND * white + BEYOND_NOISE * level
    usual = _exposures(pixels, white, max(highest, -lowest), LIMIT * scale, white + by_noise)
    weak, outside = 0 < level < WEAK / GREY_LEVELS * scale, max(highest - white, -lowest) > by_noise
    if not can_measure or (usual == Guard() and not (black or weak or outside)):
        return usual
    return replace(usual, black=black / white, noise=level_function.measure(pixels, white, correlated=not weak))


def _exposures(pixels: Pixels, white: float, largest: float, limit: float, noisy_white: float) -> Guard:
    """The guard as far as it is two exposures, for sizes up to `largest`; noise can lift white to `noisy_white`."""
    if largest <= limit or largest <= (limit := max(limit, exposure.known(pixels))):
        return Guard()
    share, brightest = exposure.bright_area(pixels, limit)
    if share >= LARGE and limit < white:  # the lights of a usual photo, of which networks have learned many
        if largest <= noisy_white:
            return Guard()
        limit, (share, brightest) = white, exposure.bright_area(pixels, white)
    large = share >= LARGE
    return Guard(limit / white, max(brightest if large else 0.0, limit) / white, share if large else 0.0)


def _mirrored(noisy: Tensor, shown: Tensor) -> Tensor:
    """Pictures `(B, C, h, w)` with the pixels that are not shown `(B, 1, h, w)` as mirror images of those that are."""
    pictures = noisy.cpu().movedim(1, -1).numpy()
    masks = shown[:, 0].cpu().numpy().astype(np.uint8)
    filled = [transparency.filled(*each) for each in zip(pictures, masks, strict=True)]
    both = [picture if fill is None else fill for picture, fill in zip(pictures, filled, strict=True)]
    return torch.from_numpy(np.stack(both)).movedim(-1, 1).to(noisy.device)
