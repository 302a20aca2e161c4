"""The LightningDataModule that every dataset shares; a dataset says only where its pictures are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader, Dataset, Subset

from denoiser.data.pairs import Batch, FrozenPairs, NoisyPairs, Pictures
from denoiser.data.sampling import EpochSampler
from denoiser.data.sizes import check_patch_size, check_picture_sizes
from denoiser.data.thumbnails import Thumbnails, thumbnails
from denoiser.errors import DenoiserError, require
from denoiser.machine.signals import exit_on_sigterm
from denoiser.noise.base import Noise


@dataclass(frozen=True)
class Protocol:
    """How pictures become noisy pairs.

    Args:
        noise: the noise of training; None for pairs that are real.
        seed: of crops, noise and order.
        levels: noise levels to validate and test at, in grey levels of 255; `(None,)` for a noise without.
        clip: test on input that is clamped and rounded to 8 bits (`clipped`), or on unclipped (`published`).
    """

    noise: Noise
    seed: int
    levels: Sequence[float | None]
    clip: bool


class PairsDataModule(LightningDataModule):
    """Pictures of three splits as noisy pairs; subclasses say where the pictures are, in `pictures`.

    Args:
        protocol: how pictures become pairs.
        channels: 3 for colour, 1 for grey.
        batch_size: pairs in a batch, of validation and test too where the pictures have one size.
        patch_size: side of the training crops in pixels; None for whole pictures.
        crops_per_image: crops of each picture in an epoch.
        flip: mirror the training crops at random.
        num_workers: processes that make batches; 0 makes them in the training process.
        test: test on these pictures instead of the dataset's own.

    Raises:
        DenoiserError: the dataset has no such channels, or a size or count is below 1.
    """

    real_pairs = False
    """Whether the pictures hold real noisy ones, so that no noise is added."""
    test_only = False
    """Whether every picture is a test picture, so that nothing can be trained on it."""
    allowed_channels: tuple[int, ...] = (3, 1)
    """What `channels` may be."""
    name = ""
    """As in `data=NAME`."""
    split_name = ""
    """The split in use, where a dataset has several that are named."""
    split_seed = 0
    """Of the split, where it is drawn."""
    folder_name: str | None = None
    """Which of the user's own folders, where a dataset's name does not say which pictures they are."""
    evaluation_split = "test"
    """The split that an evaluation takes; `all` where the pictures are the user's own."""

    def __init__(
        self,
        protocol: Protocol,
        channels: int,
        batch_size: int = 32,
        patch_size: int | None = None,
        crops_per_image: int = 1,
        flip: bool = False,
        num_workers: int = 0,
        test: PairsDataModule | None = None,
    ) -> None:
        super().__init__()
        if channels not in self.allowed_channels:
            offered = " or ".join(map(str, self.allowed_channels))
            raise DenoiserError(
                f"{type(self).__name__} has {offered} channel(s), not {channels} (data.channels)",
                f"data.channels={self.allowed_channels[0]}",
            )
        _check_whole("batch_size", batch_size, 1)
        _check_whole("patch_size", 1 if patch_size is None else patch_size, 1)
        _check_whole("crops_per_image", crops_per_image, 1)
        _check_whole("num_workers", num_workers, 0)
        self.protocol, self.channels, self.batch_size, self.num_workers = protocol, channels, batch_size, num_workers
        self.patch_size, self.crops_per_image, self.flip, self.test = patch_size, crops_per_image, flip, test
        self.splits: dict[str, Pictures] = {}
        self._thumbnails: dict[str, Thumbnails] = {}

    def pictures(self, split: str) -> Pictures:
        """The pictures of `train`, `val` or `test`.

        Raises:
            DenoiserError: the data is missing, unreadable or holds none.
        """
        raise NotImplementedError

    def split(self, name: str) -> Pictures:
        """The pictures of a split, read once."""
        if name not in self.splits:
            source = self.test if name == "test" and self.test is not None else self
            self.splits[name] = source.pictures(name)
        return self.splits[name]

    def thumbnails(self, name: str) -> Thumbnails:
        """Sizes and thumbnails of a split's clean pictures, made once."""
        if name not in self._thumbnails:
            self._thumbnails[name] = thumbnails(self.split(name), self.channels)
        return self._thumbnails[name]

    @property
    def names(self) -> dict[str, str]:
        """Data and noise as tables name them."""
        return {"data": self.name, "noise": "real" if self.real_pairs else str(self.protocol.noise)}

    def origin(self, pairs: FrozenPairs) -> dict[str, Any]:
        """What a row of results records of the pictures that were scored, besides their name."""
        return {"channels": self.channels, "place": self.folder_name, "values": pairs.values}

    def prepare_data(self) -> None:
        """Download what is not there yet, `test` included; subclasses that download call this too."""
        if self.test is not None:
            self.test.prepare_data()

    def setup(self, stage: str) -> None:
        """Read the pictures that a stage needs; `fit` the test pictures too, lest a bad one stops a run at its end.

        Raises:
            DenoiserError: the data is missing or unreadable, the training pictures do not fit the patch, or one is too
                small to be scored.
        """
        if stage == "fit":
            check_patch_size(self.split("train"), self.patch_size, self.batch_size)
        for name in ("val", "test") if stage == "fit" else ("test",):
            check_picture_sizes(self.split(name))

    def train_dataloader(self) -> DataLoader[Batch]:
        """Shuffled crops with fresh noise, made on the device that trains where the pictures fit there."""
        trainer, pictures = self.trainer, self.split("train")
        if trainer is not None and self.num_workers == 0:
            pictures = pictures.to(trainer.strategy.root_device)
        noise = None if self.real_pairs else self.protocol.noise
        pairs = NoisyPairs(pictures, noise, self.protocol.seed, self.patch_size, self.crops_per_image, self.flip)
        rank, world = (trainer.global_rank, trainer.world_size) if trainer is not None else (0, 1)
        sampler = EpochSampler(len(pairs), self.protocol.seed, rank, world)
        whole = len(sampler) >= self.batch_size
        return self._loader(pairs, self.batch_size, sampler=sampler, drop_last=whole)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Whole pictures with frozen noise."""
        return self._frozen("val")

    def test_dataloader(self) -> DataLoader[Batch]:
        """Whole pictures with frozen noise."""
        return self._frozen("test")

    def frozen(self, name: str, draws: int = 1) -> FrozenPairs:
        """The evaluation pairs of a split, with noise drawn so many times for each."""
        source = self.test if name == "test" and self.test is not None else self
        noise = None if source.real_pairs else self.protocol.noise.clipped(self.protocol.clip)
        return FrozenPairs(self.split(name), noise, self.protocol.seed, self.protocol.levels, draws)

    def _frozen(self, name: str) -> DataLoader[Batch]:
        pairs, trainer = self.frozen(name), self.trainer
        batch_size = self.batch_size if self.split(name).same_size else 1
        if trainer is None or trainer.world_size == 1:
            return self._loader(pairs, batch_size)
        if len(pairs) < trainer.world_size:
            raise DenoiserError(
                f"{len(pairs.pictures)} {name} picture(s) cannot be shared by {trainer.world_size} processes "
                "(trainer.devices)",
                "trainer.devices=1",
            )
        # Lightning's own sharding pads with duplicates, which would count pictures twice.
        share = range(trainer.global_rank, len(pairs), trainer.world_size)
        return self._loader(Subset(pairs, list(share)), batch_size)

    def _loader(self, pairs: Dataset[Batch], batch_size: int, **options: object) -> DataLoader[Batch]:
        workers = {
            "num_workers": self.num_workers,
            "persistent_workers": self.num_workers > 0,
            "worker_init_fn": exit_on_sigterm,
        }
        return DataLoader(pairs, batch_size, collate_fn=identity, **workers, **options)  # type: ignore[arg-type]


def _check_whole(key: str, value: object, lowest: int) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= lowest
    require(whole, f"data.{key}", value, f"not a whole number from {lowest} up", str(32 * lowest))


def identity(batch: Batch) -> Batch:
    """`__getitems__` made the batch; there is nothing to collate."""
    return batch
