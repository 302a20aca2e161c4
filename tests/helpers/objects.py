"""A small network of objects, loaders of tensors, and a short training."""

import torch
from lightning.pytorch import Trainer
from torch import nn
from torch.utils.data import DataLoader

QUIET = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}


class Net(nn.Module):
    """One convolution."""

    def __init__(self, channels=3, out=None):
        super().__init__()
        self.convolution = nn.Conv2d(channels, out or channels, 3, padding=1)

    def forward(self, x):
        return self.convolution(x)


def loader(sizes=(2, 2, 1), channels=3, side=16):
    """Batches of `(noisy, clean)`."""
    generator = torch.Generator().manual_seed(0)
    clean = [torch.rand(n, channels, side, side, generator=generator) for n in sizes]
    return DataLoader([(c + 0.1 * torch.randn(c.shape, generator=generator), c) for c in clean], batch_size=None)


def fitted(model, *data, **options):
    """Train for an epoch; returns the trainer."""
    trainer = Trainer(**{"max_epochs": 1, "enable_checkpointing": False, **QUIET, **options})
    trainer.fit(model, *data)
    return trainer
