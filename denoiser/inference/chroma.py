"""Colour photos whose chroma is stored at a lower resolution than their luma, as three grey planes.

JPEG and lossy WebP average the chroma of neighbouring pixels (4:2:0), and their decoders interpolate between these
samples. The noise of such a photo is not independent from pixel to pixel and from channel to channel, unlike the noise
that colour networks learn to remove, so that they keep it. In each of the stored planes it nearly is independent.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from denoiser.inference import blend, subsampled
from denoiser.inference.blend import Strengths
from denoiser.inference.pixels import Pixels, strips, white_of
from denoiser.metrics.luma import LUMA

SUBSAMPLINGS = {"4:2:0": (2, 2), "4:2:2": (1, 2), "4:4:0": (2, 1), "4:1:1": (1, 4)}
"""Rows and columns that share a chroma sample, by the usual names."""
ROWS = 64
"""Number of rows that are compared at a time."""


def has_equal_channels(pixels: Pixels) -> bool:
    """Whether pixels `(H, W, 3)` have three equal channels; usually decided in the first rows."""
    if pixels.ndim == 2:
        return False
    bands = (pixels[top : top + ROWS] for top in range(0, len(pixels), ROWS))
    return all((rows[..., 0] == rows[..., i]).all() for rows in bands for i in (1, 2))


def denoised(
    pixels: Pixels,
    subsampling: tuple[int, int],
    strengths: Strengths,
    denoise_luma: Callable[[Pixels], Pixels],
    denoise_chroma: Callable[[Pixels], Pixels],
) -> Pixels:
    """Denoise luma and chroma one by one, as they were stored; weights below 1 apply to the whole picture.

    Args:
        pixels: uint8 or uint16 `(H, W, 3)`.
        subsampling: rows and columns that share a chroma sample.
        strengths: at 0 the luma or the chroma stays as it is.
        denoise_luma: from a plane to the same shape and type, at a strength of at least 1.
        denoise_chroma: the same for each of the two others.
    """
    before, white = split(pixels, subsampling), np.float32(white_of(pixels.dtype))
    luma, *stored = before
    if strengths.luma:
        luma = denoise_luma(luma)
    if strengths.chroma:
        stored = [denoise_chroma(plane) for plane in stored]
    result = np.empty_like(pixels)
    for band in strips(*pixels.shape[:2]):
        rows = change(before, (luma, *stored), subsampling, band)
        rows += np.moveaxis(pixels[band], 2, 0) / white
        blend.fill(result[band], pixels[band], rows, float(white), *strengths.weights)
    return result


def split(pixels: Pixels, subsampling: tuple[int, int]) -> tuple[Pixels, Pixels, Pixels]:
    """Luma, and Cb and Cr as they were stored (BT.601, JFIF's full range), with half of white as neutral.

    Means of the pixels that share a sample would be smoothed samples, whose noise networks mistake for texture.

    Args:
        pixels: uint8 or uint16 `(H, W, 3)`.
        subsampling: rows and columns that share a chroma sample.

    Returns:
        Three planes of the same type: `(H, W)`, and twice `(ceil(H / rows), ceil(W / columns))`.
    """
    height, width = pixels.shape[:2]
    rows, columns = subsampling
    low = (-(-height // rows), -(-width // columns))
    luma, blue, red = (np.empty(shape, pixels.dtype) for shape in ((height, width), low, low))
    for band in strips(height, width, rows):
        shared = slice(band.start // rows, -(-band.stop // rows))
        parts = subsampled.planes(pixels, subsampling, band)
        for target, part in zip((luma[band], blue[shared], red[shared]), parts, strict=True):
            target[...] = part.clip(0, white_of(pixels.dtype))
    return luma, blue, red


def change(
    before: tuple[Pixels, ...], after: tuple[Pixels, ...], subsampling: tuple[int, int], band: slice
) -> NDArray[np.float32]:
    """What a change of the planes is in a band of rows of the picture, as a decoder would show it.

    The picture itself, made of its planes again, would be another one: decoders interpolate and round in steps.

    Args:
        before: the planes of `split`.
        after: the same planes, changed.
        subsampling: rows and columns that share a chroma sample.
        band: the rows.

    Returns:
        float32 `(3, h, W)`, 1.0 is white.
    """
    white, width = np.float32(white_of(before[0].dtype)), before[0].shape[1]
    start, stop = band.start // subsampling[0], -(-band.stop // subsampling[0])
    above = min(start, 1)  # a sample more on either side
    inside = slice(band.start - (start - above) * subsampling[0], band.stop - (start - above) * subsampling[0])
    y = _difference(before[0], after[0], band)
    cb, cr = (
        subsampled.enlarged(_difference(*planes, slice(start - above, stop + 1)), subsampling)[inside, :width]
        for planes in zip(before[1:], after[1:], strict=True)
    )
    b, r = y + cb * subsampled.GAIN[0], y + cr * subsampled.GAIN[1]
    g = (y - LUMA[0] * r - LUMA[2] * b) / LUMA[1]
    return np.stack([r, g, b]).astype(np.float32) / white


def _difference(before: Pixels, after: Pixels, rows: slice) -> NDArray[np.float32]:
    return after[rows].astype(np.float32) - before[rows]
