"""A batch of noisy pairs, which every LightningModule can unpack as `noisy, clean = batch`."""

from __future__ import annotations

from typing import Any, Self

from torch import Tensor


class Batch(tuple[Tensor, Tensor]):
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

    level: Tensor
    item: Tensor

    def __new__(cls, noisy: Tensor, clean: Tensor, level: Tensor, item: Tensor) -> Self:
        """Make a batch."""
        batch = super().__new__(cls, (noisy, clean))
        batch.level, batch.item = level, item
        return batch

    @property
    def noisy(self) -> Tensor:
        """The noisy pictures."""
        return self[0]

    @property
    def clean(self) -> Tensor:
        """The clean pictures."""
        return self[1]

    def to(self, *args: Any, **keywords: Any) -> Self:
        """The batch on another device, see `Tensor.to`; Lightning calls this for a batch that has it."""
        return type(self)(*(part.to(*args, **keywords) for part in self._parts()))

    def pin_memory(self) -> Self:
        """The batch in page-locked memory; a `DataLoader` calls this for a batch that has it."""
        return type(self)(*(part.pin_memory() for part in self._parts()))

    def __reduce__(self) -> tuple[type[Self], tuple[Tensor, ...]]:
        """What another process makes the batch of."""
        return type(self), self._parts()

    def _parts(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return *self, self.level, self.item
