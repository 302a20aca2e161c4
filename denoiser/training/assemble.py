"""From a composed configuration to data, module and trainer, with the checks that need several groups at once."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint, ProgressBar
from omegaconf import DictConfig
from torch import nn

from denoiser import build
from denoiser.errors import DenoiserError
from denoiser.machine import hardware
from denoiser.machine.memory import keep_blocks
from denoiser.machine.quiet import quiet
from denoiser.runs.checkpoint import AtomicCheckpoints
from denoiser.training.module import Denoiser
from denoiser.training.optimizer import configure


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
