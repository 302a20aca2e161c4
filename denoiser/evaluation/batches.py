"""The pairs of an evaluation, in batches of pictures of one size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from torch.utils.data import DataLoader

from denoiser.data.base import PairsDataModule, identity
from denoiser.data.batch import Batch
from denoiser.data.pairs import FrozenPairs
from denoiser.data.sizes import check_picture_sizes
from denoiser.machine.signals import exit_on_sigterm

PIXELS = 2**18
"""Pixels of a batch whose size is not set: few enough for the caches of a CPU."""


def scored_pairs(data: PairsDataModule, draws: int = 1) -> FrozenPairs:
    """The pairs that an evaluation scores.

    Args:
        data: the pictures and the noise.
        draws: number of draws of noise for each picture and level.

    Raises:
        DenoiserError: the pictures are missing, unreadable or too small to be scored.
    """
    check_picture_sizes(data.split(data.evaluation_split))
    return data.frozen(data.evaluation_split, draws)


def loader(pairs: FrozenPairs, batch_size: int | None = None, num_workers: int = 0) -> DataLoader[Batch]:
    """Every pair once, in batches of pictures of one size.

    Args:
        pairs: the pairs; their noise does not depend on the batches.
        batch_size: largest number of pictures in a batch; None for as many as have 2^18 pixels.
        num_workers: number of processes that make batches; 0 makes them in this process.
    """
    batches = batches_of_one_size(pairs.pictures.shapes, len(pairs), batch_size)
    workers = {"num_workers": num_workers, "worker_init_fn": exit_on_sigterm}
    return DataLoader(pairs, batch_sampler=batches, collate_fn=identity, **workers)  # type: ignore[arg-type]


def batches_of_one_size(shapes: Sequence[tuple[int, ...]], count: int, batch_size: int | None) -> list[list[int]]:
    """Split the items 0 ... `count - 1` into batches of one shape.

    Args:
        shapes: `(C, H, W)` of each picture; item `i` shows picture `i % len(shapes)`.
        count: number of items.
        batch_size: see `loader`.
    """
    by_shape: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for item in range(count):
        by_shape[shapes[item % len(shapes)]].append(item)
    batches = []
    for (_, height, width), items in by_shape.items():
        size = batch_size or max(1, PIXELS // (height * width))
        batches += [items[start : start + size] for start in range(0, len(items), size)]
    return sorted(batches)
