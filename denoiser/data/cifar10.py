"""CIFAR-10: 60,000 colour pictures of 3x32x32 (Krizhevsky 2009), read by torchvision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torchvision.datasets import CIFAR10 as Reader

from denoiser.data.base import PairsDataModule, Protocol
from denoiser.data.pairs import Pictures
from denoiser.data.splits import held_out, torchvision_reader


class _Unverified(Reader):  # type: ignore[misc]  # torchvision ships no types
    """The same reader for batches whose md5 sums are not the original's."""

    def _check_integrity(self) -> bool:
        return all(
            (Path(self.root) / self.base_folder / name).is_file() for name, _ in self.train_list + self.test_list
        )

    def _load_meta(self) -> None:
        """The names of the classes are not needed, and their file's md5 is checked."""


class CIFAR10(PairsDataModule):
    """CIFAR-10 with its official test set; 90 / 10 of the rest for training and validation.

    Args:
        protocol: how pictures become pairs.
        root: where `cifar-10-batches-py` is, or is downloaded to.
        split_seed: of the training / validation split, apart from `seed`, so that seed sweeps keep the split.
        verify: check the original's md5 sums; false reads batches that hold only some of the pictures.
        **options: see `PairsDataModule`.
    """

    allowed_channels = (3,)

    def __init__(self, protocol: Protocol, root: str, split_seed: int = 0, verify: bool = True, **options: Any) -> None:
        super().__init__(protocol, **options)
        self.root, self.split_seed, self.reader = Path(root), split_seed, Reader if verify else _Unverified

    def prepare_data(self) -> None:
        """Download the pictures where they are not there yet."""
        torchvision_reader(self.reader, self.root, "cifar-10-batches-py")

    def pictures(self, split: str) -> Pictures:
        """The pictures of `train`, `val` or `test`; keys are like `train/00042`."""
        reader = torchvision_reader(self.reader, self.root, "cifar-10-batches-py", train=split != "test")
        return held_out(torch.from_numpy(reader.data).permute(0, 3, 1, 2).contiguous(), split, self.split_seed)
