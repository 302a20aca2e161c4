"""Colours of pixels that nobody sees, because their alpha is 0, are replaced before a network sees them.

Editors leave anything there: black, white, or the picture before it was cut out. A network would take the rim for an
edge of the picture, and the colours beyond it for its noise.

Mirroring was the best of what was tried. A disc of 48 pixels radius, cut out of noise of sigma 25 and denoised by
`photo`, has these PSNR in its outer 4 pixels (3 photographs, 3 draws of the noise; in the middle 32.2 to 32.3 dB):

    the picture goes on beyond the rim      31.48 dB, which no fill can know
    mirrored                                30.28
    mirrored and denoised, with new noise   30.25, in two passes
    harmonic, with noise                    30.01
    nearest visible pixel                   28.60
    harmonic, without noise                 27.59, and 27.7 in the middle: a blind network sees little noise
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

MARGIN = 128
"""Rows above and below a band in which visible pixels are looked for; more than networks see."""
BAND = 1 << 20
"""Approximate number of pixels that are filled at a time."""
FOLDS = 8
"""How often a pixel is mirrored at most, until it falls on a visible one."""


def filled(pixels: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any] | None:
    """A copy of a picture whose hidden pixels mirror the visible ones at their border, noise and texture included.

    Each hidden pixel p gets the colour at 2 q - p, where q is the visible pixel next to it; where that is hidden too,
    it is mirrored again. Memory holds the copy and a band of rows.

    Args:
        pixels: `(H, W)` or `(H, W, C)` of any type.
        alpha: `(H, W)`; pixels at which it is 0 or less are hidden.

    Returns:
        The copy; None if no pixel is hidden, or every one is.
    """
    visible = [bool((alpha[rows] > 0).any()) for rows in _bands(alpha)]
    if not any(visible) or all((alpha[rows] > 0).all() for rows in _bands(alpha)):
        return None
    result, blank = pixels.copy(), np.zeros(len(alpha), bool)
    for rows in _bands(alpha):
        top = max(rows.start - MARGIN, 0)
        around = slice(top, rows.stop + MARGIN)
        hidden = ~(alpha[around] > 0)
        inside = slice(rows.start - top, rows.stop - top)
        if hidden.all():
            blank[rows] = True
        elif hidden[inside].any():
            result[rows][hidden[inside]] = pixels[around][_mirrored(hidden, inside)]
    _fill_rows(result, blank)
    return result


def restore(pixels: NDArray[Any], before: NDArray[Any], alpha: NDArray[Any]) -> None:
    """Give the hidden pixels of a denoised picture the colours that they had before, in place."""
    for rows in _bands(alpha):
        hidden = ~(alpha[rows] > 0)
        pixels[rows][hidden] = before[rows][hidden]


def _bands(alpha: NDArray[Any]) -> Iterator[slice]:
    height, width = alpha.shape
    rows = max(2 * MARGIN, BAND // max(1, width))
    return (slice(top, min(top + rows, height)) for top in range(0, height, rows))


def _mirrored(hidden: NDArray[np.bool_], inside: slice) -> tuple[NDArray[Any], ...]:
    """Rows and columns of the visible pixels that stand for the hidden ones in the rows `inside`."""
    from scipy import ndimage

    nearest = ndimage.distance_transform_edt(hidden, return_distances=False, return_indices=True)
    here = np.nonzero(hidden[inside])
    here = (here[0] + inside.start, here[1])
    for _ in range(FOLDS):  # a visible pixel is its own nearest one and stays
        here = tuple(
            _within(2 * side[here] - place, size) for side, place, size in zip(nearest, here, hidden.shape, strict=True)
        )
        if not hidden[here].any():
            return here
    return nearest[0][here], nearest[1][here]


def _within(place: NDArray[Any], size: int) -> NDArray[Any]:
    """Positions beyond a border mirrored at it."""
    place = np.where(place < 0, -1 - place, place)
    return np.clip(np.where(place >= size, 2 * size - 1 - place, place), 0, size - 1)


def _fill_rows(pixels: NDArray[Any], blank: NDArray[np.bool_]) -> None:
    """Rows too far from any visible pixel mirror the others."""
    known, unknown = np.flatnonzero(~blank), np.flatnonzero(blank)
    place = np.searchsorted(known, unknown)  # the number of known rows above
    below = place < len(known)
    above = place > 0
    distance_above = unknown - known[np.maximum(place - 1, 0)]
    distance_below = known[np.minimum(place, len(known) - 1)] - unknown
    from_above = above & (~below | (distance_above <= distance_below))
    rank = np.where(from_above, place - distance_above, place + distance_below - 1) % (2 * len(known))
    source = known[np.where(rank < len(known), rank, 2 * len(known) - 1 - rank)]
    for row, other in zip(unknown, source, strict=True):
        pixels[row] = pixels[other]
