"""MNIST: 70,000 handwritten digits of 1x28x28 (LeCun, Bottou, Bengio & Haffner 1998), read by torchvision.

Source: torchvision's mirrors of yann.lecun.com/exdb/mnist, which states no licence; sha256 of each unpacked file below.
"""

from __future__ import annotations

from typing import Any

import torch
from torchvision.datasets import MNIST as Reader

from denoiser.data.base import PairsDataModule
from denoiser.data.pairs import Pictures
from denoiser.data.splits import split_official
from denoiser.data.store.catalogue import Card, store_root
from denoiser.data.store.torchvision import install, torchvision_reader

FOLDER = "MNIST/raw"
"""Folder of the files in the store."""
ARCHIVES = [f"{FOLDER}/{name}" for name, _ in Reader.resources]
"""Archives that the files come from."""
HASHES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""The sha256 of each unpacked file."""


class MNIST(PairsDataModule):
    """MNIST with its official test set; 90 / 10 of the rest for training and validation.

    Args:
        root: the store of datasets; `MNIST/raw` in it is downloaded if it is missing.
        split_seed: seed of the training / validation split, separate from `seed`, so that seed sweeps keep the split.
        **options: see `PairsDataModule`.
    """

    allowed_channels = (1,)
    card = Card("digits of 28x28 (LeCun et al. 1998)", "not stated", 70_000, folders=(FOLDER,), files=HASHES)

    def __init__(self, root: str | None = None, split_seed: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self.root, self.split_seed = store_root(root), split_seed

    def prepare_data(self) -> None:
        """Download the digits if they are missing."""
        super().prepare_data()
        install(Reader, self.root, FOLDER, ARCHIVES)

    def pictures(self, split: str) -> Pictures:
        """The digits of `train`, `val` or `test`; keys are like `train/00042`."""
        reader = torchvision_reader(Reader, self.root, FOLDER, ARCHIVES, train=split != "test")
        images = torch.as_tensor(reader.data)[:, None]
        return split_official(images, split, self.split_seed)
