import re
from itertools import chain

import numpy as np
import pytest
import torch
from helpers.refusals import refused
from lightning.pytorch import LightningModule, Trainer
from torch.utils.data import DistributedSampler

from denoiser.data.base import PairsDataModule
from denoiser.data.pairs import Pictures
from denoiser.errors import DenoiserError
from denoiser.noise.gaussian import Gaussian
from denoiser.noise.impulse import SaltPepper


class Drawn(PairsDataModule):
    """Pictures of `sizes`, the same in each split but for their keys."""

    sizes = ((16, 16),) * 10
    prepared = 0

    def prepare_data(self):
        super().prepare_data()
        self.prepared += 1

    def pictures(self, split):
        images = [torch.full((self.channels, *size), 20 * i, dtype=torch.uint8) for i, size in enumerate(self.sizes)]
        stacked = torch.stack(images) if len(set(self.sizes)) == 1 else images
        return Pictures([f"{split}/{i}" for i in range(len(images))], stacked)


class Mixed(Drawn):
    sizes = ((16, 16), (12, 30), (30, 14), (20, 20))


class Listener(LightningModule):
    """Learns nothing and keeps what it is shown."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def training_step(self, batch, index):
        self.seen.append((self.current_epoch, batch))

    def validation_step(self, batch, index):
        """Nothing to learn."""

    def configure_optimizers(self):
        return None


class FakeTrainer:
    def __init__(self, rank, world):
        self.global_rank, self.world_size, self.training = rank, world, False
        self.strategy = type("Strategy", (), {"root_device": torch.device("cpu")})


def items(loader):
    return [item for batch in loader for item in batch.item.tolist()]


@pytest.mark.filterwarnings("ignore:.*does not have many workers.*", "ignore:.*LeafSpec.*is deprecated.*")
@pytest.mark.filterwarnings("ignore:`training_step` returned `None`.*", "ignore:.*configure_optimizers.*`None`.*")
@pytest.mark.filterwarnings("ignore:.*number of training batches.*", "ignore:.*tensorboardX.*")
def test_lightning_gets_every_picture_once_an_epoch_with_fresh_noise(protocol, tmp_path):
    module, data = Listener(), Drawn(3, **protocol(), batch_size=5)
    options = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    quiet = {"enable_model_summary": False, "accelerator": "cpu", "default_root_dir": tmp_path}
    Trainer(max_epochs=2, use_distributed_sampler=False, **options, **quiet).fit(module, data)
    epochs = [[batch for epoch, batch in module.seen if epoch == wanted] for wanted in (0, 1)]
    assert sorted(items(epochs[0])) == list(range(10)) and sorted(items(epochs[1])) == list(range(10, 20))
    fields = torch.cat([batch.noisy - batch.clean for epoch in epochs for batch in epoch])
    assert len(fields.flatten(1).unique(dim=0)) == 20


def test_training_is_the_same_in_workers(protocol):
    batches = [list(Drawn(1, 4, 8, **protocol(), num_workers=n).train_dataloader()) for n in (0, 2)]
    assert len(batches[0]) == 2
    for here, there in zip(*batches, strict=True):
        assert all(a.equal(b) for a, b in zip(here, there, strict=True))


@pytest.mark.parametrize("split", ["val", "test"])
def test_evaluation_shares_without_duplicates(protocol, split):
    shares = []
    for rank in range(3):
        data = Drawn(3, **protocol(levels=[15.0, 50.0]), batch_size=4)
        data.trainer = FakeTrainer(rank, 3)
        shares.append(items(getattr(data, f"{split}_dataloader")()))
    assert sorted(chain(*shares)) == list(range(20)) and {len(share) for share in shares} == {6, 7}


def test_training_shares_without_duplicates(protocol):
    shares = []
    for rank in range(3):
        data = Drawn(3, **protocol(), batch_size=2)
        data.trainer = FakeTrainer(rank, 3)
        shares.append(items(data.train_dataloader()))
    assert {len(share) for share in shares} == {2} and len(set(chain(*shares))) == 6


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_trainer_of_anybody_s_does_not_divide_the_shares_once_more(protocol, split):
    data = Drawn(3, **protocol(levels=[15.0, 50.0]), batch_size=2)
    data.trainer = FakeTrainer(1, 2)
    loader = getattr(data, f"{split}_dataloader")()
    # Lightning divides what has another sampler once more.
    assert isinstance(loader.sampler, DistributedSampler) and len(items(loader)) in (4, 10)


@pytest.mark.parametrize("split", ["val", "test"])
def test_fewer_pictures_than_processes_are_refused(protocol, split):
    data = Mixed(3, **protocol(levels=[25.0]))
    data.trainer = FakeTrainer(0, 5)
    text = refused(getattr(data, f"{split}_dataloader"))
    assert f"4 {split} picture(s) cannot be divided among 5 processes (trainer.devices)" in text
    assert text.endswith("fix: trainer.devices=1")
    data.trainer = FakeTrainer(3, 4)
    assert items(getattr(data, f"{split}_dataloader")()) == [3]


def test_batch_sizes(protocol):
    def sizes(data, split):
        return [len(batch.item) for batch in getattr(data, f"{split}_dataloader")()]

    assert sizes(Drawn(3, **protocol(), batch_size=4), "val") == [4, 4, 2]
    assert sizes(Mixed(3, **protocol(), batch_size=4), "test") == [1, 1, 1, 1]
    assert sizes(Drawn(3, **protocol(), batch_size=4), "train") == [4, 4]
    assert sizes(Drawn(3, **protocol(), batch_size=32), "train") == [10]


def test_clipping_is_the_protocol_s(protocol):
    noise, levels = Gaussian(sigma=100, clip=True), [100.0]
    published = Drawn(3, **protocol(noise, levels, clip=False))
    clipped = Drawn(3, **protocol(noise.clipped(False), levels, clip=True))
    assert next(iter(published.val_dataloader())).noisy.min() < 0
    assert next(iter(clipped.val_dataloader())).noisy.min() == 0
    assert next(iter(published.train_dataloader())).noisy.min() == 0


def test_a_noise_without_sigma_has_one_level(protocol):
    batch = next(iter(Drawn(3, **protocol(SaltPepper())).val_dataloader()))
    assert len(batch.item) == 10 and batch.level.isnan().all()


def test_another_set_is_tested_on(protocol):
    other = Mixed(3, **protocol())
    data = Drawn(3, **protocol(), test=other)
    data.prepare_data()
    data.setup("test")
    assert data.split("test").shapes == other.split("test").shapes != data.split("val").shapes
    assert data.prepared == other.prepared == 1
    assert len(items(data.test_dataloader())) == 4


@pytest.mark.parametrize(
    ("key", "value"),
    [("batch_size", 0), ("batch_size", 2.5), ("patch_size", 0), ("patch_size", -8), ("crops_per_image", 0)],
)
def test_sizes_and_counts_below_one_are_refused(protocol, key, value):
    text = refused(lambda: Drawn(3, **protocol(), **{key: value}))
    assert f"data.{key}={value}" in text and text.endswith(f"fix: data.{key}=32")
    assert "data.num_workers=-1" in refused(lambda: Drawn(3, **protocol(), num_workers=-1))


def test_channels_that_a_set_has_not_are_named(protocol):
    class Grey(Drawn):
        allowed_channels = (1,)

    assert "Grey has 1 channel(s), not 3 (data.channels)" in refused(lambda: Grey(3, **protocol()))
    assert "Drawn has 3 or 1 channel(s), not 2" in refused(lambda: Drawn(2, **protocol()))


def test_whole_numbers_of_numpy_are_taken(protocol):
    data = Drawn(np.int64(3), np.int64(4), np.uint8(8), **{**protocol(), "seed": np.int64(5)})
    assert (data.channels, data.batch_size, data.patch_size, data.protocol.seed) == (3, 4, 8, 5)
    assert len(next(iter(data.train_dataloader())).item) == 4
    assert Gaussian(np.float32(25)).levels(None) == (25,) and Gaussian().levels([np.int64(15)]) == (15,)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"noise": "gaussian"}, TypeError, "noise='gaussian' is no noise: one of denoiser.noise"),
        ({"test": "photos"}, TypeError, "test='photos' is no dataset: one of denoiser.data"),
        ({"seed": "x"}, DenoiserError, "seed=x is not a whole number"),
        ({"seed": 1.5}, DenoiserError, "seed=1.5 is not a whole number"),
        ({"channels": "x"}, DenoiserError, "not x"),
        ({"batch_size": np.float64(4)}, DenoiserError, "data.batch_size=4.0 is not a whole number"),
        ({"batch_size": True}, DenoiserError, "data.batch_size=True is not a whole number"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_values_of_other_types_are_refused_in_words(options, error, words):
    with pytest.raises(error, match=re.escape(words)):
        Drawn(**options)
