"""Dead-leaves pictures for training, photographs for validation."""

from __future__ import annotations

from typing import Any

from denoiser.data.base import CROPS, PairsDataModule
from denoiser.data.dead_leaves.scenes import SMALLEST_SIZE, dead_leaves
from denoiser.data.pairs import Pictures
from denoiser.data.photos import VALIDATION, Photos, photographs
from denoiser.data.store.catalogue import Card
from denoiser.errors import DenoiserError, require


class Synthetic(PairsDataModule):
    """Dead-leaves pictures, drawn once per run, and photographs for validation.

    Args:
        images: number of pictures.
        size: side of the pictures in pixels.
        split_seed: seed of the pictures, separate from `seed`, so that seed sweeps keep the pictures.
        **options: see `PairsDataModule`; `test` is by default `data=photos`.

    Raises:
        DenoiserError: `images` or `size` is too small, or `split_seed` is negative.
    """

    card = Card("dead leaves, to train on", "free", availability="drawn")

    def __init__(self, images: int = 256, size: int = 256, split_seed: int = 0, **options: Any) -> None:
        super().__init__(**{**CROPS, **options})
        require(images >= 1, "data.images", images, "not above 0", "256")
        require(size >= SMALLEST_SIZE, "data.size", size, f"below {SMALLEST_SIZE} pixels", "256")
        require(split_seed >= 0, "data.split_seed", split_seed, "negative", "0")
        self.images, self.size, self.split_seed = images, size, split_seed
        self.test = self.test or Photos(channels=self.channels)

    def pictures(self, split: str) -> Pictures:
        """Dead leaves for training, photographs for validation.

        Raises:
            DenoiserError: `split` is `test`: `data.test` has to name another dataset.
        """
        if split == "val":
            return photographs(VALIDATION, self.channels)
        if split == "test":
            raise DenoiserError("synthetic pictures are not a test set (data.test)", "data.test=photos")
        leaves = dead_leaves(self.images, self.size, self.channels, self.split_seed)
        return Pictures([f"leaves/{i:05d}" for i in range(self.images)], leaves)
