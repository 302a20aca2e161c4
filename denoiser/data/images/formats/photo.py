"""What a picture file holds, decoded at its full depth and upright."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]

STRIP = 1 << 20
"""Pixels, about, that are copied or made floats at a time."""


def strips(height: int, width: int, multiple: int = 1) -> Iterator[slice]:
    """Slices of rows, from top to bottom, of about `STRIP` pixels each, for work whose copies must stay small.

    All but the last have a multiple of so many rows.
    """
    rows = max(1, STRIP // max(1, width) // multiple) * multiple
    return (slice(top, min(top + rows, height)) for top in range(0, height, rows))


class Refused(Exception):
    """A picture that is not read; the reader adds the file's name.

    Args:
        what: what is wrong with the file.
        fix: one thing that mends it.
    """

    def __init__(self, what: str, fix: str = "replace or remove that file") -> None:
        """Keep what is wrong, and what mends it."""
        super().__init__(what)
        self.fix = fix


@dataclass(frozen=True)
class Header:
    """What is known of a picture without decoding its pixels.

    Attributes:
        height: in pixels, upright.
        width: in pixels, upright.
        channels: 1 (grey) or 3 (colour), alpha not counted.
        bits: of a channel as `read` gives it: 8, 16 or 32 (float32; 64 for float64).
        format: `PNG`, `JPEG`, `TIFF`, `WEBP`, `BMP`, `GIF` or `PPM`, whatever the file's name says.
        alpha: whether there is an alpha channel.
    """

    height: int
    width: int
    channels: int
    bits: int
    format: str
    alpha: bool = False


@dataclass(frozen=True)
class Details:
    """All that a picture file holds besides pixels and must hold again.

    Attributes:
        format: as in `Header`.
        exif: the EXIF block from its TIFF header on, its orientation 1; None where there is none.
        icc: the colour profile.
        xmp: the XMP packet, its orientation 1.
        dpi: dots per inch, horizontal and vertical.
        encoding: what the format needs to be written as it was, each format's own: see `read` in its module. Only
            that format heeds it.
        shared: rows and columns of the picture, upright, that share a sample of chroma: (2, 2) in 4:2:0.
    """

    format: str
    exif: bytes | None = None
    icc: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    encoding: Mapping[str, Any] = field(default_factory=dict)
    shared: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class Photo:
    """A picture at its full depth.

    Attributes:
        pixels: `(H, W)` grey or `(H, W, 3)` RGB, upright; uint8, uint16, float32 or float64.
        white: the value of white: 255, 65535, and of floats 1.0, or the largest value where that is above 1.
        details: what is written back with the pixels.
        alpha: `(H, W)` of the same type as the pixels; None where there is none.
        notes: what a user wants to be told of, such as a conversion from CMYK.
    """

    pixels: Pixels
    white: float
    details: Details
    alpha: Pixels | None = None
    notes: tuple[str, ...] = ()

    @property
    def header(self) -> Header:
        """Of this picture as it is in memory."""
        height, width = self.pixels.shape[:2]
        bits = self.pixels.dtype.itemsize * 8
        return Header(height, width, self.channels, bits, self.details.format, self.alpha is not None)

    @property
    def channels(self) -> int:
        """1 or 3."""
        return 1 if self.pixels.ndim == 2 else self.pixels.shape[2]

    @property
    def megapixels(self) -> float:
        """Millions of pixels."""
        return float(self.pixels.shape[0] * self.pixels.shape[1] / 1e6)

    def with_pixels(self, pixels: Pixels) -> Photo:
        """The same picture with other pixels.

        Raises:
            ValueError: their shape or type differs.
        """
        if pixels.shape != self.pixels.shape or pixels.dtype != self.pixels.dtype:
            raise ValueError(
                f"pixels {pixels.dtype} {pixels.shape} in place of {self.pixels.dtype} {self.pixels.shape}"
            )
        return replace(self, pixels=np.ascontiguousarray(pixels))
