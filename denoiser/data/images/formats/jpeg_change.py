"""What a change of a JPEG's pixels is in its quantised coefficients: where no pixel changes, they stay.

change            pixels - decoder's pixels, converted to Y, Cb, Cr
Y                 source's Y + change
Cb, Cr            means of (source's + change), as encoders make them; but a shared sample moves no further from the
                  source's than `FACTOR` times its pixels and their neighbours do
coefficients      source's + transform of these differences / quantisation steps, rounded

Means of a decoder's pixels are not the stored samples: each cycle of means loses sharpness. Where no pixel changes, the
stored samples are kept; where noise is removed, means are nearer to the clean picture.

Where a sample changes, it is taken as decoders show it: as an integer from 0 to 255. The blocks end beyond the picture;
there the last change is repeated.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from denoiser.data.images.formats.jpeg_coefficients import Plane, extended, limited, to_blocks, to_plane, transform
from denoiser.data.images.formats.jpeg_scans import Coefficients
from denoiser.data.images.formats.jpeg_segments import BLOCK, Frame
from denoiser.data.images.formats.photo import NOT_SUBSAMPLED, Pixels, strips
from denoiser.inference import subsampled
from denoiser.metrics.luma import LUMA

FACTOR = 1.25
"""Real pairs of quality 75 prefer means, photographs with synthetic noise the source's samples: experiments/photos."""
_LOW, _HIGH = -128, 127
"""Samples of 0 and 255, as blocks hold them."""


def apply(components: Sequence[Coefficients], frame: Frame, before: Pixels, pixels: Pixels, in_rgb: bool) -> None:
    """Change the coefficients of a picture in place.

    Args:
        components: the coefficients.
        frame: the frame.
        before: uint8 `(H, W)` or `(H, W, 3)`: what decoders show of them.
        pixels: of the same shape: what they shall show, as near as the quantisation steps allow.
        in_rgb: whether the components are R, G and B.
    """
    shares = [(frame.down // part.down, frame.across // part.across) for part in frame.components]
    shared = {i: _Shared(before.shape[:2], share) for i, share in enumerate(shares) if share != NOT_SUBSAMPLED}
    for strip in strips(before.shape[0], before.shape[1], BLOCK * frame.down):
        rows = slice(strip.start // BLOCK, -(-strip.stop // BLOCK))
        for i, change in enumerate(_changes(before[strip], pixels[strip], in_rgb)):
            if i in shared:
                shared[i].add(strip, change)
            else:
                _add(components[i][rows], frame.components[i].quantisation, change)
    for i, samples in shared.items():
        samples.apply(components[i], frame.components[i].quantisation)


def _changes(before: Pixels, pixels: Pixels, in_rgb: bool) -> list[Plane]:
    """The change of each component at every pixel, `(h, W)`."""
    change = pixels.astype(np.float32) - before
    if change.ndim == 2:
        return [change]
    planes = [np.ascontiguousarray(change[..., i]) for i in range(3)]
    if in_rgb:
        return planes
    luma: Plane = sum(np.float32(gain) * plane for gain, plane in zip(LUMA, planes, strict=True))  # type: ignore
    blue, red = ((planes[i] - luma) / np.float32(gain) for i, gain in zip((2, 0), subsampled.GAIN, strict=True))
    return [luma, blue, red]


def _add(blocks: Coefficients, quantisation: Sequence[int], change: Plane) -> None:
    """Add a change of samples `(h, w)` to the blocks of these rows, in those that it is in."""
    difference = to_blocks(extended(change, *blocks.shape[:2]))
    changed = difference.any(axis=2)
    if not changed.any():
        return
    matrix, steps, difference = transform(), np.array(quantisation, np.float32), difference[changed]
    coefficients = blocks[changed].astype(np.float32)
    samples = _samples(coefficients, steps)
    difference += (_shown(samples) - samples) * (difference != 0)
    blocks[changed] = limited(coefficients + difference @ (matrix / steps))


def _samples(coefficients: Plane, steps: Plane) -> Plane:
    samples: Plane = np.multiply(coefficients, steps, dtype=np.float32) @ transform().T
    return samples


def _shown(samples: Plane) -> Plane:
    """Samples as decoders round them, halves up, and clip them before they convert them to RGB."""
    shown: Plane = np.floor(samples + np.float32(0.5)).clip(_LOW, _HIGH)
    return shown


def _largest_near(values: Plane) -> Plane:
    """The largest of each value and its eight neighbours."""
    for axis in (0, 1):
        lines = np.moveaxis(values, axis, 0)
        framed = np.concatenate([lines[:1], lines, lines[-1:]])
        values = np.moveaxis(np.maximum(np.maximum(framed[:-2], lines), framed[2:]), 0, axis)
    return values


class _Shared:
    """The change of a component of which several pixels share a sample.

    Args:
        size: height and width of the picture.
        counts: rows and columns that share a sample.
    """

    def __init__(self, size: tuple[int, int], counts: tuple[int, int]) -> None:
        shape = tuple(-(-side // count) for side, count in zip(size, counts, strict=True))
        self._counts, self._means, self._largest = counts, np.empty(shape, np.float32), np.empty(shape, np.float32)

    def add(self, rows: slice, change: Plane) -> None:
        """Take the change of some rows of pixels."""
        count = self._counts[0]
        rows = slice(rows.start // count, -(-rows.stop // count))
        self._means[rows] = subsampled.means(change, self._counts)
        self._largest[rows] = subsampled.largest(np.abs(change), self._counts)

    def apply(self, blocks: Coefficients, quantisation: Sequence[int]) -> None:
        """Change the blocks, once all rows are known."""
        if not self._largest.any():
            return
        matrix, steps = transform(), np.array(quantisation, np.float32)
        limit = extended(FACTOR * _largest_near(self._largest), *blocks.shape[:2])
        coefficients = blocks.astype(np.float32)
        samples = to_plane(_samples(coefficients, steps))
        shown = _shown(samples)
        change = (extended(self._means, *blocks.shape[:2]) + self._smoothing(shown)).clip(-limit, limit)
        change += (shown - samples) * (limit > 0)
        blocks[...] = limited(coefficients + to_blocks(change) @ (matrix / steps))

    def _smoothing(self, samples: Plane) -> Plane:
        """What a decoder's interpolation, which takes a quarter of the neighbour, and an encoder's means change."""
        smooth = samples
        for axis, count in enumerate(self._counts):
            if count == 2 and max(self._counts) == 2:
                lines = np.moveaxis(smooth, axis, 0)
                framed = np.concatenate([lines[:1], lines, lines[-1:]])
                smooth = np.moveaxis((framed[:-2] + 6 * lines + framed[2:]) / 8, 0, axis)
        return smooth - samples
