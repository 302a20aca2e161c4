"""Splitting pictures into train, val and test.

The seed of these splits is `data.split_seed`.

    official test set (MNIST, CIFAR-10)   official train -- 90 % --> train, 10 % --> val    official test --> test
    a folder of the user                  hash of the path  -- 80 % --> train, 10 % --> val, 10 % --> test
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

from denoiser.data.pairs import Pictures
from denoiser.errors import DenoiserError


def split_official(images: Tensor, split: str, split_seed: int) -> Pictures:
    """The official test pictures, or 90 % (train) or 10 % (val) of the official training pictures.

    Args:
        images: uint8 `(N, C, H, W)`, the official test pictures for `test`, else the official training pictures.
        split: `train`, `val` or `test`.
        split_seed: seed of the random choice of `val`.
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
    """Split 80 / 10 / 10 by a hash of each key, so that adding pictures does not move the others.

    If a split is empty, it gets one picture of the largest split, until a picture is added that belongs to it.

    Args:
        keys: a name for each picture; pictures of equal names are in the same split.
        split_seed: part of the hash.
        where: the configuration key of the pictures, for the error.

    Returns:
        Indices into `keys` of `train`, `val` and `test`.

    Raises:
        DenoiserError: there are fewer than 3 pictures.
    """
    if len(keys) < 3:
        raise DenoiserError(
            f"{len(keys)} picture(s) cannot be split into train, val and test ({where})",
            "use a folder of 3 or more",
        )
    splits: dict[str, list[int]] = {"train": [], "val": [], "test": []}
    digests = [hashlib.blake2b(f"{split_seed}/{key}".encode()).digest() for key in keys]
    for index, digest in enumerate(digests):
        splits[("test", "val", *["train"] * 8)[digest[0] * 10 // 256]].append(index)
    for empty in [name for name, indices in splits.items() if not indices]:
        largest = max(splits.values(), key=len)
        splits[empty].append(largest.pop(largest.index(min(largest, key=digests.__getitem__))))
    return splits
