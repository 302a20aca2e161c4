"""Where `--strength`, `--chroma-strength` and `--chroma-only` are applied: a model's output becomes a photo's pixels.

change = denoised - input, in three parts of which luma() is the first     row band by row band
output = input + chroma * change + (luma - chroma) * luma(change)          in `_blended`
colours that integers cannot hold are moved towards grey                   in `_desaturate`
integers are clamped and rounded                                           in `_store`

Both weights are at most 1: what a strength above 1 adds is in the output already, see `inference/strength.py`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from denoiser.inference.pixels import Pixels, strips, white_of
from denoiser.metrics.luma import LUMA

STRONGEST = 2
"""Largest strength: the network then sees twice the noise."""
_SMALLEST = 1e-6
"""Chroma below this needs no scaling, in the unit of integers; division by less would overflow."""


class Strengths(NamedTuple):
    """How much noise is removed, 0 to 2: 0 returns the input, 1 the model's output.

    Attributes:
        luma: for luma, and for pictures of one channel.
        chroma: for chroma.
    """

    luma: float
    chroma: float

    @property
    def weights(self) -> tuple[float, float]:
        """The weights of an output in a blend with the input: up to 1, where the input has a part."""
        return min(self.luma, 1.0), min(self.chroma, 1.0)

    @property
    def at_least_1(self) -> Strengths:
        """What the function of a network is asked for: strengths below 1 are a matter of `weights` alone."""
        return Strengths(max(self.luma, 1.0), max(self.chroma, 1.0))


def fill(
    out: Pixels, before: Pixels, denoised: NDArray[np.float32], white: float, luma: float = 1.0, chroma: float = 1.0
) -> None:
    """Write denoised rows into a photo of any type.

    Integers are clamped to black, signed ones to their least value, and to white, or the pixel of the input where that
    is above it, such as a hot one of 16 bits in a picture of 12; and they are rounded, halves to even. Floats
    are neither: values above white or below black in the input can stay so in the output. Where luma and chroma have
    different weights and an unsigned integer would be clipped, all three channels are moved towards their luma until
    none is.

    Args:
        out: the rows to write, `(h, W)` or `(h, W, 3)` of any type.
        before: the same rows of the input, of the same type.
        denoised: the same rows, `(C, h, W)`, 1.0 is white.
        white: the value of white in `before` and `out`.
        luma: weight of the luma of `denoised` (ITU-R BT.601, of the stored values), 0 to 1; that of `before` has the
            rest. Of pixels of one channel, the weight of all.
        chroma: weight of the chroma of `denoised`, 0 to 1; ignored for pixels of one channel.
    """
    for rows in strips(*out.shape[:2]):
        planes = denoised[:, rows]
        values = planes[0] if out.ndim == 2 else planes.transpose(1, 2, 0)
        blended = _blended(before[rows], values, white, luma, chroma if out.ndim == 3 else luma)
        _store(out[rows], blended, white if white == white_of(out.dtype) else np.maximum(before[rows], white))


def _blended(before: Pixels, values: Pixels, white: float, luma: float, chroma: float) -> NDArray[Any]:
    """The weighted mean in the unit of `before`: float64 for float64, else float32."""
    dtype = np.result_type(before.dtype, np.float32) if before.dtype.kind == "f" else np.dtype(np.float32)
    blended: NDArray[Any] = np.multiply(values, white, dtype=dtype)
    if luma == chroma == 1:
        return blended
    source = before.astype(dtype)
    blended -= source
    if luma == chroma:
        blended *= dtype.type(chroma)
        blended += source
        return blended
    # An equal step in R, G and B changes luma by that step, and no difference between channels.
    step = (blended @ np.array(LUMA, dtype) * dtype.type(luma - chroma))[..., None]
    blended *= dtype.type(chroma)
    blended += step
    blended += source
    if before.dtype.kind == "u":
        _desaturate(blended, np.maximum(before.max(axis=2), white))
    return blended


def _desaturate(colours: NDArray[Any], most: Pixels) -> None:
    """Scale down the chroma of pixels `(h, W, 3)` outside 0 to `most`, `(h, W)`, until they are inside; luma stays."""
    outside = np.zeros(colours.shape[:2], bool)
    for channel in range(3):
        outside |= (colours[..., channel] < 0) | (colours[..., channel] > most)
    if not outside.any():
        return
    clipped, limit = colours[outside], most[outside].astype(colours.dtype)[:, None]
    luma = np.clip(clipped @ np.array(LUMA, clipped.dtype), 0, limit[:, 0])[:, None]
    offset = clipped - luma
    room = np.where(offset > 0, limit - luma, luma) / np.maximum(np.abs(offset), _SMALLEST)
    colours[outside] = luma + offset * np.minimum(room.min(axis=1, keepdims=True), 1)


def _store(out: Pixels, values: NDArray[Any], most: float | Pixels) -> None:
    """Write values into pixels, clamped and rounded if these are integers."""
    if out.dtype.kind in "iu":
        np.clip(values, np.iinfo(out.dtype).min, most, out=values)
        np.rint(values, out=values)
    out[...] = values
