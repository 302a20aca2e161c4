"""The LightningDataModule that every dataset extends; a dataset only supplies its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader, Dataset, Subset

from denoiser.data.batch import Batch
from denoiser.data.loader import TrainingLoader, batches_done
from denoiser.data.pairs import FrozenPairs, NoisyPairs, Pictures
from denoiser.data.protocol import Protocol, check_noise
from denoiser.data.sampling import Divided, EpochSampler
from denoiser.data.sizes import check_patch_size, check_picture_sizes
from denoiser.data.thumbnails import Thumbnails, thumbnails
from denoiser.errors import DenoiserError, check_whole
from denoiser.machine.signals import exit_on_sigterm
from denoiser.noise.base import Noise
from denoiser.noise.gaussian import Gaussian

CROPS: Mapping[str, Any] = {"patch_size": 64, "flip": True}
"""Arguments of `PairsDataModule` for datasets whose pictures have several sizes, unless others are given."""


class PairsDataModule(LightningDataModule):
    """Noisy pairs from the pictures of three splits; a subclass returns them from its method `pictures`.

    Args:
        channels: 3 for colour, 1 for grey; None for colour where the dataset has it.
        batch_size: number of pairs in a batch; for validation and test 1 where the pictures have several sizes.
        patch_size: side of the training crops in pixels; None for whole pictures.
        crops_per_image: number of crops of each picture in an epoch.
        flip: mirror and transpose the training crops at random.
        num_workers: number of processes that make batches; 0 for the training process itself.
        test: a dataset to test on instead of this one.
        noise: the noise of training; None for Gaussian noise of sigma 25, and for real pairs for none.
        seed: seed of crops, noise and order.
        test_levels: the noise level or levels of validation and test, see `Noise.level_kind`; None for the level of the
            noise, or for the usual levels of one that is trained on a range.
        clip: whether the noisy pictures of validation and test are clamped and rounded to 8 bits, as published figures
            are not; None for as the noise of training is, and always for real pairs.

    Raises:
        DenoiserError: the dataset does not have these channels, or a size or count is too small.
        TypeError: `noise` is no noise, or `test` no dataset.

    >>> import torch
    >>> class Ramps(PairsDataModule):
    ...     def pictures(self, split):
    ...         ramp = torch.arange(64, dtype=torch.uint8).expand(4, self.channels, 48, 64)
    ...         return Pictures([f"{split}/{i}" for i in range(4)], ramp)
    >>> data = Ramps(noise=Gaussian(sigma=25), channels=1, batch_size=2, patch_size=32)
    >>> data.setup("fit")
    >>> batch = next(iter(data.train_dataloader()))
    >>> tuple(batch.noisy.shape), batch.level.tolist()
    ((2, 1, 32, 32), [25.0, 25.0])
    """

    real_pairs = False
    """Whether the dataset has real noisy pictures, so that no noise is added."""
    test_only = False
    """Whether all pictures are test pictures, so that the dataset cannot be used for training."""
    allowed_channels: tuple[int, ...] = (3, 1)
    """The values of `channels` that the dataset supports."""
    name = ""
    """The name of the dataset, as in `data=NAME`."""
    split_name = ""
    """The name of the split, for a dataset with several named splits."""
    split_seed = 0
    """The seed of the split, for a dataset that is split at random."""
    folder_name: str | None = None
    """The name of the folder, for a dataset of a folder of the user."""
    evaluation_split = "test"
    """The split that an evaluation uses; `all` for folders of the user."""

    def __init__(
        self,
        channels: int | None = None,
        batch_size: int = 32,
        patch_size: int | None = None,
        crops_per_image: int = 1,
        flip: bool = False,
        num_workers: int = 0,
        test: PairsDataModule | None = None,
        *,
        noise: Noise | None = None,
        seed: int = 0,
        test_levels: float | Sequence[float] | None = None,
        clip: bool | None = None,
    ) -> None:
        super().__init__()
        channels = self.allowed_channels[0] if channels is None else channels
        if channels not in self.allowed_channels:
            allowed = " or ".join(map(str, self.allowed_channels))
            raise DenoiserError(
                f"{type(self).__name__} has {allowed} channel(s), not {channels} (data.channels)",
                f"data.channels={self.allowed_channels[0]}",
            )
        if not isinstance(test, PairsDataModule | None):
            raise TypeError(f"test={test!r} is no dataset: one of denoiser.data, such as denoiser.data.Set12()")
        check_noise(noise)
        self.batch_size = check_whole("data.batch_size", batch_size, 1)
        self.patch_size = patch_size if patch_size is None else check_whole("data.patch_size", patch_size, 1)
        self.crops_per_image = check_whole("data.crops_per_image", crops_per_image, 1)
        self.num_workers = check_whole("data.num_workers", num_workers, 0)
        noise = noise or (Noise() if self.real_pairs else Gaussian())
        clip = noise.clip or noise.stored or self.real_pairs if clip is None else clip
        self.protocol = Protocol(noise, check_whole("seed", seed, 0), noise.levels(test_levels), clip)
        self.channels, self.flip, self.test = int(channels), flip, test
        self.splits: dict[str, Pictures] = {}
        self._thumbnails: dict[str, Thumbnails] = {}
        self.checked: PairsDataModule | None = None  # whose test pictures were looked for among the others

    def pictures(self, split: str) -> Pictures:
        """The pictures of `train`, `val` or `test`.

        Raises:
            DenoiserError: the data is missing or unreadable, or has no pictures.
        """
        raise NotImplementedError

    def split(self, name: str) -> Pictures:
        """The pictures of a split, read once."""
        if name not in self.splits:
            source = self.test if name == "test" and self.test is not None else self
            self.splits[name] = source.pictures(name)
        return self.splits[name]

    def thumbnails(self, name: str) -> Thumbnails:
        """Sizes and thumbnails of the clean pictures of a split, computed once."""
        # Of the pictures themselves, not of the targets that a noise makes of them: a camera draws other colours and
        # another blur each time, but what a network has seen is the picture, and its thumbnail shows that.
        if name not in self._thumbnails:
            self._thumbnails[name] = thumbnails(self.split(name), self.channels)
        return self._thumbnails[name]

    @property
    def label(self) -> str:
        """The name of the dataset, or that of its folder or of its class where it has none."""
        return self.name or self.folder_name or type(self).__name__.lower()

    @property
    def names(self) -> dict[str, str]:
        """The names of data and noise in tables."""
        return {"data": self.label, "noise": "real" if self.real_pairs else str(self.protocol.noise)}

    def origin(self, pairs: FrozenPairs) -> dict[str, Any]:
        """The columns of a row of results that describe the scored pictures."""
        return {"channels": self.channels, "place": self.folder_name, "values": pairs.values}

    def prepare_data(self) -> None:
        """Download the data, and that of `test`, if they are missing; a subclass that downloads calls this method."""
        if self.test is not None:
            self.test.prepare_data()

    def setup(self, stage: str) -> None:
        """Read the pictures of a stage. `fit` reads the test pictures too, so that an unreadable one is found at once.

        Raises:
            DenoiserError: the data is missing or unreadable, a training picture is smaller than the patch, or another
                picture is too small to be scored.
        """
        if stage == "fit":
            check_patch_size(self.split("train"), self.patch_size, self.batch_size)
        for name in ("val", "test") if stage == "fit" else ("test",):
            check_picture_sizes(self.split(name))

    def train_dataloader(self) -> DataLoader[Batch]:
        """Shuffled crops with fresh noise, made on the training device unless there are workers."""
        trainer, pictures = self.trainer, self.split("train")
        if trainer is not None and self.num_workers == 0:
            pictures = pictures.to(trainer.strategy.root_device)
        noise = None if self.real_pairs else self.protocol.noise
        pairs = NoisyPairs(pictures, noise, self.protocol.seed, self.patch_size, self.crops_per_image, self.flip)
        rank, world = (trainer.global_rank, trainer.world_size) if trainer is not None else (0, 1)
        sampler = self.sampler(len(pairs), rank, world)
        drop_last = len(sampler) >= self.batch_size
        place = {"sampler": sampler, "position": partial(batches_done, trainer), "drop_last": drop_last}
        return TrainingLoader(pairs, batch_size=self.batch_size, **place, **self._workers())  # type: ignore[arg-type]

    def sampler(self, length: int, rank: int, world_size: int) -> EpochSampler:
        """The order of the `length` training crops of an epoch, for one of several processes."""
        return EpochSampler(length, self.protocol.seed, rank, world_size)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Whole pictures with frozen noise."""
        return self._frozen("val")

    def test_dataloader(self) -> DataLoader[Batch]:
        """Whole pictures with frozen noise."""
        return self._frozen("test")

    def predict_dataloader(self) -> DataLoader[Batch]:
        """The pairs of the test, whose noisy pictures a model denoises."""
        return self._frozen("test")

    def frozen(self, name: str, draws: int = 1) -> FrozenPairs:
        """The evaluation pairs of a split, with `draws` draws of noise for each picture and level."""
        source = self.test if name == "test" and self.test is not None else self
        if source.real_pairs:
            return FrozenPairs(self.split(name), None, self.protocol.seed, (None,), draws)
        noise = self.protocol.noise.clipped(self.protocol.clip)
        return FrozenPairs(self.split(name), noise, self.protocol.seed, self.protocol.levels, draws)

    def _frozen(self, name: str) -> DataLoader[Batch]:
        pairs, trainer = self.frozen(name), self.trainer
        batch_size = self.batch_size if self.split(name).same_size else 1
        if trainer is None or trainer.world_size == 1:
            return self._loader(pairs, batch_size)
        if len(pairs) < trainer.world_size:
            raise DenoiserError(
                f"{len(pairs.pictures)} {name} picture(s) cannot be divided among {trainer.world_size} processes "
                "(trainer.devices)",
                "trainer.devices=1",
            )
        # The sharding of Lightning pads with duplicates, which would count pictures twice.
        share = range(trainer.global_rank, len(pairs), trainer.world_size)
        return self._loader(Subset(pairs, list(share)), batch_size, sampler=Divided(len(share)))

    def _loader(self, pairs: Dataset[Batch], batch_size: int, **options: Any) -> DataLoader[Batch]:
        return DataLoader(pairs, batch_size=batch_size, **options, **self._workers())

    def _workers(self) -> dict[str, Any]:
        return {
            "num_workers": self.num_workers,
            "persistent_workers": self.num_workers > 0,
            "worker_init_fn": exit_on_sigterm,
            "collate_fn": identity,
            "generator": torch.Generator(),  # else each epoch draws from the global one, which a network may use
        }


def identity(batch: Batch) -> Batch:
    """Return the batch unchanged: `__getitems__` has collated it already."""
    return batch
