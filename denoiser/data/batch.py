"""A batch of noisy pairs, which every LightningModule can unpack as `noisy, clean = batch`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor


@dataclass(eq=False)
class Batch:
    """A batch of pairs, the input of a training or evaluation step: `noisy, clean = batch`.

    Attributes:
        noisy: `(B, C, H, W)` float32, nominally in [0, 1], unclipped unless the noise clips.
        clean: `(B, C, H, W)` float32 in [0, 1]: what the noisy pictures are to become, the target of `Noise.pair`.
        level: `(B,)` noise levels, see `Noise.level_kind`; NaN for a noise without levels.
        item: `(B,)` int64, the index of each pair in the dataset.

    >>> import torch
    >>> batch = Batch(torch.zeros(2, 3, 8, 8), torch.ones(2, 3, 8, 8), level=torch.zeros(2), item=torch.arange(2))
    >>> noisy, clean = batch.to("cpu")
    >>> noisy.shape, batch.clean is clean, batch.item.tolist()
    (torch.Size([2, 3, 8, 8]), True, [0, 1])
    """

    noisy: Tensor
    clean: Tensor
    level: Tensor
    item: Tensor

    def __iter__(self) -> Iterator[Tensor]:
        """The noisy and the clean pictures, so that any module can unpack a batch."""
        return iter((self.noisy, self.clean))

    def __len__(self) -> int:
        """What unpacking gives: 2."""
        return 2

    def __getitem__(self, index: int) -> Tensor:
        """The noisy pictures at 0, the clean ones at 1."""
        return (self.noisy, self.clean)[index]

    def to(self, *args: Any, **keywords: Any) -> Self:
        """The batch on another device, see `Tensor.to`; Lightning calls this for a batch that has it."""
        return type(self)(*(part.to(*args, **keywords) for part in self._parts()))

    def of_type(self, dtype: torch.dtype) -> Self:
        """The batch with pictures of another floating-point type; levels and items keep theirs."""
        return replace(self, noisy=self.noisy.to(dtype), clean=self.clean.to(dtype))

    def pin_memory(self) -> Self:
        """The batch in page-locked memory; a `DataLoader` calls this for a batch that has it."""
        return type(self)(*(part.pin_memory() for part in self._parts()))

    def _parts(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.noisy, self.clean, self.level, self.item
