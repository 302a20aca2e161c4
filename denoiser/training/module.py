"""The LightningModule around every network: one step for training, validation and test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from denoiser.data import leaks
from denoiser.data.base import PairsDataModule
from denoiser.data.batch import Batch
from denoiser.metrics.psnr_ssim import ImageMean
from denoiser.noise.base import to_8_bit
from denoiser.objectives.base import Objective
from denoiser.objectives.losses import Loss
from denoiser.training import given, probing
from denoiser.training.batches import as_batch, check_noisy
from denoiser.training.checks import check_call, check_parts, training_size
from denoiser.training.compiling import compiled
from denoiser.training.divergence import diverged
from denoiser.training.optimizer import Length, step_plateaus
from denoiser.training.recorded import Recorded
from denoiser.training.resumable import Resumable
from denoiser.training.tested import Tested

DEFAULT_OBJECTIVE: given.Config = {"_target_": "denoiser.objectives.supervised.Supervised"}
DEFAULT_OPTIMIZER: given.Config = {"_target_": "torch.optim.Adam", "lr": 1e-3}
CHECK_EVERY = 50
"""Number of training steps between two checks of the loss: each check waits for the device."""


class Denoiser(Recorded, Resumable, Tested):
    """A network with its objective and optimizer, to train, test and use.

    Each part is an object, or a dictionary with `_target_` and arguments. A checkpoint keeps dictionaries, so that it
    loads by itself, without unpickling anything. Of an object it keeps the name of its class; give the object again:
    `Denoiser.load_from_checkpoint(FILE, network=MyNet())` or `denoiser.load(FILE, network=MyNet())`. A `ckpt_path=FILE`
    of Lightning's Trainer executes nothing either; what it downloads from a URL it does, without `weights_only=True`.

    Args:
        network: any `nn.Module` from `(B, C, H, W)` to the same shape, nominally in [0, 1]. Pictures are padded to what
            it needs: to multiples of its attribute `multiple`, which is found by trying where there is none, and to
            its attribute `smallest`, the least side in pixels, if it has one.
        objective: an `Objective`; or a loss, a function of the denoised and the clean pictures such as
            `torch.nn.L1Loss()`, or its name, see `Supervised`; the default is the mean squared error. Its parameters
            are trained with those of the network, but for those that require no gradients or whose part is in
            evaluation mode, as pretrained losses are.
        optimizer: an optimizer of some or all of these parameters; or from all of them to one, or to whatever
            Lightning's `configure_optimizers` returns; the default is Adam with a learning rate of 0.001.
        channels: number of channels of its pictures, 3 or 1; None for what it takes, found by trying.
        name: name of the model, as in `model=NAME`; None for that of the network's class.
        trained_on: data and noise of the training, for tables and pages.
        trained_sigma: lowest and highest noise level of the training in grey levels of 255; None for other noise.
        trained_shot: lowest and highest shot noise of the training; None for other noise.
        scheduler: from the optimizer to its learning-rate scheduler, which is stepped after each epoch; for a
            dictionary see `training.optimizer.scheduled`. None for a constant rate.

    Attributes:
        scores: after a test, the scores of each picture by item. For `seen`, `init` and `earlier` see `Recorded`.

    Raises:
        DenoiserError: a `_target_` does not exist, is not allowed, or does not take its arguments; other channels.

    Training data is a dataset of `denoiser.data`, or loaders of `(noisy, clean)` tensors:

    >>> from lightning.pytorch import Trainer
    >>> from torch.utils.data import DataLoader
    >>> quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    >>> model = Denoiser(torch.nn.Conv2d(1, 1, 3, padding=1), torch.nn.L1Loss(), lambda p: torch.optim.SGD(p, lr=0.1))
    >>> pairs = DataLoader([(torch.rand(2, 1, 16, 16), torch.rand(2, 1, 16, 16)) for _ in range(3)], batch_size=None)
    >>> Trainer(max_epochs=1, enable_checkpointing=False, **quiet).fit(model, pairs, pairs)
    >>> (scores,) = Trainer(**quiet).test(model, pairs, verbose=False)
    >>> sorted(scores)
    ['test/psnr', 'test/psnr_noisy', 'test/ssim', 'test/ssim_noisy']
    >>> model(torch.zeros(1, 28, 27)).shape
    torch.Size([1, 28, 27])
    >>> [denoised.shape for denoised in Trainer(**quiet).predict(model, DataLoader(torch.rand(3, 1, 9, 8), 2))]
    [torch.Size([2, 1, 9, 8]), torch.Size([1, 1, 9, 8])]
    """

    takes_sigma = False

    def __init__(
        self,
        network: nn.Module | given.Config,
        objective: Objective | Loss | str | given.Config = DEFAULT_OBJECTIVE,
        optimizer: given.OptimizerFactory | given.Config = DEFAULT_OPTIMIZER,
        channels: int | None = None,
        name: str | None = None,
        trained_on: str = "",
        trained_sigma: Sequence[float] | None = None,
        trained_shot: Sequence[float] | None = None,
        scheduler: given.SchedulerFactory | given.Config | None = None,
    ) -> None:  # pragma: no mutate block, because save_hyperparameters reads this frame
        super().__init__()
        given.check_optimizer(optimizer, scheduler)
        self.network = given.network(network)
        self.channels = probing.channels(self.network, channels)
        self.name = given.name(network) if name is None else name
        parts = {"network": network, "objective": objective, "optimizer": optimizer, "scheduler": scheduler}
        trained = {"trained_on": trained_on, "trained_sigma": trained_sigma, "trained_shot": trained_shot}
        plain = {key: given.record(part) for key, part in parts.items() if part is not None}
        self.save_hyperparameters({**plain, "channels": self.channels, "name": self.name, **trained})
        self.smallest = getattr(self.network, "smallest", 1)
        self.multiple = probing.multiple(self.network, self.channels)
        self.objective, self.optimizer, self.scheduler = given.objective(objective), optimizer, scheduler
        self.psnr, self.ssim = ImageMean("psnr"), ImageMean("ssim")
        self._called = True
        self._compiled: Callable[[Tensor], Tensor] | None = None

    def compile_training(self) -> None:
        """Compile the network for training steps; validation, test and the saved weights stay as they are."""
        self._compiled = compiled(self.network)

    def run_network(self, noisy: Tensor, sigma: Tensor | None) -> Tensor:
        """The network's call, in training the compiled one if there is one."""
        return self._compiled(noisy) if self._compiled and self.training else super().run_network(noisy, sigma)

    def setup(self, stage: str) -> None:
        """Check before training, see `check`."""
        if stage == "fit":
            self.check(self._datamodule())

    def check(self, data: Any) -> None:
        """Check that network and objective fit, and that no test picture is among those of training.

        Where the data is none of `denoiser.data`, they are called before the first step, on pictures of its size.

        Raises:
            DenoiserError: a part is missing that was an object before the model was saved; the network or the objective
                does not fit, see `checks`; or the test pictures of another dataset contain some of those of training
                and validation.
        """
        given.check_given_again(objective=self.objective, optimizer=self.optimizer, scheduler=self.scheduler)
        check_parts(self, data if isinstance(data, PairsDataModule) else None)
        self._called = isinstance(data, PairsDataModule)
        if isinstance(data, PairsDataModule):
            check_call(self, self.objective, *training_size(data))
            leaks.check_test_pictures(data)
            leaks.check_earlier(self.earlier, data)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss; logged once an epoch: logging each step costs a small network a fifth of its speed."""
        batch = self._batch(batch, batch_idx)
        loss, _ = self.objective(self.forward, batch)
        self.add_loss(loss)
        last = self.trainer.is_last_batch or self.global_step + 1 == self.trainer.max_steps
        if last or self._steps % CHECK_EVERY == 0:
            self._check_finite(self._loss, batch)
        if last:
            self.log("train/loss", self.mean_loss, on_step=False, on_epoch=True, prog_bar=True, sync_dist=True)
        return loss  # type: ignore[no-any-return]

    def _batch(self, batch: Any, index: int) -> Batch:
        """A batch of any loader; with the first one, network and objective are tried."""
        pairs = as_batch(batch, self.channels, index).of_type(self.dtype)  # type: ignore[arg-type]
        if not self._called:
            check_call(self, self.objective, *pairs.noisy.shape[-2:])
            self._called = True
        return pairs

    def validation_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Compute the loss, and PSNR and SSIM of the output rounded to 8 bits."""
        batch = self._batch(batch, batch_idx)
        loss, denoised = self.objective(self.forward, batch)
        self._check_finite(loss, batch)
        denoised = to_8_bit(denoised)
        self.psnr.update(denoised, batch.clean)
        self.ssim.update(denoised, batch.clean)
        self.log("val/loss", loss, batch_size=len(batch.clean), on_epoch=True, sync_dist=True)

    def on_validation_epoch_end(self) -> None:
        """Log the means over all pictures."""
        means = {"val/psnr": self.psnr.compute().float(), "val/ssim": self.ssim.compute().float()}
        self.log_dict(means, prog_bar=True, sync_dist=True)
        self.psnr.reset()
        self.ssim.reset()

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """The optimizer and, where it has one, its learning-rate scheduler."""
        trainer, limit = self.trainer, self.trainer.max_epochs or -1
        epochs, every = float("inf") if limit < 0 else limit, trainer.check_val_every_n_epoch or 1
        parameters = given.parameters(self.network, self.objective)
        length = Length(trainer.estimated_stepping_batches, epochs, every if trainer.enable_validation else 0)
        return given.optimizer(self.optimizer, self.scheduler, parameters, length)

    def on_train_epoch_end(self) -> None:
        """Step schedulers that wait for a figure: Lightning does so only after the epoch's checkpoint is saved."""
        step_plateaus(self.trainer)

    def lr_scheduler_step(self, scheduler: Any, metric: Any) -> None:
        """Step the others, which wait for no figure."""
        if metric is None:
            scheduler.step()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leave out the weights of an objective that is not here; see also `Recorded`."""
        super().on_load_checkpoint(checkpoint)
        if isinstance(self.objective, given.Absent):
            weights = checkpoint["state_dict"]
            checkpoint["state_dict"] = {key: weights[key] for key in weights if not key.startswith("objective.")}

    def _check_finite(self, loss: Tensor, batch: Batch) -> None:
        if not torch.isfinite(loss):
            check_noisy(batch)
            raise diverged(self.trainer, "the loss is")
