"""The value of white in pictures whose type does not say it: floats, and integers with a sign or of 32 bits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from denoiser.data.images.formats.photo import Photo, Pixels, Refused, strips
from denoiser.inference import exposure

TWELVE_BITS = 4095.0
"""White of 12 bits, as many cameras of microscopes store them in 16."""
FEW = 1e-4
"""Share of pixels that can be hot in a picture of 12 bits; one always can."""


class Levels(NamedTuple):
    """The values in pictures.

    Attributes:
        smallest: of all visible values.
        largest: of all visible values.
        usual: the largest without a few outliers, such as hot pixels or the sun; mostly equal to `largest`.
    """

    smallest: float
    largest: float
    usual: float


def levels(photo: Photo) -> Levels:
    """The levels of a photo, hidden pixels not counted; those of 8 bits are not looked for.

    Raises:
        Refused: a value is NaN or infinite.
    """
    if photo.pixels.dtype == np.uint8:
        return Levels(0.0, photo.white, photo.white)
    floats, not_finite, smallest, largest = photo.pixels.dtype.kind == "f", 0, np.inf, -np.inf
    for rows in strips(*photo.pixels.shape[:2]):
        for values in (photo.pixels, *(() if photo.bands is None else (photo.bands,))) if floats else ():
            finite = np.isfinite(values[rows])
            not_finite += finite.size - int(np.count_nonzero(finite))
        seen = _seen(photo, rows)
        if seen.size and not not_finite:
            smallest, largest = min(smallest, float(seen.min())), max(largest, float(seen.max()))
    if not_finite:
        raise Refused(f"{not_finite} values are NaN or infinite", "replace them by finite numbers")
    if largest < smallest:
        return Levels(0.0, 0.0, 0.0)
    if photo.pixels.dtype == np.uint16 and largest > TWELVE_BITS:
        return Levels(smallest, largest, _usual_of_12_bits(photo, largest))
    return Levels(smallest, largest, exposure.usual(photo.pixels, photo.alpha) if floats and largest > 1 else largest)


def _usual_of_12_bits(photo: Photo, largest: float) -> float:
    """The largest value within 12 bits, where all but few pixels are; else the largest."""
    height, width = photo.pixels.shape[:2]
    usual, hot, most = 0.0, 0, max(1, int(FEW * height * width))
    for rows in strips(height, width):
        values = _seen(photo, rows)
        beyond = values > TWELVE_BITS
        hot += int(np.count_nonzero(beyond.any(axis=-1) if photo.channels == 3 else beyond))
        if hot > most:
            return largest
        usual = max(usual, float(values[~beyond].max(initial=0)))
    return usual


def _seen(photo: Photo, rows: slice) -> Pixels:
    """Some rows of a photo, without what is hidden."""
    return photo.pixels[rows] if photo.alpha is None else photo.pixels[rows][photo.alpha[rows] > 0]


def of_types(found: Iterable[tuple[str, Levels]]) -> dict[str, Levels]:
    """The levels of all pictures of each type together.

    Args:
        found: the type and the levels of each picture.
    """
    together: dict[str, Levels] = {}
    for kind, (smallest, *largest) in found:
        others = together.get(kind, Levels(smallest, *largest))
        together[kind] = Levels(min(smallest, others.smallest), *map(max, largest, others[1:]))
    return together


def type_of(photo: Photo) -> str:
    """The type of a photo's values in its file, such as `int16`."""
    return str(photo.details.encoding.get("stored") or photo.pixels.dtype)


def with_white(photo: Photo, levels: Levels) -> Photo:
    """The photo with its white: 4095 in 16 bits without a larger value, except in PPM files, whose header says white.

    Args:
        photo: its pixels have the levels.
        levels: those of all pictures of its type in its file. In floats white is 1, or the largest usual value.
    """
    if photo.pixels.dtype == np.uint16 and photo.details.format != "PPM" and levels.usual <= TWELVE_BITS:
        few = f", all but a few up to {levels.usual:g}," if levels.usual < levels.largest else ""
        note = f"values up to {levels.largest:g}{few} in 16 bits: {TWELVE_BITS:g} (12 bits) is taken as white"
        return replace(photo, white=TWELVE_BITS, notes=(*photo.notes, note))
    if photo.pixels.dtype.kind != "f":
        return photo
    stored = photo.details.encoding.get("stored", "")
    if "int" in stored:
        note = f"{stored} from {levels.smallest:g} to {levels.largest:g}: the largest is taken as white"
    else:
        note = f"floats up to {levels.largest:g}: the largest is taken as white"
    if levels.usual < levels.largest:
        values, white = stored if "int" in stored else "floats", max(1.0, levels.usual)
        note = f"{values} up to {levels.largest:g}, all but a few up to {white:g}, which is taken as white"
    notes = (note,) if "int" in stored or levels.largest > 1 else ()
    return replace(photo, white=max(1.0, levels.usual), notes=(*photo.notes, *notes))


def exposed(photo: Photo) -> Photo:
    """The photo with the white that a network sees: in floats that of the bulk of their values, not the largest.

    Integers that are held as floats are no scene with a sun, but a range: cells on black are not far beyond the bulk.
    """
    if photo.pixels.dtype.kind != "f" or "int" in photo.details.encoding.get("stored", ""):
        return photo
    return replace(photo, white=exposure.white(photo.pixels, photo.alpha))
