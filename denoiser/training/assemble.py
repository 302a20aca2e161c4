"""From a composed configuration to data, module and trainer, with the checks that need several groups at once."""

from __future__ import annotations

import math
import os
import warnings
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint, ProgressBar
from omegaconf import DictConfig
from torch import nn

from denoiser import build
from denoiser.config import compose, options
from denoiser.data.base import PairsDataModule, Protocol
from denoiser.errors import DenoiserError, nearest
from denoiser.machine import hardware
from denoiser.machine.memory import keep_blocks
from denoiser.metrics.protocols import PROTOCOLS
from denoiser.noise.base import Noise
from denoiser.runs.checkpoint import AtomicCheckpoints
from denoiser.training.module import Denoiser
from denoiser.training.optimizer import configure


def protocol_name(cfg: DictConfig) -> str:
    """`published` or `clipped`: as asked for, else clipped if the noise of training is, or is a camera's.

    Raises:
        DenoiserError: it is neither, or real noise is to be unclipped.
    """
    real = build.found("data", cfg.data["_target_"]).real_pairs and cfg.data.get("test") is None
    name = cfg.protocol or ("clipped" if cfg.noise.clip or real else "published")
    if real and name == "published":
        raise DenoiserError(f"real noise is clipped by its camera (protocol={name})", "protocol=clipped")
    if name not in PROTOCOLS:
        raise DenoiserError(
            f"no protocol '{name}' (protocol)", f"protocol={nearest(str(name), PROTOCOLS) or next(iter(PROTOCOLS))}"
        )
    return str(name)


def protocol(cfg: DictConfig) -> Protocol:
    """How pictures become noisy pairs in this run.

    Raises:
        DenoiserError: the noise or a noise level cannot be meant.
    """
    if cfg.test is None:
        raise DenoiserError("test has no keys (test=null)", "test.sigma=null, or leave it out")
    noise: Noise = build.make("noise", cfg.noise)
    levels = noise.levels(build.plain(cfg.test.sigma))
    return Protocol(noise, int(cfg.seed), levels, clip=protocol_name(cfg) == "clipped")


def data(cfg: DictConfig) -> PairsDataModule:
    """The data of training, with the named set that it is tested on.

    Raises:
        DenoiserError: the data is for testing only, or its channels are not the model's.
    """
    made = _dataset(cfg.data, protocol(cfg))
    if made.test_only:
        raise DenoiserError(f"data={made.name} is for testing only (data)", f"data=synthetic data.test={made.name}")
    if made.channels != cfg.model.channels:
        other = cfg.model.channels
        fix = f"data.channels={other}" if other in made.allowed_channels else f"model=unet, which takes {made.channels}"
        raise DenoiserError(
            f"model={cfg.model.name} takes {other} channel(s) and data={made.name} has {made.channels} (data.channels)",
            fix,
        )
    return made


def evaluated(cfg: DictConfig) -> PairsDataModule:
    """The pictures of an evaluation: `data.test` where it is given, else the data itself.

    Raises:
        DenoiserError: the data, the noise or the protocol is not possible.
    """
    made = _dataset(cfg.data, protocol(cfg))
    made.prepare_data()
    return made.test or made


def _dataset(config: DictConfig, how: Protocol) -> PairsDataModule:
    given: dict[str, Any] = build.plain(config)
    name, test = given.pop("name"), given.pop("test", None)
    made: PairsDataModule = build.make("data", given, protocol=how)
    made.name = name
    made.test = None if test is None else _test_set(test, made.channels, how)
    return made


def _test_set(name: str, channels: int, how: Protocol) -> PairsDataModule:
    known = options("data")
    if name not in known:
        raise DenoiserError(f"no data '{name}' (data.test)", f"data.test={nearest(name, known) or 'photos'}")
    config = compose([f"data={name}", f"data.channels={channels}"]).data
    return _dataset(config, how)


def module(cfg: DictConfig) -> Denoiser:
    """The model with what it learns from.

    Raises:
        DenoiserError: the network, objective or optimiser is not there or does not take its keys.
    """
    noise = build.plain(cfg.noise)
    span = noise.get("sigma_range") or (None if noise.get("sigma") is None else [noise["sigma"]] * 2)
    # Tried on one weight, so that a bad key is refused now and not after the data is there.
    endless = cfg.trainer.max_epochs == -1 and cfg.trainer.max_steps == -1
    configure(build.plain(cfg.optimizer), [nn.Parameter(torch.zeros(1, 1))], math.inf if endless else 1)
    return Denoiser(
        network=build.plain(cfg.model.network),
        objective=build.plain(cfg.objective),
        optimizer=build.plain(cfg.optimizer),
        channels=cfg.model.channels,
        name=cfg.model.name,
        trained_on=_trained_on(cfg, span),
        trained_sigma=span,
    )


def _trained_on(cfg: DictConfig, span: list[float] | None) -> str:
    """In words, such as `bsds500, gaussian noise, sigma 0 to 55`."""
    words = [cfg.data.name, "real noise" if cfg.data.get("noisy") else f"{build.make('noise', cfg.noise)} noise"]
    if span is not None:
        words.append(f"sigma {span[0]:g}" if span[0] == span[1] else f"sigma {span[0]:g} to {span[1]:g}")
    return ", ".join([*words, *(["clipped"] if cfg.noise.clip else [])])


def trainer(cfg: DictConfig, folder: Path) -> tuple[Trainer, dict[str, Any]]:
    """Lightning's Trainer for a run folder, and the options it was made with, every `auto` resolved.

    Raises:
        DenoiserError: the device, precision or another key is not possible here.
    """
    chosen = hardware.trainer_options(cfg.trainer, cfg.get("recipe"))
    arguments = {key: value for key, value in chosen.items() if key != "memory_format"}
    logger = build.logger(cfg.get("logger"), str(folder))
    callbacks = build.callbacks(cfg.get("callbacks"), str(folder), logged=bool(logger))
    quiet()
    keep_blocks()
    if not torch.cuda.is_available():
        # Lightning has torch ask NVML whether there is a GPU, and torch asks at every optimiser step.
        os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "0"
    try:
        made = Trainer(
            **arguments,
            callbacks=callbacks,
            logger=logger,
            default_root_dir=folder,
            plugins=[AtomicCheckpoints()],
            enable_progress_bar=any(isinstance(callback, ProgressBar) for callback in callbacks),
            enable_checkpointing=any(isinstance(callback, ModelCheckpoint) for callback in callbacks),
            enable_model_summary=False,
            use_distributed_sampler=False,
        )
    except (TypeError, ValueError, RuntimeError) as error:
        raise DenoiserError(
            f"no such trainer: {str(error).splitlines()[0]} (trainer)", "check the keys below trainer"
        ) from error
    return made, chosen


def quiet() -> None:
    """Leave out what Lightning says on every run and what is a choice here: no workers, small epochs, its tips."""
    import logging

    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for message in (
        ".*does not have many workers.*",
        ".*could not find the monitored key.*",  # a run may end before its first validation
        ".*LeafSpec.*is deprecated.*",
        ".*The number of training batches.*",
        ".*Checkpoint directory .* exists and is not empty.*",
        ".*Starting from v1.9.0, .tensorboardX. has been removed.*",
    ):
        warnings.filterwarnings("ignore", message=message)
