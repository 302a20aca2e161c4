"""CIFAR-10: 60,000 colour pictures of 3x32x32 (Krizhevsky 2009), read by torchvision.

Source: www.cs.toronto.edu/~kriz/cifar.html, which states no licence; md5 of each batch from torchvision.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.datasets import CIFAR10 as Reader

from denoiser.data.base import PairsDataModule
from denoiser.data.pairs import Pictures
from denoiser.data.splits import split_official
from denoiser.data.store.catalogue import Card, store_root
from denoiser.data.store.torchvision import install, torchvision_reader
from denoiser.errors import DenoiserError

FOLDER = "cifar-10-batches-py"
"""Folder of the files in the store."""
ARCHIVES = ["cifar-10-python.tar.gz"]
"""Archives that the files come from."""
HARMLESS = (
    "_codecs.encode",
    "numpy.dtype",
    "numpy.ndarray",
    "numpy._core.multiarray._reconstruct",
    "numpy._core.numeric._frombuffer",
)
"""Names that the pickle of an array calls; any other name in an unverified file could run code."""


class CIFAR10(PairsDataModule):
    """CIFAR-10 with its official test set; 90 / 10 of the rest for training and validation.

    Args:
        root: the store of datasets; `cifar-10-batches-py` in it is downloaded if it is missing.
        split_seed: seed of the training / validation split, separate from `seed`, so that seed sweeps keep the split.
        verify: compare the md5 sums with those of the original; false also reads files with fewer pictures.
        **options: see `PairsDataModule`.
    """

    allowed_channels = (3,)
    card = Card(
        "colour pictures of 32x32 (Krizhevsky 2009)",
        "not stated",
        60_000,
        folders=(FOLDER,),
        files=dict([*Reader.train_list, *Reader.test_list]),
    )

    def __init__(self, root: str | None = None, split_seed: int = 0, verify: bool = True, **options: Any) -> None:
        super().__init__(**options)
        self.root, self.split_seed, self.verify = store_root(root), split_seed, verify

    def prepare_data(self) -> None:
        """Download the pictures if they are missing."""
        super().prepare_data()
        install(Reader, self.root, FOLDER, ARCHIVES)

    def pictures(self, split: str) -> Pictures:
        """The pictures of `train`, `val` or `test`; keys are like `train/00042`."""
        images = self._verified(split != "test") if self.verify else self._unverified(split != "test")
        return split_official(images, split, self.split_seed)

    def _verified(self, train: bool) -> Tensor:
        fix = "data.verify=false, which reads the files without verifying them"
        reader = torchvision_reader(Reader, self.root, FOLDER, ARCHIVES, fix, train=train)
        return torch.from_numpy(reader.data).permute(0, 3, 1, 2).contiguous()

    def _unverified(self, train: bool) -> Tensor:
        install(Reader, self.root, FOLDER, ARCHIVES)
        names = [name for name, _ in (Reader.train_list if train else Reader.test_list)]
        return torch.cat([read_batch(self.root / FOLDER / name) for name in names])


class _Arrays(pickle.Unpickler):
    """An unpickler that reads arrays and refuses all other calls."""

    def find_class(self, module: str, name: str) -> Any:
        path = f"{module.replace('numpy.core.', 'numpy._core.')}.{name}"
        if path not in HARMLESS:
            raise pickle.UnpicklingError(f"it calls {module}.{name}")
        return super().find_class(*path.rsplit(".", 1))


def read_batch(path: Path) -> Tensor:
    """The pictures of one file of CIFAR-10, uint8 `(N, 3, 32, 32)`.

    Raises:
        DenoiserError: the file is missing or damaged, or calls anything that an array does not need.
    """
    try:
        with path.open("rb") as file:
            pixels = _Arrays(file, encoding="latin1").load()["data"]
        return torch.from_numpy(np.array(pixels, dtype=np.uint8).reshape(-1, 3, 32, 32))
    except Exception as error:  # a damaged pickle raises nearly anything
        reason = error.strerror if isinstance(error, OSError) else error or type(error).__name__
        raise DenoiserError(f"unreadable batch: {reason} ({path})", "replace that file, or data.verify=true") from error
