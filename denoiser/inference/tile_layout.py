"""Where the tiles of a picture lie along each of its sides, and how they are blended into one another.

The network is given a *tile*. Neighbouring tiles share an *overlap*: near the end of a tile the network misses the
pixels beyond it. Of a tile's output only the *core* is used. Two cores share the *blend*, an eighth of the overlap in
its middle, over which one tile fades out and the next fades in. Here a side of 88 pixels has tiles of 60 with an
overlap of 32, a character for each pixel: `=` and `%` are the core, `%` is the blend, `.` is output that is not used::

    tile 0  ==========================================%%%%..............
    tile 1                              ..............%%%%==========================================

The tiles of a picture are those of its height times those of its width. The cores of a row of tiles are blended from
left to right into a band, and the bands from top to bottom into the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from denoiser.errors import DenoiserError

BAND_BYTES = 250 * 10**6
"""Memory of a band in float32, in bytes; only pictures of more than 15,000 columns get lower tiles by it."""
CPU_BYTES = 1800 * 10**6
"""Memory on a CPU for a picture, its result, a copy of a decoder or encoder, a band and a tile, in bytes."""
LEAST_BYTES = CPU_BYTES // 8
"""Part of `CPU_BYTES` that a tile gets however large the picture is: small tiles compute the overlaps too often."""


@dataclass(frozen=True)
class Tiling:
    """Size and overlap of the tiles of any picture.

    Attributes:
        tile: a tile has at most `tile` squared pixels; its shape may be other than square.
        overlap: number of pixels that neighbouring tiles share at least.
        multiple: tiles start at multiples of this number of pixels.
        cost: memory in bytes for each pixel of a tile, where it shares `CPU_BYTES` with the picture; else 0.
    """

    tile: int
    overlap: int
    multiple: int = 1
    cost: float = 0

    @property
    def smallest(self) -> int:
        """Smallest allowed `tile`."""
        return max(64, smallest_tile(self.overlap, self.multiple))

    def tile_beside(self, image: Tensor) -> int:
        """The `tile` for which there is memory beside a picture."""
        if not self.cost:
            return self.tile
        band, pictures = min(BAND_BYTES, 4 * image.numel()), 3 * image.numel() * image.element_size()
        tile_bytes = max(CPU_BYTES - band - pictures, LEAST_BYTES)
        return max(self.smallest, min(self.tile, math.isqrt(int(tile_bytes / self.cost))))


class Span(NamedTuple):
    """A tile along one side of the picture, in pixels from the side's start; stops are exclusive.

    Attributes:
        start: start of the tile.
        stop: stop of the tile.
        core_start: start of the core.
        core_stop: stop of the core.
        blend_in: length of the blend with the tile before; 0 for the first tile.
        blend_out: length of the blend with the tile after; 0 for the last tile.
    """

    start: int
    stop: int
    core_start: int
    core_stop: int
    blend_in: int
    blend_out: int

    @property
    def tile(self) -> slice:
        """The tile's pixels in the picture."""
        return slice(self.start, self.stop)

    @property
    def core_in_tile(self) -> slice:
        """The core's pixels in the tile."""
        return slice(self.core_start - self.start, self.core_stop - self.start)


def blend(core: Tensor, end: Tensor, span: Span) -> Tensor:
    """Add the faded end of the core before to a core, in place, along the last dimension.

    Args:
        core: the core of `span`; it is faded in over `span.blend_in` pixels.
        end: what this function returned for the core before.
        span: the tile.

    Returns:
        The last `span.blend_out` pixels of this core, faded out, for the next core.
    """
    if span.blend_in:
        start = core[..., : span.blend_in]
        start *= blend_weights(span.blend_in)
        start += end
    return core[..., core.shape[-1] - span.blend_out :] * (1 - blend_weights(span.blend_out))


def blend_weights(length: int) -> Tensor:
    """Weights from 0 to 1 over a blend's length, flat at both ends."""
    x = (torch.arange(length) + 0.5) / length
    return x * x * (3 - 2 * x)


def overlap_for(radius: int, multiple: int) -> int:
    """The smallest overlap that keeps the core at least `radius` pixels from artificial borders."""
    return 2 * -(-8 * radius // (7 * multiple)) * multiple


def smallest_tile(overlap: int, multiple: int) -> int:
    """The shortest tile whose blends at both ends stay apart."""
    return 3 * _half_cells(overlap, multiple) * multiple + 2 * multiple


def check_tile(tile: int, smallest: int) -> None:
    """Refuse a tile that is too small.

    Raises:
        DenoiserError: `tile` is below `smallest`.
    """
    if tile < smallest:
        what = f"a tile of {tile} is smaller than the model's receptive field allows (--tile)"
        raise DenoiserError(what, f"--tile {smallest}")


def tile_shape(
    channels: int, height: int, width: int, tile: int, smallest: int, overlap: int = 0, multiple: int = 1
) -> tuple[int, int]:
    """Height and width of a picture's tiles: at most `tile` squared pixels, in the shape that computes the fewest.

    Args:
        channels: number of channels of the picture.
        height: height of the picture in pixels.
        width: width of the picture in pixels.
        tile: side of a square tile in pixels.
        smallest: shortest side of a tile, unless the picture's is shorter.
        overlap: see `spans`.
        multiple: the network pads sides to multiples of this number of pixels.
    """
    # All in cells of `multiple` pixels.
    rows, columns, smallest = (-(-side // multiple) for side in (height, width, smallest))
    half, area = _half_cells(overlap, multiple), tile * tile // multiple**2
    band_rows = BAND_BYTES // (4 * channels * width * multiple)
    if rows * columns <= area:
        return height, width
    shapes = []
    for count in range(1, columns + 1):
        wide = max(_tile_length(columns, count, half), min(smallest, columns))
        tallest = max(min(area // wide, band_rows), min(smallest, rows))
        tall = max(_tile_length(rows, _tile_count(rows, tallest, half), half), min(smallest, rows))
        if tall * wide <= area or wide <= smallest:
            counts = _tile_count(rows, tall, half), _tile_count(columns, wide, half)
            lengths = _tile_length(rows, counts[0], half), _tile_length(columns, counts[1], half)
            shapes.append((math.prod(counts) * math.prod(lengths), math.prod(counts), tall + wide, tall, wide))
        if wide <= smallest:
            break
    *_, tall, wide = min(shapes)  # the fewest pixels, of those the fewest tiles, of those the squarest
    return min(height, tall * multiple), min(width, wide * multiple)


def spans(size: int, tile: int, overlap: int, multiple: int, first: int = 0) -> list[Span]:
    """Cover the pixels from `first` to `size` with tiles of equal lengths in equal steps; no tile is very narrow.

    Tiles start at multiples of `multiple`: networks that change the resolution give another result for a picture that
    is shifted by less. They end at such multiples too, or at the picture's end, where the network pads as it would
    pad the picture. No core comes nearer to an artificial border than seven sixteenths of the overlap (`overlap_for`).

    Args:
        size: side of the picture in pixels.
        tile: longest tile in pixels, at least `smallest_tile`; rounded up to `multiple`, as the picture's sides are.
        overlap: number of pixels that neighbouring tiles share at least; rounded up to twice `multiple`.
        multiple: the network pads sides to multiples of this number of pixels.
        first: the first pixel that is needed.
    """
    half = _half_cells(overlap, multiple)
    origin = max(0, first // multiple - half)
    total, longest = -(-size // multiple) - origin, -(-max(tile, smallest_tile(overlap, multiple)) // multiple)
    count = _tile_count(total, longest, half)
    length = _tile_length(total, count, half)
    starts = [(origin + index * (total - length) // max(count - 1, 1)) * multiple for index in range(count)]
    stops = [min(start + length * multiple, size) for start in starts]
    half_blend = half * multiple // 8
    middles = [(start + stop) // 2 for start, stop in zip(starts[1:], stops, strict=False)]
    core_starts = [first, *(middle - half_blend for middle in middles)]
    core_stops = [*(middle + half_blend for middle in middles), size]
    blends = [0, *(2 * half_blend for _ in middles), 0]
    return list(map(Span, starts, stops, core_starts, core_stops, blends, blends[1:]))


def _half_cells(overlap: int, multiple: int) -> int:
    """Half of an overlap in cells of `multiple` pixels, rounded up."""
    return -(-overlap // (2 * multiple))


def _tile_count(total: int, longest: int, half: int) -> int:
    """Number of tiles of at most `longest` that cover a side of `total`; the overlap is twice `half`."""
    return 1 if total <= longest else -(-(total - 2 * half) // (longest - 2 * half))


def _tile_length(total: int, count: int, half: int) -> int:
    """Length of `count` tiles that cover a side of `total`; the overlap is twice `half`."""
    return -(-(total + (count - 1) * 2 * half) // count)
