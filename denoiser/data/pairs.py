"""Batches of noisy pairs, with fresh noise for training and frozen noise for evaluation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset

from denoiser.data.sampling import derive_seed
from denoiser.noise.base import Noise
from denoiser.noise.levels import GREY_LEVELS


class Batch(NamedTuple):
    """A batch of pairs, the input of a training or evaluation step.

    Attributes:
        noisy: `(B, C, H, W)` float32, nominally in [0, 1], unclipped unless the noise clips.
        clean: `(B, C, H, W)` float32 in [0, 1].
        sigma: `(B,)` noise levels in grey levels of 255; NaN for a noise without sigma.
        item: `(B,)` int64, the index of each pair in the dataset.
    """

    noisy: Tensor
    clean: Tensor
    sigma: Tensor
    item: Tensor


@dataclass(frozen=True)
class Pictures:
    """The clean pictures of one split, kept in memory once.

    Attributes:
        keys: a name for each picture: its relative path without suffix, or its official index.
        images: uint8, one tensor `(N, C, H, W)` or a sequence of `(C, H, W)` of any sizes. Real pairs are stacked to
            `(2C, H, W)`, first noisy, then clean, so that both are cropped alike.
    """

    keys: Sequence[str]
    images: Tensor | Sequence[Tensor]
    sizes: Sequence[tuple[int, ...]] | None = None
    """`(C, H, W)` of each picture, if known without decoding."""

    @property
    def shapes(self) -> Sequence[tuple[int, ...]]:
        """`(C, H, W)` of each picture."""
        if isinstance(self.images, Tensor):
            return [tuple(self.images.shape[1:])] * len(self)
        return self.sizes if self.sizes is not None else [tuple(image.shape) for image in self.images]

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.keys)

    @property
    def same_size(self) -> bool:
        """Whether the pictures are one tensor, so that several can form a batch."""
        return isinstance(self.images, Tensor)

    def to(self, device: torch.device) -> Pictures:
        """The pictures on a device; pictures that are not in memory remain on the CPU."""
        if isinstance(self.images, Tensor):
            return replace(self, images=self.images.to(device))
        return replace(self, images=[x.to(device) for x in self.images]) if isinstance(self.images, list) else self


class NoisyPairs(Dataset[Batch]):
    """Training pairs: random crops with fresh noise, a pure function of (seed, indices).

    Indices continue through the epochs (epoch * len + position, see `EpochSampler`), so that crops and noise are fresh
    in each epoch without any state.

    Args:
        pictures: the clean pictures.
        noise: the noise to add; None for real pairs.
        seed: seed of crops and noise.
        patch_size: side of the square crops in pixels; None for whole pictures, which must have one size.
        crops_per_image: number of crops of each picture in an epoch.
        flip: replace each crop at random by one of its 8 symmetries (4 if it is not square).
    """

    def __init__(
        self,
        pictures: Pictures,
        noise: Noise | None,
        seed: int,
        patch_size: int | None = None,
        crops_per_image: int = 1,
        flip: bool = False,
    ) -> None:
        self.pictures, self.noise, self.seed = pictures, noise, seed
        self.patch_size, self.crops_per_image, self.flip = patch_size, crops_per_image, flip
        self.generator = torch.Generator(pictures.images[0].device)

    def __len__(self) -> int:
        """The number of pairs in an epoch."""
        return len(self.pictures) * self.crops_per_image

    def __getitems__(self, indices: list[int]) -> Batch:
        """The batch at `indices`."""
        generator = self.generator.manual_seed(derive_seed(self.seed, "train", indices[0], len(indices)))
        index = torch.tensor(indices, device=generator.device)
        clean = self._crops(index % len(self.pictures), generator).float().div_(GREY_LEVELS)
        if self.noise is None:
            noisy, clean = clean.chunk(2, dim=1)
            return Batch(noisy, clean, torch.full((len(clean),), torch.nan, device=clean.device), index)
        sigma = self.noise.draw_levels(len(clean), generator)
        return Batch(self.noise(clean, sigma, generator), clean, sigma, index)

    def _crops(self, index: Tensor, generator: torch.Generator) -> Tensor:
        images, size = self.pictures.images, self.patch_size
        if size is None and isinstance(images, Tensor) and not self.flip:
            return images.index_select(0, index)  # ten times as fast as images[index]
        draws = torch.rand(len(index), 3, generator=generator, device=generator.device).tolist()
        crops = [_crop(images[i], size, *draw[:2]) for i, draw in zip(index.tolist(), draws, strict=True)]
        if self.flip:
            crops = [_symmetry(crop, int(draw[2] * 8)) for crop, draw in zip(crops, draws, strict=True)]
        return torch.stack(crops)


class FrozenPairs(Dataset[Batch]):
    """Evaluation pairs: whole pictures whose noise is a function of (seed, sigma, key) alone.

    The noise is drawn on the CPU, picture by picture, in contiguous float32: it does not depend on batch size, order,
    workers, device or memory format. A picture at one level in one draw has the index
    `(draw * len(levels) + level) * len(pictures) + position`. The first draw is the same for any number of draws.

    Args:
        pictures: the clean pictures.
        noise: the noise to add; None for real pairs.
        seed: seed of the noise.
        levels: the noise levels in grey levels of 255, or `(None,)` for a noise without sigma.
        draws: number of draws of noise for each picture and level.
    """

    def __init__(
        self, pictures: Pictures, noise: Noise | None, seed: int, levels: Sequence[float | None], draws: int = 1
    ) -> None:
        self.pictures, self.noise, self.seed, self.draws = pictures, noise, seed, draws
        self.levels = tuple(None if level is None else float(level) for level in levels)

    def __len__(self) -> int:
        """Pictures times noise levels times draws."""
        return len(self.pictures) * len(self.levels) * self.draws

    def __getitems__(self, indices: list[int]) -> Batch:
        """The batch at `indices`, whose pictures have one size."""
        noisy, clean, sigma = zip(*(self._pair(i) for i in indices), strict=True)
        return Batch(torch.stack(noisy), torch.stack(clean), torch.tensor(sigma), torch.tensor(indices))

    @property
    def values(self) -> int:
        """The number of values (pixels times channels) of all clean pictures and draws at one noise level."""
        stacked = 2 if self.noise is None else 1  # real pairs are stacked
        return self.draws * sum(math.prod(shape) for shape in self.pictures.shapes) // stacked

    def describe(self, index: int) -> tuple[str, float | None]:
        """The key and the noise level of an item."""
        position, level, _ = self.unravel(index)
        return self.pictures.keys[position], self.levels[level]

    def unravel(self, index: int) -> tuple[int, int, int]:
        """The picture, the level (as an index of `levels`) and the draw of an item."""
        rest, position = divmod(index, len(self.pictures))
        draw, level = divmod(rest, len(self.levels))
        return position, level, draw

    def _pair(self, index: int) -> tuple[Tensor, Tensor, float]:
        (key, level), (position, _, draw) = self.describe(index), self.unravel(index)
        clean = self.pictures.images[position].cpu().contiguous().float().div_(GREY_LEVELS)
        sigma = torch.nan if level is None else level
        if self.noise is None:
            noisy, clean = clean.chunk(2)
            return noisy, clean, sigma
        parts = (level, key, draw) if draw else (level, key)
        generator = torch.Generator().manual_seed(derive_seed(self.seed, *parts))
        return self.noise(clean[None], torch.tensor([sigma]), generator)[0], clean, sigma


def _crop(image: Tensor, size: int | None, down: float, right: float) -> Tensor:
    if size is None:
        return image
    top, left = int(down * (image.shape[-2] - size + 1)), int(right * (image.shape[-1] - size + 1))
    crop = image[:, top : top + size, left : left + size]
    return crop.clone() if crop.device.type == "cpu" else crop  # else pictures decoded for a crop would fill the memory


def _symmetry(image: Tensor, number: int) -> Tensor:
    """One of the 8 symmetries of a square, or of the 4 of a rectangle."""
    image = image.flip(-1) if number & 1 else image
    image = image.flip(-2) if number & 2 else image
    return image.transpose(-1, -2) if number & 4 and image.shape[-1] == image.shape[-2] else image
