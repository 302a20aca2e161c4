"""Where the tiles of a picture lie along one of its sides, and how they fade into one another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from denoiser.errors import DenoiserError

BAND_BYTES = 250 * 10**6
"""For the float32 rows of one row of tiles; only pictures of more than 15,000 columns get lower tiles by it."""
CPU_BYTES = 1800 * 10**6
"""Of a CPU's memory for a picture, its result, a decoder's or encoder's copy, a row of tiles and a tile."""
LEAST_BYTES = CPU_BYTES // 8
"""Of that for a tile, however large the picture: what tiles compute twice grows without bound as they shrink."""


@dataclass(frozen=True)
class Tiling:
    """How pictures are cut.

    Attributes:
        tile: side of the square that the network is given at most, in pixels; tiles have its area, not its shape.
        margin: pixels from an artificial border to the middle of a seam.
        multiple: that tiles start at.
        cost: bytes for each pixel of a tile, where it shares `CPU_BYTES` with the picture; 0 where it does not.
    """

    tile: int
    margin: int
    multiple: int = 1
    cost: float = 0

    @property
    def smallest(self) -> int:
        """The least `tile`."""
        return max(64, smallest(self.margin, self.multiple))

    def beside(self, image: Tensor) -> int:
        """The `tile` that there is room for beside a picture."""
        if not self.cost:
            return self.tile
        rows, pictures = min(BAND_BYTES, 4 * image.numel()), 3 * image.numel() * image.element_size()
        room = max(CPU_BYTES - rows - pictures, LEAST_BYTES)
        return max(self.smallest, min(self.tile, math.isqrt(int(room / self.cost))))


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

    def meet(self, part: Tensor, faded: Tensor) -> Tensor:
        """Let a share of the output, along its last side, fade in over the faded end of the one before it, in place.

        Returns:
            The end of this one, faded, for the next.
        """
        start, end = part[..., : self.rise], part[..., part.shape[-1] - self.fall :]
        if self.rise:
            start *= rising(self.rise)
            start += faded
        return end * (1 - rising(self.fall))


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


def sides(
    channels: int, height: int, width: int, tile: int, least: int, margin: int = 0, multiple: int = 1
) -> tuple[int, int]:
    """Height and width of a picture's tiles: of `tile` squared at most, and of the shape that computes least twice.

    Args:
        channels: of the picture.
        height: of the picture.
        width: of the picture.
        tile: side of a square tile.
        least: shortest side, unless the picture's is shorter.
        margin: of `spans`.
        multiple: that the network pads sides to.
    """
    high, broad, least, edge = (-(-side // multiple) for side in (height, width, least, margin))
    area, rows = tile * tile // multiple**2, BAND_BYTES // (4 * channels * width * multiple)
    if high * broad <= area:
        return height, width
    shapes = []
    for count in range(1, broad + 1):
        wide = max(_shared(broad, count, edge), min(least, broad))
        most = max(min(area // wide, rows), min(least, high))
        tall = max(_shared(high, _count(high, most, edge), edge), min(least, high))
        if tall * wide <= area or wide <= least:
            tiles = _count(high, tall, edge), _count(broad, wide, edge)
            computed = math.prod(tiles) * _shared(high, tiles[0], edge) * _shared(broad, tiles[1], edge)
            shapes.append((computed, math.prod(tiles), tall + wide, tall, wide))
        if wide <= least:
            break
    *_, tall, wide = min(shapes)  # the fewest pixels, of those the fewest tiles, of those the squarest
    return min(height, tall * multiple), min(width, wide * multiple)


def _count(total: int, longest: int, edge: int) -> int:
    """How many tiles of that length at most cover a side."""
    return 1 if total <= longest else -(-(total - 2 * edge) // (longest - 2 * edge))


def _shared(total: int, count: int, edge: int) -> int:
    """Length of so many tiles that cover a side."""
    return -(-(total + (count - 1) * 2 * edge) // count)


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
    count = _count(total, longest, edge)
    length = _shared(total, count, edge)
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
