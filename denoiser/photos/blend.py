"""From what a model gives to what a picture holds: strength, luma, rounding; a band of rows at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from denoiser.data.images.formats.photo import Pixels, strips
from denoiser.metrics.luma import LUMA


def fill(
    out: Pixels, before: Pixels, denoised: NDArray[np.float32], white: float, strength: float, chroma_only: bool
) -> None:
    """Write denoised rows into a picture in its own type.

    Integers are clamped to black and white and rounded, halves to even. Floats are neither: what is above white
    or below black in the input may be there in the output too. Where chroma alone would clip an integer, all three
    channels go towards their luma until none does.

    Args:
        out: the rows to be written, `(h, W)` or `(h, W, 3)` of any type.
        before: the same rows of the input, of the same type.
        denoised: the same rows, `(C, h, W)`, 1.0 is white.
        white: the value of white in `before` and `out`.
        strength: 0 gives `before`, 1 gives `denoised`, and between them their weighted mean.
        chroma_only: keep the luma of `before` (ITU-R BT.601, of the values as they are); three channels.
    """
    for rows in strips(*out.shape[:2]):
        planes = denoised[:, rows]
        values = planes[0] if out.ndim == 2 else planes.transpose(1, 2, 0)
        _store(out[rows], _blended(before[rows], values, white, strength, chroma_only), white)


def _blended(before: Pixels, values: Pixels, white: float, strength: float, chroma_only: bool) -> NDArray[Any]:
    """In the unit of `before`, in float32, of float64 in float64."""
    kind = np.result_type(before.dtype, np.float32) if before.dtype.kind == "f" else np.dtype(np.float32)
    blended: NDArray[Any] = np.multiply(values, white, dtype=kind)
    if not chroma_only and strength == 1:
        return blended
    source = before.astype(kind)
    if chroma_only:  # the same step for R, G and B changes luma by as much and no difference of colour
        blended += ((source - blended) @ np.array(LUMA, kind))[..., None]
        if before.dtype.kind == "u":
            _desaturate(blended, white)
    if strength != 1:
        blended -= source
        blended *= kind.type(strength)
        blended += source
    return blended


def _desaturate(colours: NDArray[Any], white: float) -> None:
    """Scale the chroma of pixels `(h, W, 3)` that leave black to white so that none does; the luma stays."""
    outside = np.zeros(colours.shape[:2], bool)
    for channel in range(3):
        outside |= (colours[..., channel] < 0) | (colours[..., channel] > white)
    if not outside.any():
        return
    wrong = colours[outside]
    luma = np.clip(wrong @ np.array(LUMA, wrong.dtype), 0, white)[:, None]
    offset = wrong - luma
    room = np.where(offset > 0, white - luma, luma) / np.maximum(np.abs(offset), np.finfo(offset.dtype).tiny)
    colours[outside] = luma + offset * np.minimum(room.min(axis=1, keepdims=True), 1)


def _store(out: Pixels, values: NDArray[Any], white: float) -> None:
    if out.dtype.kind == "u":
        np.clip(values, 0, white, out=values)
        np.rint(values, out=values)
    out[...] = values
