"""The loader of training batches, which goes on where a training stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from torch.utils.data import DataLoader, Dataset

from denoiser.data.sampling import EpochSampler

if TYPE_CHECKING:
    from lightning.pytorch import Trainer

    from denoiser.data.batch import Batch


class TrainingLoader(DataLoader["Batch"]):
    """Batches from the position of the training in its epoch, so that a resumed epoch leaves out what it has seen.

    Nothing is read before the first batch is asked for. Lightning makes the iterator before it sets the epoch, and
    workers would prepare batches of another epoch.

    Args:
        dataset: the pairs.
        batch_size: number of pairs in a batch.
        sampler: the order of the items.
        position: returns the number of batches of this epoch that are done.
        **options: see `DataLoader`.
    """

    def __init__(
        self,
        dataset: Dataset[Batch],
        batch_size: int,
        sampler: EpochSampler,
        position: Callable[[], int],
        **options: Any,
    ) -> None:
        super().__init__(dataset, batch_size, sampler=sampler, **options)
        self.position = position

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        """The remaining batches of the epoch."""
        sampler: Any = self.sampler
        sampler.start = self.position() * (self.batch_size or 1)
        yield from super().__iter__()

    def state_dict(self) -> dict[str, Any]:
        """Nothing: the trainer's loops hold the position. Lightning takes a loader with this method for resumable."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Nothing to load."""


def batches_done(trainer: Trainer | None) -> int:
    """The number of training batches that a trainer has done in its epoch; 0 where it does not train."""
    if trainer is None or not trainer.training:
        return 0
    return trainer.fit_loop.epoch_loop.batch_progress.current.ready
