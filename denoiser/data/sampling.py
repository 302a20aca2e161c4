"""Which items an epoch is made of, and seeds that depend on what they are named for and on nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import torch
from torch.utils.data import Sampler


def derive_seed(*parts: object) -> int:
    """A 63-bit seed that depends on every part and on nothing else (not on the process, unlike `hash`)."""
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


class EpochSampler(Sampler[int]):
    """Shuffled indices that count on through the epochs; a pure function of (seed, epoch).

    Args:
        length: items in an epoch, over all processes.
        seed: of the order.
        rank: which process this is.
        world_size: how many processes share an epoch; what does not divide evenly is left out of it.
    """

    def __init__(self, length: int, seed: int, rank: int = 0, world_size: int = 1) -> None:
        self.length, self.seed, self.rank, self.world_size, self.epoch = length, seed, rank, world_size, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Items of this process in an epoch."""
        return self.length // self.world_size

    def __iter__(self) -> Iterator[int]:
        """The indices of this epoch and process."""
        generator = torch.Generator().manual_seed(derive_seed(self.seed, "order", self.epoch))
        order = torch.randperm(self.length, generator=generator)[self.rank :: self.world_size][: len(self)]
        return iter((order + self.epoch * self.length).tolist())
