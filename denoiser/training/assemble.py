"""From a composed configuration to the module and the trainer of a run."""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint, ProgressBar
from omegaconf import DictConfig
from torch import nn

from denoiser import build, trust
from denoiser.errors import DenoiserError, check_arguments
from denoiser.machine import hardware
from denoiser.machine.memory import keep_blocks
from denoiser.machine.quiet import quiet
from denoiser.noise.base import Noise
from denoiser.runs.checkpoint import AtomicCheckpoints
from denoiser.runs.smoke import stamp
from denoiser.training.module import Denoiser
from denoiser.training.optimizer import Length, configure
from denoiser.training.profiling import profiler

NEED_A_LOGGER = ("lightning.pytorch.callbacks.LearningRateMonitor",)
"""Callbacks that Lightning refuses without a logger."""


def module(cfg: DictConfig) -> Denoiser:
    """The model with its objective, optimizer and scheduler.

    Raises:
        DenoiserError: the network, objective, optimizer or scheduler does not exist or does not take its keys.
    """
    noise: Noise = build.make("noise", cfg.noise)
    levels = noise.training_levels()
    # Tried on one weight, so that a bad key is an error now and not after the data is loaded.
    optimizer, scheduler = build.plain(cfg.optimizer), build.plain(cfg.get("scheduler"))
    configure(optimizer, scheduler, [nn.Parameter(torch.zeros(1, 1))], _length(cfg.trainer))
    return Denoiser(
        network=build.plain(cfg.model.network),
        objective=build.plain(cfg.objective),
        optimizer=optimizer,
        scheduler=scheduler,
        channels=cfg.model.channels,
        name=cfg.model.name,
        trained_on=_trained_on(cfg, noise),
        **{f"trained_{noise.level_kind.key}": None if levels is None else list(levels)},
    )


def _length(config: DictConfig) -> Length:
    """A length of a training of which only the end is known: 1 step or epoch where there is one."""
    epochs = math.inf if config.max_epochs in (None, -1) else 1
    return Length(epochs if config.max_steps == -1 else 1, epochs)


def _trained_on(cfg: DictConfig, noise: Noise) -> str:
    """Data and noise of the training, such as `bsds500, gaussian noise, sigma 0 to 55`."""
    real = build.target("data", cfg.data["_target_"]).real_pairs
    words = [_data(cfg.data), "real noise" if real else f"{noise} noise"]
    if (levels := noise.training_levels()) is not None:
        words.append(noise.level_kind.span(levels))
    words += ["clipped"] * (noise.clip and not noise.stored)
    return ", ".join(filter(None, [*words, stamp(cfg.trainer)]))


def _data(data: DictConfig) -> str:
    """The name of the data; of a mix, with the name and the share of each source."""
    sources = data.get("sources")
    if sources is None:
        return str(data.name)
    names = [Path(str(source)).name for source in sources]
    shares = [""] * len(names) if data.shares is None else [f"{share:g} " for share in data.shares]
    return f"{data.name} of {' + '.join(map(''.join, zip(shares, names, strict=True)))}"


def trainer(cfg: DictConfig, folder: Path, step: int | None = None) -> tuple[Trainer, dict[str, Any]]:
    """Lightning's Trainer for a run folder, and its options, with every `auto` resolved.

    Args:
        cfg: the composed configuration.
        folder: the run folder.
        step: the step at which a resumed training goes on.

    Raises:
        DenoiserError: the device, precision or another key is not possible on this machine.
    """
    options = hardware.trainer_options(cfg.trainer, cfg.get("recipe"))
    arguments = {"enable_model_summary": False, **options}
    arguments["profiler"] = profiler(options.get("profiler"), folder)
    for key in ("memory_format", "compile"):
        arguments.pop(key, None)  # runs of earlier versions lack some
    log = logger(cfg.get("logger"), str(folder), step)
    chosen = callbacks(cfg.get("callbacks"), str(folder), logged=bool(log))
    quiet()
    keep_blocks()
    if not torch.cuda.is_available():
        # Lightning makes torch check for a GPU by NVML, and torch repeats the check at every optimizer step.
        os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "0"
    try:
        trainer = Trainer(
            **arguments,
            callbacks=chosen,
            logger=log,
            default_root_dir=folder,
            plugins=[AtomicCheckpoints()],
            enable_progress_bar=any(isinstance(callback, ProgressBar) for callback in chosen),
            enable_checkpointing=any(isinstance(callback, ModelCheckpoint) for callback in chosen),
            use_distributed_sampler=False,
        )
    except (TypeError, ValueError, RuntimeError, MisconfigurationException) as error:
        own = ("callbacks", "logger", "default_root_dir", "plugins", "use_distributed_sampler")
        check_arguments("trainer", Trainer, arguments, own)
        raise DenoiserError(
            f"trainer cannot be built: {str(error).splitlines()[0]} (trainer)", "check the keys below trainer"
        ) from error
    return trainer, options


def callbacks(config: Mapping[str, Any] | None, folder: str, logged: bool = True) -> list[Any]:
    """The callbacks, without the roles that are empty or switched off.

    Args:
        config: `_target_` and arguments for each role; None or empty for no callbacks.
        folder: the run folder, passed to those that take it.
        logged: whether there is a logger; without one, the callbacks that require it are left out.
    """
    roles = [build.plain(role) for role in (config or {}).values() if role]
    built = [_callback(role, folder) for role in roles if logged or role["_target_"] not in NEED_A_LOGGER]
    return [callback for callback in built if callback is not None]


def _callback(config: Mapping[str, Any], folder: str) -> Any:
    parameters = inspect.signature(build.target("callback", config["_target_"])).parameters
    return build.make("callback", config, **({"folder": folder} if "folder" in parameters else {}))


def logger(config: DictConfig | None, folder: str, step: int | None = None) -> Any:
    """The logger that writes below `folder`, or False for none; TensorBoard drops what it has from `step` on."""
    if not config:
        return False
    places = [str(config.get(key) or "") for key in ("name", "version", "sub_dir")]
    if not trust.command() and any(Path(place).is_absolute() or ".." in Path(place).parts for place in places):
        raise DenoiserError(f"the logger would write outside of the run folder ({folder})", "logger=tensorboard")
    kind = str(config.get("_target_")).rpartition(".")[2]
    purged = {"purge_step": step} if kind == "TensorBoardLogger" and step is not None else {}
    place = os.path.join(folder, "mlruns") if kind == "MLFlowLogger" else folder  # which makes many folders
    return build.make("logger", config, save_dir=place, **purged)
