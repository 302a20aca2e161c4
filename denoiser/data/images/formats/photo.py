"""A picture file's content, decoded at its full depth and upright."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from denoiser.inference.pixels import STRIP as STRIP
from denoiser.inference.pixels import Pixels as Pixels
from denoiser.inference.pixels import strips as strips
from denoiser.inference.pixels import white_of as white_of

COPY_AGAIN = "copy that file again from where it came from"
"""What solves a damaged file."""
NOT_SUBSAMPLED = (1, 1)
"""Chroma subsampling of a picture that has a chroma sample for every pixel."""


class Refused(Exception):
    """A picture that cannot be read; the reader adds the file's name.

    Args:
        what: what is wrong with the file.
        fix: one action that solves it.
    """

    def __init__(self, what: str, fix: str = COPY_AGAIN) -> None:
        """Keep the error and its fix."""
        super().__init__(what)
        self.fix = fix


def refuse_animation(frames: int) -> None:
    """Refuse a file of several frames.

    Raises:
        Refused: there is more than one.
    """
    if frames > 1:
        raise Refused(f"an animation of {frames} pictures", "save the picture that you want as a PNG")


@dataclass(frozen=True)
class Header:
    """What is known of a picture without decoding its pixels.

    Attributes:
        height: in pixels, upright.
        width: in pixels, upright.
        channels: 1 (grey) or 3 (colour), alpha not counted.
        bits: of a channel once it is read: 8, 16 or 32 (float32; 64 for float64).
        format: `PNG`, `JPEG`, `TIFF`, `WEBP`, `BMP`, `GIF`, `PPM` or `NPY`, by the file's content.
        alpha: whether there is an alpha channel.
        subsampling: rows and columns of the picture, upright, that share a chroma sample: (2, 2) in 4:2:0.
        bands: number of bands beyond colour and alpha.
        stored: the type of a file's samples that are read as floats, such as `int16`; empty where it is the same.
    """

    height: int
    width: int
    channels: int
    bits: int
    format: str
    alpha: bool = False
    subsampling: tuple[int, int] = NOT_SUBSAMPLED
    bands: int = 0
    stored: str = ""

    @property
    def bytes(self) -> int:
        """Size of all values in memory."""
        return self.height * self.width * (self.channels + self.alpha + self.bands) * self.bits // 8


@dataclass(frozen=True)
class Details:
    """What a picture file holds besides pixels; it is written again with the denoised pixels.

    Attributes:
        format: as in `Header`.
        exif: the EXIF block from its TIFF header on, with orientation 1; None if there is none.
        icc: the colour profile.
        xmp: the XMP packet, with orientation 1.
        dpi: dots per inch, horizontal and vertical.
        encoding: what is needed to write the file in the way it was encoded: see `header` in the module of each
            format. Other formats ignore it.
        subsampling: as in `Header`.
    """

    format: str
    exif: bytes | None = None
    icc: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    encoding: Mapping[str, Any] = field(default_factory=dict)
    subsampling: tuple[int, int] = NOT_SUBSAMPLED


@dataclass(frozen=True)
class Photo:
    """A picture at its full depth.

    Attributes:
        pixels: `(H, W)` grey or `(H, W, 3)` RGB, upright; uint8, uint16, float32 or float64.
        white: the value of white: 255, 65535, and for floats 1.0, or the largest value where that is above 1.
        details: what is written again with the pixels.
        alpha: `(H, W)` of the same type as the pixels; None if there is none.
        notes: remarks for the user, such as a conversion from CMYK.
        bands: `(H, W, N)` of the same type as the pixels: bands beyond colour that are no alpha channel, such as near
            infrared; None if there are none.
    """

    pixels: Pixels
    white: float
    details: Details
    alpha: Pixels | None = None
    notes: tuple[str, ...] = ()
    bands: Pixels | None = None

    @property
    def header(self) -> Header:
        """The header of this picture as it is in memory."""
        height, width = self.pixels.shape[:2]
        bits, details = self.pixels.dtype.itemsize * 8, self.details
        alpha, bands = self.alpha is not None, 0 if self.bands is None else self.bands.shape[2]
        stored = details.encoding.get("stored", "") if self.pixels.dtype.kind == "f" else ""
        return Header(height, width, self.channels, bits, details.format, alpha, details.subsampling, bands, stored)

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
