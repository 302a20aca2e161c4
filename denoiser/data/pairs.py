"""Noisy pairs, a whole batch at a time: fresh for training, frozen for evaluation."""

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
    """What a step sees.

    Attributes:
        noisy: `(B, C, H, W)` float32, nominally in [0, 1], unclipped unless the noise clips.
        clean: `(B, C, H, W)` float32 in [0, 1].
        sigma: `(B,)` noise levels in grey levels of 255; NaN where the noise has none.
        item: `(B,)` int64, which item of the dataset each is.
    """

    noisy: Tensor
    clean: Tensor
    sigma: Tensor
    item: Tensor


@dataclass(frozen=True)
class Pictures:
    """The clean pictures of one split, held once.

    Attributes:
        keys: a name for each: its relative path without suffix, or its official index.
        images: uint8, one tensor `(N, C, H, W)` or a sequence of `(C, H, W)` of any sizes. Where the noisy pictures
            are real, each holds them first: `(2C, H, W)`, noisy then clean, so that a crop cuts both alike.
    """

    keys: Sequence[str]
    images: Tensor | Sequence[Tensor]
    sizes: Sequence[tuple[int, ...]] | None = None
    """`(C, H, W)` of each, where they are known without decoding."""

    @property
    def shapes(self) -> Sequence[tuple[int, ...]]:
        """`(C, H, W)` of each."""
        if isinstance(self.images, Tensor):
            return [tuple(self.images.shape[1:])] * len(self)
        return self.sizes if self.sizes is not None else [tuple(image.shape) for image in self.images]

    def __len__(self) -> int:
        """How many pictures there are."""
        return len(self.keys)

    @property
    def same_size(self) -> bool:
        """Whether all are known to have one size, so that several make a batch."""
        return isinstance(self.images, Tensor)

    def to(self, device: torch.device) -> Pictures:
        """The same pictures on a device; those that are decoded on use stay where they are."""
        if isinstance(self.images, Tensor):
            return replace(self, images=self.images.to(device))
        return replace(self, images=[x.to(device) for x in self.images]) if isinstance(self.images, list) else self


class NoisyPairs(Dataset[Batch]):
    """Training pairs: random crops with fresh noise, a pure function of (seed, indices).

    An index counts on through the epochs (epoch * len + position), which makes crops and noise fresh in each
    without any state; `EpochSampler` deals such indices.

    Args:
        pictures: the clean pictures.
        noise: what is added; None where the pictures hold real noisy ones.
        seed: of crops and noise.
        patch_size: side of the square crops in pixels; None takes whole pictures, which then have one size.
        crops_per_image: crops of each picture in an epoch.
        flip: turn each crop to one of its 8 mirror images (4 where it is not square), at random.
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
        """Pairs in an epoch."""
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

    def _crops(self, which: Tensor, generator: torch.Generator) -> Tensor:
        images, size = self.pictures.images, self.patch_size
        if size is None and isinstance(images, Tensor) and not self.flip:
            return images.index_select(0, which)  # ten times as fast as images[which]
        draws = torch.rand(len(which), 3, generator=generator, device=generator.device).tolist()
        crops = [_crop(images[i], size, *draw[:2]) for i, draw in zip(which.tolist(), draws, strict=True)]
        if self.flip:
            crops = [_turn(crop, int(draw[2] * 8)) for crop, draw in zip(crops, draws, strict=True)]
        return torch.stack(crops)


class FrozenPairs(Dataset[Batch]):
    """Evaluation pairs: whole pictures whose noise is a function of (seed, sigma, key) alone.

    It is drawn on the CPU, picture by picture, in contiguous float32: batch size, order, workers, devices and memory
    format change nothing. Item `(draw * len(levels) + level) * len(pictures) + position` is a picture at one noise
    level; of several draws, the first is the same as where there is one.

    Args:
        pictures: the clean pictures.
        noise: what is added; None where the pictures hold real noisy ones.
        seed: of the noise.
        levels: the noise levels in grey levels of 255, or `(None,)` for a noise without.
        draws: how many times noise is drawn for each picture and level.
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
        """The batch at `indices`; all of one size."""
        noisy, clean, sigma = zip(*(self._pair(i) for i in indices), strict=True)
        return Batch(torch.stack(noisy), torch.stack(clean), torch.tensor(sigma), torch.tensor(indices))

    @property
    def values(self) -> int:
        """Pixels times channels of all clean pictures and draws, at one noise level."""
        halves = 2 if self.noise is None else 1  # real noisy pictures stand before the clean ones
        return self.draws * sum(math.prod(shape) for shape in self.pictures.shapes) // halves

    def describe(self, index: int) -> tuple[str, float | None]:
        """Key and noise level of an item."""
        position, level, _ = self.unravel(index)
        return self.pictures.keys[position], self.levels[level]

    def unravel(self, index: int) -> tuple[int, int, int]:
        """Which picture, which of `levels` and which draw an item is."""
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
        named = (level, key, draw) if draw else (level, key)
        generator = torch.Generator().manual_seed(derive_seed(self.seed, *named))
        return self.noise(clean[None], torch.tensor([sigma]), generator)[0], clean, sigma


def _crop(image: Tensor, size: int | None, down: float, right: float) -> Tensor:
    if size is None:
        return image
    top, left = int(down * (image.shape[-2] - size + 1)), int(right * (image.shape[-1] - size + 1))
    return image[:, top : top + size, left : left + size]


def _turn(image: Tensor, which: int) -> Tensor:
    """One of the 8 mirror images of a square, of the 4 of a rectangle."""
    image = image.flip(-1) if which & 1 else image
    image = image.flip(-2) if which & 2 else image
    return image.transpose(-1, -2) if which & 4 and image.shape[-1] == image.shape[-2] else image
