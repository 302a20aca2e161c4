"""The items of an epoch, and seeds that are derived from names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import torch
from torch.utils.data import Sampler


def derive_seed(*parts: object) -> int:
    """A 63-bit seed that depends on the parts alone (`hash` would also depend on the process)."""
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


class EpochSampler(Sampler[int]):
    """Shuffled indices that continue through the epochs; a pure function of (seed, epoch).

    Args:
        length: number of items in an epoch, over all processes.
        seed: seed of the order.
        rank: rank of this process.
        world_size: number of processes; a remainder of the items is left out of the epoch.
    """

    def __init__(self, length: int, seed: int, rank: int = 0, world_size: int = 1) -> None:
        self.length, self.seed, self.rank, self.world_size, self.epoch = length, seed, rank, world_size, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        """The number of items of this process in an epoch."""
        return self.length // self.world_size

    def __iter__(self) -> Iterator[int]:
        """The indices of this epoch and process."""
        generator = torch.Generator().manual_seed(derive_seed(self.seed, "order", self.epoch))
        order = torch.randperm(self.length, generator=generator)[self.rank :: self.world_size][: len(self)]
        return iter((order + self.epoch * self.length).tolist())
