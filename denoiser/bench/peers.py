"""The contenders of `denoiser bench`: the plain per-sample loop, this project's training, and the ceiling of both."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from omegaconf import DictConfig
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from denoiser import build
from denoiser.config import compose
from denoiser.data import from_config
from denoiser.data.base import PairsDataModule
from denoiser.data.pairs import Pictures
from denoiser.machine import hardware
from denoiser.noise.levels import GREY_LEVELS
from denoiser.training import assemble

Step = Callable[[], None]
"""One training step on one batch."""
WARM_UP = 3
"""Number of steps of each round that are not timed: they load the caches, which another contender has used."""
CEILING_BATCHES = 4
"""Number of batches that the ceiling keeps in memory."""


@dataclass(frozen=True)
class Workload:
    """The pictures that a model is trained on: random uint8, since their content does not matter for speed.

    Args:
        data: name of the dataset whose keys are used, as in `data=NAME`.
        shape: `(C, H, W)` of its pictures.
        count: number of pictures.
        bar: share of the ceiling that this project should reach; None for none.
    """

    data: str
    shape: tuple[int, int, int]
    count: int
    bar: float | None = None


class RandomPictures(PairsDataModule):
    """Random uint8 pictures in every split: `count` to train on, four to validate and test on."""

    def __init__(self, workload: Workload, cfg: DictConfig, crops_per_image: int) -> None:
        keys = {key: cfg.data[key] for key in ("channels", "batch_size", "patch_size", "flip") if key in cfg.data}
        super().__init__(**from_config.protocol(cfg).keywords(), crops_per_image=crops_per_image, **keys)
        self.workload = workload

    def pictures(self, split: str) -> Pictures:
        """The pictures of a split; a list where they are cropped, as photographs of any sizes are."""
        count = self.workload.count if split == "train" else 4
        images = random_pictures(self.workload.shape, count, seed=("train", "val", "test").index(split))
        return Pictures(list(map(str, range(count))), images if self.patch_size is None else list(images))


class PerSample(Dataset[tuple[Tensor, Tensor]]):
    """Pairs one by one, as in the usual tutorial: PIL image, crop, `ToTensor`, `randn_like`.

    Args:
        images: uint8 `(N, C, H, W)`, kept as decoded PIL images.
        patch: side of a random crop in pixels; None for whole pictures.
        sigma: noise level in grey levels of 255.
    """

    def __init__(self, images: Tensor, patch: int | None, sigma: float) -> None:
        # Grey pictures have no axis of channels in PIL.
        arrays = (image.permute(1, 2, 0).squeeze(-1).contiguous().numpy() for image in images)
        self.images, self.sigma = [Image.fromarray(array) for array in arrays], sigma / GREY_LEVELS
        crop = [] if patch is None else [transforms.RandomCrop(patch)]
        self.transform = transforms.Compose([*crop, transforms.ToTensor()])

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Noisy and clean, `(C, H, W)` in [0, 1], the noisy one unclipped."""
        clean = self.transform(self.images[index])
        return clean + self.sigma * torch.randn_like(clean), clean


class Rounds(Callback):
    """Time a training in rounds, from the start of one batch to the start of another, and its peers in between.

    All run within one `fit`, in turns, so that other load on the machine affects all of them.

    Args:
        peers: the step of each peer, by name.
        batch_size: number of images in a step, of this training and of the peers.
        seconds: duration of each contender in a round.
        repeats: number of rounds until the training stops.
    """

    def __init__(self, peers: dict[str, Step], batch_size: int, seconds: float, repeats: int) -> None:
        self.peers, self.batch_size, self.seconds, self.repeats = peers, batch_size, seconds, repeats
        self.rounds: list[dict[str, float]] = []
        self.step, self.started = 0, 0.0

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Start or end this training's part of a round; at its end the peers take their parts."""
        done = self.step - WARM_UP
        self.step += 1
        if done == 0:
            self.started = clock()
        elif done > 0 and time.perf_counter() - self.started >= self.seconds:
            project = done * self.batch_size / (clock() - self.started)
            peers = {name: speed(step, self.batch_size, self.seconds) for name, step in self.peers.items()}
            self.rounds.append({"project": project, **peers})
            self.step = 0
            trainer.should_stop = len(self.rounds) >= self.repeats


def clock() -> float:
    """The time in seconds, once the device has finished its work."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def speed(step: Step, batch_size: int, seconds: float) -> float:
    """Images per second of a step, over at least `seconds` after a warm-up."""
    for _ in range(WARM_UP):
        step()
    started, steps = clock(), 0
    while steps == 0 or time.perf_counter() - started < seconds:
        step()
        steps += 1
    return steps * batch_size / (clock() - started)


def random_pictures(shape: tuple[int, int, int], count: int, seed: int = 0) -> Tensor:
    """Uint8 `(count, *shape)`, the same for the same seed."""
    return torch.randint(0, 256, (count, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


def configuration(model: str, workload: Workload) -> DictConfig:
    """The configuration of `denoiser run model=MODEL data=DATA`, for many epochs and without lines about them."""
    epochs = ["trainer.max_epochs=1000", "callbacks.progress.style=none"]
    return compose([f"model={model}", f"data={workload.data}", *epochs])


def device(cfg: DictConfig) -> torch.device:
    """The device that a run of this configuration trains on."""
    on_gpu = hardware.trainer_options(cfg.trainer, cfg.recipe)["accelerator"] == "gpu"
    return torch.device("cuda" if on_gpu and torch.cuda.is_available() else "mps" if on_gpu else "cpu")


def plain_loop(cfg: DictConfig, workload: Workload) -> Step:
    """The per-sample loop: default DataLoader with shuffling, default Adam, float32, contiguous."""
    target = device(cfg)
    network = assemble.module(cfg).network.to(target)
    images = random_pictures(workload.shape, min(workload.count, 2000))
    pairs = PerSample(images, cfg.data.get("patch_size"), cfg.noise.sigma)
    loader = DataLoader(pairs, cfg.data.batch_size, shuffle=True, drop_last=True)
    batches = itertools.chain.from_iterable(itertools.repeat(loader))
    optimizer = torch.optim.Adam(network.parameters())

    def step() -> None:
        noisy, clean = (part.to(target) for part in next(batches))
        loss: Any = functional.mse_loss(network(noisy), clean)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def ceiling(cfg: DictConfig, workload: Workload, bfloat16: bool, channels_last: bool) -> Step:
    """The fastest possible step: clean float batches in memory, one draw of noise for the batch, no loader."""
    module, target = assemble.module(cfg), device(cfg)
    objective: Any = module.objective
    memory = hardware.memory_format("channels_last" if channels_last else "contiguous")
    network: nn.Module = module.network.to(target, memory_format=memory)
    optimizer: Any = build.optimizer(module.hparams["optimizer"], network.parameters())
    side, sigma = cfg.data.get("patch_size"), cfg.noise.sigma / GREY_LEVELS
    shape = (workload.shape[0], *(workload.shape[1:] if side is None else (side, side)))
    count, batch_size = CEILING_BATCHES, cfg.data.batch_size
    images = [random_pictures(shape, batch_size).to(target).float().div_(GREY_LEVELS) for _ in range(count)]
    batches = itertools.cycle(images)

    def step() -> None:
        clean = next(batches)
        with torch.autocast(target.type, torch.bfloat16, enabled=bfloat16):
            denoised = network(torch.randn_like(clean).mul_(sigma).add_(clean)).float()
            loss = objective.loss(denoised, clean)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step
