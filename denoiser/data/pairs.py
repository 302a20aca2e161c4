"""Batches of noisy pairs, with fresh noise for training and frozen noise for evaluation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from denoiser.data.batch import Batch
from denoiser.data.depth import check_white, computable, stacked, unit
from denoiser.data.one_block import OneBlock
from denoiser.data.sampling import derive_seed, derive_seeds
from denoiser.errors import DenoiserError
from denoiser.noise.base import Noise
from denoiser.noise.levels import SIGMA, LevelKind
from denoiser.noise.mirror import mirrored
from denoiser.noise.streams import Streams, draw_pairs, uniform


@dataclass(frozen=True)
class Pictures:
    """The clean pictures of one split, kept in memory once.

    Attributes:
        keys: a name for each picture: its relative path without suffix, or its official index.
        images: one tensor `(N, C, H, W)` or a sequence of `(C, H, W)` of any sizes, each at the depth of its file:
            uint8, uint16, or float32 whose white is 1. Real pairs are stacked to `(2C, H, W)`, first noisy, then clean,
            so that both are cropped alike.

    Raises:
        DenoiserError: there are not as many keys as images, or the images of a tensor are of other integers.
    """

    keys: Sequence[str]
    images: Tensor | Sequence[Tensor]
    sizes: Sequence[tuple[int, ...]] | None = None
    """`(C, H, W)` of each picture, if known without decoding."""

    def __post_init__(self) -> None:
        """Check the counts and the data type."""
        if len(self.keys) != len(self.images):
            what = f"{len(self.keys)} keys for {len(self.images)} pictures (Pictures)"
            raise DenoiserError(what, "one key for each picture, its name")
        if isinstance(self.images, Tensor):
            check_white(self.images)

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

    def __getstate__(self) -> dict[str, Any]:
        """What a worker that is not forked receives. A list becomes a block for good: all workers share it."""
        if isinstance(self.images, list) and self.images:
            object.__setattr__(self, "images", OneBlock(self.images))  # a frozen class, but the pictures are the same
        return vars(self)


class NoisyPairs(Dataset[Batch]):
    """Training pairs: random crops with fresh noise, each a pure function of (seed, index).

    The other pairs of a batch change nothing. Indices continue through the epochs (epoch * len + position, see
    `EpochSampler`), so that crops and noise are fresh in each epoch without any state.

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
        self.device = pictures.images[0].device

    def __len__(self) -> int:
        """The number of pairs in an epoch."""
        return len(self.pictures) * self.crops_per_image

    def __getitems__(self, indices: list[int]) -> Batch:
        """The batch at `indices`."""
        streams = Streams(derive_seeds(indices, self.seed, "train"), self.device)
        index = torch.tensor(indices, device=self.device)
        pictures = unit(self._crops(index % len(self.pictures), streams))
        if self.noise is None:
            noisy, clean = pictures.chunk(2, dim=1)
            return Batch(noisy, clean, torch.full((len(clean),), torch.nan, device=clean.device), index)
        return Batch(*draw_pairs(self.noise, pictures, streams), index)

    def _crops(self, index: Tensor, streams: Streams) -> Tensor:
        images, size = self.pictures.images, self.patch_size
        if size is None and isinstance(images, Tensor) and not self.flip:
            return _source(images.index_select(0, index), self.noise)  # ten times as fast as images[index]
        side = size if size is None or self.noise is None else self.noise.source_size(size)
        draws = uniform((len(index), 3), streams).tolist()
        sources = (_source(images[i], self.noise, size) for i in index.tolist())
        crops = [computable(_crop(source, side, *draw[:2])) for source, draw in zip(sources, draws, strict=True)]
        if self.flip:
            crops = [_symmetry(crop, int(draw[2] * 8)) for crop, draw in zip(crops, draws, strict=True)]
        return stacked(crops)


class FrozenPairs(Dataset[Batch]):
    """Evaluation pairs: whole pictures whose noise is a function of (seed, level, key) alone.

    The noise is drawn on the CPU, picture by picture, in contiguous float32: it does not depend on batch size, order,
    workers, device or memory format. A picture at one level in one draw has the index
    `(draw * len(levels) + level) * len(pictures) + position`. The first draw is the same for any number of draws.

    Args:
        pictures: the clean pictures.
        noise: the noise to add; None for real pairs.
        seed: seed of the noise.
        levels: the noise levels, see `Noise.level_kind`, or `(None,)` for a noise without levels.
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
        noisy, clean, level = zip(*(self._pair(i) for i in indices), strict=True)
        return Batch(torch.stack(noisy), torch.stack(clean), torch.tensor(level), torch.tensor(indices))

    @property
    def level_kind(self) -> LevelKind:
        """What the levels are."""
        return SIGMA if self.noise is None else self.noise.level_kind

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
        picture = unit(self.pictures.images[position].cpu().contiguous())
        number = torch.nan if level is None else level
        if self.noise is None:
            noisy, clean = picture.chunk(2)
            return noisy, clean, number
        parts = (level, key, draw) if draw else (level, key)
        generator = torch.Generator().manual_seed(derive_seed(self.seed, *parts))
        pair = self.noise.pair(_source(picture, self.noise)[None], torch.tensor([number]), generator)
        return pair[0][0], pair[1][0], number


def _source(pictures: Tensor, noise: Noise | None, patch: int | None = None) -> Tensor:
    """Pictures `(..., H, W)`, extended by mirroring where they lack pixels that the noise cuts off.

    Args:
        pictures: clean pictures.
        noise: the noise; None for real pairs.
        patch: side of the crops that are taken from them; None for whole pictures.
    """
    if noise is None:
        return pictures
    height, width = (noise.source_size(patch or noise.whole_size(side)) for side in pictures.shape[-2:])
    if pictures.dtype == torch.uint16:  # torch selects rows of int16 on every device
        return mirrored(pictures.view(torch.int16), height, width).view(torch.uint16)
    return mirrored(pictures, height, width)


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
