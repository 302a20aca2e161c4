"""Random numbers for the pictures of a batch, each from a stream of its own.

What a picture gets depends on the seed of its stream alone. The other pictures of the batch, their number and their
order change nothing, so that a training has the same noise for any batch size, worker, process and number of devices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import cast

import torch
from torch import Tensor

from denoiser.noise.base import Noise

BRANCH = 0xD6E8FEB86659FD93
"""Odd factor that takes a seed to that of a stream which branches off."""
STEP = 0x9E3779B97F4A7C15
"""Odd number by which the seeds of two successive draws of a stream differ: 2^64 divided by the golden ratio."""


class Streams:
    """A stream of random numbers for each picture of a batch, where a `torch.Generator` has one for all.

    The k-th draw of a stream is a function of its seed and of k. torch's generator is set to a new seed for each
    picture and draw: that takes about a microsecond on the CPU.

    Args:
        seeds: a seed for each picture.
        device: where the numbers are made; they differ between kinds of devices.

    >>> first, second = Streams([5, 6, 7]), Streams([6])
    >>> normal((3, 2), first)[1].equal(normal((1, 2), second)[0])
    True
    """

    def __init__(self, seeds: Sequence[int], device: torch.device | str = "cpu") -> None:
        self.seeds, self.device, self.draws = list(seeds), torch.device(device), 0
        self._generator = torch.Generator(self.device)

    def generators(self) -> Iterator[torch.Generator]:
        """A generator at the next draw of each stream, picture by picture; use one before you take the next."""
        self.draws += 1
        for seed in self.seeds:
            yield self._generator.manual_seed((seed + self.draws * STEP) % 2**64)

    def fill(self, values: Tensor, draw: Callable[[Tensor, torch.Generator], object]) -> Tensor:
        """Fill `values` `(B, ...)` in place: `draw` writes the part `(...)` of each picture."""
        for part, generator in zip(values.unbind(), self.generators(), strict=True):
            draw(part, generator)
        return values

    def select(self, chosen: Tensor) -> Streams:
        """Streams for the pictures with the indices `chosen` `(n,)`; they draw other numbers than these do.

        Until these draw again, a picture gets the same stream each time.
        """
        seeds = [(self.seeds[i] + self.draws * STEP) * BRANCH % 2**64 for i in chosen.tolist()]
        return Streams(seeds, self.device)


Source = torch.Generator | Streams
"""What random numbers are drawn from."""


def normal(shape: Sequence[int], source: Source, device: torch.device | None = None) -> Tensor:
    """Standard normal numbers.

    Args:
        shape: shape of the result; of streams, `shape[0]` is their number.
        source: what the numbers are drawn from.
        device: where the result is, by default that of the source.
    """
    values = torch.empty(*shape, device=device or source.device)
    if isinstance(source, Streams):
        return source.fill(values, lambda part, g: part.normal_(generator=g))
    return values.normal_(generator=source)


def uniform(shape: Sequence[int], source: Source, device: torch.device | None = None) -> Tensor:
    """Numbers uniform in [0, 1), with the arguments of `normal`."""
    values = torch.empty(*shape, device=device or source.device)
    if isinstance(source, Streams):
        return source.fill(values, lambda part, g: part.uniform_(generator=g))
    return values.uniform_(generator=source)


def integers(below: int, shape: Sequence[int], source: Source) -> Tensor:
    """Whole numbers from 0 to `below` - 1, int64, as `normal`."""
    if isinstance(source, Streams):
        values = torch.empty(*shape, dtype=torch.int64, device=source.device)
        return source.fill(values, lambda part, g: part.random_(below, generator=g))
    return torch.randint(below, tuple(shape), generator=source, device=source.device)


def poisson(expected: Tensor, source: Source) -> Tensor:
    """Poisson numbers whose expected values are `expected` `(B, ...)`, contiguous."""
    if isinstance(source, Streams):
        return source.fill(expected.clone(), lambda part, g: part.copy_(torch.poisson(part, generator=g)))
    return torch.poisson(expected, generator=source)


def choices(shares: Tensor, n: int, source: Source) -> Tensor:
    """`(n,)` indices, int64, each drawn with a chance in proportion to its share."""
    if isinstance(source, Streams):
        values = torch.empty(n, dtype=torch.int64, device=source.device)
        return source.fill(values, lambda part, g: part.copy_(torch.multinomial(shares, 1, generator=g)[0]))
    return torch.multinomial(shares, n, replacement=True, generator=source)


def draw_pairs(noise: Noise, pictures: Tensor, streams: Streams) -> tuple[Tensor, Tensor, Tensor]:
    """Training pairs, each picture's from its own stream.

    A noise whose class says `takes_streams` makes them all at once; any other gets one picture at a time, and a
    `torch.Generator` for it.

    Args:
        noise: the noise.
        pictures: clean pictures, float `(B, C, H, W)`.
        streams: B streams.

    Returns:
        Noisy pictures and their targets, see `Noise.pair`, and their levels `(B,)`.
    """
    if vars(type(noise)).get("takes_streams", False):  # not inherited: a subclass may draw in its own way
        source = cast(torch.Generator, streams)
        level = noise.draw_levels(len(pictures), source)
        return *noise.pair(pictures, level, source), level
    pairs = []
    for picture, generator in zip(torch.split(pictures, 1), streams.generators(), strict=True):
        level = noise.draw_levels(1, generator)
        pairs.append((*noise.pair(picture, level, generator), level))
    noisy, target, levels = map(torch.cat, zip(*pairs, strict=True))
    return noisy, target, levels
