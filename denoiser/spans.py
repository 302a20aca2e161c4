"""Where the tiles of a picture lie along one of its sides, and how they fade into one another."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from denoiser.errors import DenoiserError

BAND_BYTES = 250 * 10**6
"""For the float32 rows of one row of tiles; only pictures of more than 15,000 columns get lower tiles by it."""


class Span(NamedTuple):
    """One tile along one side, in pixels of the picture.

    Attributes:
        start: of what the network is given.
        stop: of what the network is given.
        first: of its share of the output.
        last: of its share of the output, exclusive.
        rise: pixels from `first` on over which it fades in; 0 where nothing comes before.
        fall: pixels up to `last` over which it fades out; 0 where nothing comes after.
    """

    start: int
    stop: int
    first: int
    last: int
    rise: int
    fall: int

    def weights(self) -> Tensor:
        """Float32 `(last - first,)`; those of neighbours sum to 1."""
        weights = torch.ones(self.last - self.first)
        if self.rise:
            weights[: self.rise] = rising(self.rise)
        if self.fall:
            weights[-self.fall :] = 1 - rising(self.fall)
        return weights


def rising(length: int) -> Tensor:
    """From 0 to 1 over so many pixels, flat at both ends."""
    x = (torch.arange(length) + 0.5) / length
    return x * x * (3 - 2 * x)


def margin_for(reach: int, multiple: int) -> int:
    """The least margin that keeps what is used at least `reach` pixels from artificial borders."""
    return -(-8 * reach // (7 * multiple)) * multiple


def smallest(margin: int, multiple: int) -> int:
    """The shortest tile that leaves its neighbours room to fade."""
    return 3 * -(-margin // multiple) * multiple + 2 * multiple


def check_tile(tile: int, least: int) -> None:
    """Refuse a tile that is shorter than the least.

    Raises:
        DenoiserError: it is.
    """
    if tile < least:
        raise DenoiserError(f"a tile of {tile} is too small for how far the model looks (--tile)", f"--tile {least}")


def padded(side: int, multiple: int) -> int:
    """What a network makes of a side: one row becomes eight where its multiple is 8."""
    return -(-side // multiple) * multiple


def sides(channels: int, height: int, width: int, tile: int, least: int, multiple: int = 1) -> tuple[int, int]:
    """Height and width of a picture's tiles: padded, of one area, `tile` squared, also where the picture is narrower.

    Args:
        channels: of the picture.
        height: of the picture.
        width: of the picture.
        tile: side of a square tile.
        least: shortest side, unless the picture's is shorter.
        multiple: that the network pads sides to.
    """
    area, least = tile * tile, padded(least, multiple)
    high, broad = padded(height, multiple), padded(width, multiple)
    if high * broad <= area:
        return height, width
    rows = min(high, area // min(broad, tile), BAND_BYTES // (4 * channels * width))
    tall = min(high, max(rows // multiple * multiple, least))
    wide = min(broad, max(area // padded(tall, multiple) // multiple * multiple, least))
    return min(height, tall), min(width, wide)


def spans(size: int, tile: int, margin: int, multiple: int, first: int = 0) -> list[Span]:
    """Cover the pixels from `first` to `size` with tiles of equal lengths, in equal steps, so that none is a sliver.

    Tiles start at multiples of `multiple`, since networks that change the resolution see a picture shifted by less
    as another one, and end so or at the picture's end, where the network pads as it would pad the picture. Two
    tiles overlap by at least twice the margin and fade over a quarter of it in the middle, so that nothing is used that
    lies nearer to an artificial border than seven eighths of the margin (`margin_for`).

    Args:
        size: of the picture.
        tile: length of a tile at most, but not below `smallest`; rounded up to `multiple`, as the picture's sides are.
        margin: least distance from an artificial border to the middle of a seam.
        multiple: of the network.
        first: the first pixel that is wanted.
    """
    edge = -(-margin // multiple)
    origin = max(0, first // multiple - edge)
    total, longest = -(-size // multiple) - origin, -(-max(tile, smallest(margin, multiple)) // multiple)
    count = 1 if total <= longest else -(-(total - 2 * edge) // (longest - 2 * edge))
    length = -(-(total + (count - 1) * 2 * edge) // count)
    starts = [(origin + index * (total - length) // max(count - 1, 1)) * multiple for index in range(count)]
    stops = [min(start + length * multiple, size) for start in starts]
    fade = edge * multiple // 8
    seams = [(start + stop) // 2 for start, stop in zip(starts[1:], stops, strict=False)]
    return [
        Span(
            starts[index],
            stops[index],
            seams[index - 1] - fade if index else first,
            seams[index] + fade if index < len(seams) else size,
            2 * fade if index else 0,
            2 * fade if index < len(seams) else 0,
        )
        for index in range(count)
    ]
