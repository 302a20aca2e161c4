"""The items of an epoch, and seeds that are derived from names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import DistributedSampler

STRIDE = 0xD1342543DE82EF95
"""Odd number by which the seeds of two successive indices differ: a multiplier of Steele and Vigna (2022)."""


def derive_seed(*parts: object) -> int:
    """A 63-bit seed that depends on the parts alone (`hash` would also depend on the process)."""
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def derive_seeds(indices: Sequence[int], *parts: object) -> list[int]:
    """A seed of 64 bits for each index, a function of it and the parts; of 2^32 successive ones no two are equal."""
    first = derive_seed(*parts)
    return [(first + index * STRIDE) % 2**64 for index in indices]


class Divided(DistributedSampler[int]):
    """Indices that are divided among processes already: Lightning divides those of other samplers once more."""

    def __init__(self, length: int) -> None:
        self.length = length

    def __len__(self) -> int:
        """The number of indices of this process."""
        return self.length

    def __iter__(self) -> Iterator[int]:
        """The indices in their order."""
        return iter(range(self.length))


class EpochSampler(Divided):
    """Shuffled indices that continue through the epochs; a pure function of (seed, epoch).

    Args:
        length: number of items in an epoch, over all processes.
        seed: seed of the order.
        rank: rank of this process.
        world_size: number of processes; a remainder of the items is left out of the epoch.
    """

    def __init__(self, length: int, seed: int, rank: int = 0, world_size: int = 1) -> None:
        super().__init__(length // world_size)
        self.total, self.seed, self.rank, self.world_size, self.epoch = length, seed, rank, world_size, 0
        self.start = 0
        """Number of items of this process that the epoch has done: they are left out."""

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        """The indices of this epoch and process, from `start` on."""
        generator = torch.Generator().manual_seed(derive_seed(self.seed, "order", self.epoch))
        order = torch.randperm(self.total, generator=generator)[self.rank :: self.world_size][self.start : len(self)]
        return iter((order + self.epoch * self.total).tolist())


class ShareSampler(EpochSampler):
    """Indices of crops of several sources with shares; a pure function of (seed, epoch).

    The source of each crop is drawn. The crops of a source go through its pictures in random order, again and again.
    The index of the crop `i`, counted through the epochs, of a picture `p` of `n` is `i * n + p`: no two are equal.

    Args:
        length: number of items in an epoch, over all processes.
        seed: seed of the order.
        rank: rank of this process.
        world_size: number of processes; a remainder of the items is left out of the epoch.
        counts: number of pictures of each source; the pictures are numbered from the first source to the last.
        shares: relative share of the crops for each source.

    >>> sampler = ShareSampler(1000, 0, 0, 1, counts=[2, 8], shares=[0.7, 0.3])
    >>> pictures = [index % 10 for index in sampler]
    >>> round(sum(picture < 2 for picture in pictures) / 1000, 1)
    0.7
    >>> abs(pictures.count(0) - pictures.count(1)) <= 1
    True
    """

    def __init__(
        self, length: int, seed: int, rank: int, world_size: int, counts: Sequence[int], shares: Sequence[float]
    ) -> None:
        super().__init__(length, seed, rank, world_size)
        self.counts, self.shares = counts, shares

    def __iter__(self) -> Iterator[int]:
        """The indices of this epoch and process, from `start` on."""
        generator = torch.Generator().manual_seed(derive_seed(self.seed, "order", self.epoch))
        shares = torch.tensor(self.shares, dtype=torch.float64)
        sources = torch.multinomial(shares, self.total, replacement=True, generator=generator)
        pictures, first = torch.empty_like(sources), 0
        for source, count in enumerate(self.counts):
            chosen = sources == source
            crops = int(chosen.sum())
            rounds = [torch.randperm(count, generator=generator) for _ in range(-(-crops // count))]
            pictures[chosen] = torch.cat([*rounds, sources.new_empty(0)])[:crops] + first
            first += count
        positions = torch.arange(self.total) + self.epoch * self.total
        order = (positions * first + pictures)[self.rank :: self.world_size][self.start : len(self)]
        return iter(order.tolist())
