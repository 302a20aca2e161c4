"""MNIST: 70,000 handwritten digits of 1x28x28 (LeCun, Bottou, Bengio & Haffner 1998), read by torchvision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torchvision.datasets import MNIST as Reader

from denoiser.data.base import PairsDataModule, Protocol
from denoiser.data.pairs import Pictures
from denoiser.data.readers import install, torchvision_reader
from denoiser.data.splits import held_out

FOLDER = "MNIST/raw"
ARCHIVES = [f"{FOLDER}/{name}" for name, _ in Reader.resources]


class MNIST(PairsDataModule):
    """MNIST with its official test set; 90 / 10 of the rest for training and validation.

    Args:
        protocol: how pictures become pairs.
        root: where `MNIST/raw` is, or is downloaded to.
        split_seed: of the training / validation split, apart from `seed`, so that seed sweeps keep the split.
        **options: see `PairsDataModule`.
    """

    allowed_channels = (1,)

    def __init__(self, protocol: Protocol, root: str, split_seed: int = 0, **options: Any) -> None:
        super().__init__(protocol, **options)
        self.root, self.split_seed = Path(root).expanduser(), split_seed

    def prepare_data(self) -> None:
        """Download the digits where they are not there yet."""
        super().prepare_data()
        install(Reader, self.root, FOLDER, ARCHIVES)

    def pictures(self, split: str) -> Pictures:
        """The digits of `train`, `val` or `test`; keys are like `train/00042`."""
        reader = torchvision_reader(Reader, self.root, FOLDER, ARCHIVES, train=split != "test")
        images = torch.as_tensor(reader.data)[:, None]
        return held_out(images, split, self.split_seed)
