"""What decides which picture belongs to which split."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

from denoiser.data.pairs import Pictures
from denoiser.errors import DenoiserError


def split_official(images: Tensor, split: str, split_seed: int) -> Pictures:
    """The official test pictures, or 90 / 10 of the official training pictures, drawn by `split_seed`.

    Args:
        images: uint8 `(N, C, H, W)`, the official pictures of training or of test.
        split: `train`, `val` or `test`.
        split_seed: of the draw.
    """
    indices = list(range(len(images)))
    if split != "test":
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(split_seed)).tolist()
        cut = max(1, len(images) // 10)
        indices = sorted(order[:cut] if split == "val" else order[cut:])
    official = "test" if split == "test" else "train"
    return Pictures([f"{official}/{i:05d}" for i in indices], images[indices])


def split_indices(keys: Sequence[str], split: str, split_seed: int, where: str = "data.path") -> Sequence[int]:
    """Indices of the pictures of `train`, `val`, `test` or `all`; arguments as in `split_by_hash`.

    Raises:
        DenoiserError: there are too few to split; `all` needs only one.
    """
    return range(len(keys)) if split == "all" else split_by_hash(keys, split_seed, where)[split]


def split_by_hash(keys: Sequence[str], split_seed: int, where: str = "data.path") -> dict[str, list[int]]:
    """80 / 10 / 10 by a hash of each key: pictures that are added later move none of the others.

    A split that the hashes leave empty takes a picture of the largest, until one arrives that belongs to it.

    Args:
        keys: a name for each picture; equal ones stay together.
        split_seed: part of the hash.
        where: the key that gave the pictures, for the error.

    Returns:
        Indices into `keys` of `train`, `val` and `test`.

    Raises:
        DenoiserError: there are fewer than 3 pictures.
    """
    if len(keys) < 3:
        raise DenoiserError(
            f"{len(keys)} picture(s) cannot be split into train, val and test ({where})", "give a folder of 3 or more"
        )
    splits: dict[str, list[int]] = {"train": [], "val": [], "test": []}
    digests = [hashlib.blake2b(f"{split_seed}/{key}".encode()).digest() for key in keys]
    for index, digest in enumerate(digests):
        splits[("test", "val", *["train"] * 8)[digest[0] * 10 // 256]].append(index)
    for empty in [name for name, indices in splits.items() if not indices]:
        largest = max(splits.values(), key=len)
        splits[empty].append(largest.pop(largest.index(min(largest, key=digests.__getitem__))))
    return splits
