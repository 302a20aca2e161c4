"""Device, number of processes, precision and memory format: `auto` is resolved here, everything can be overridden."""

from __future__ import annotations

import platform
from typing import Any

import torch
from omegaconf import DictConfig

from denoiser.build import plain
from denoiser.errors import DenoiserError
from denoiser.machine.launcher import processes_per_machine

AUTO = "auto"


def has_gpu() -> bool:
    """Whether there is an accelerator that Lightning calls `gpu`."""
    return torch.cuda.is_available() or torch.backends.mps.is_available()


def trainer_options(config: DictConfig, recipe: DictConfig | None) -> dict[str, Any]:
    """The options of Lightning's Trainer with every `auto` resolved, and `memory_format`.

    Args:
        config: the `trainer` group.
        recipe: the model's recipe; its `bfloat16` and `channels_last` say whether the model is faster with them.

    Raises:
        DenoiserError: the accelerator is a GPU and there is none.
    """
    options, faster = dict(plain(config)), dict(plain(recipe or {}))
    if options["accelerator"] in ("gpu", "cuda", "mps") and not has_gpu():
        raise DenoiserError(f"there is no GPU here (trainer.accelerator={options['accelerator']})", "trainer=cpu")
    if options["accelerator"] == AUTO:
        options["accelerator"] = "gpu" if has_gpu() else "cpu"
    if options["devices"] == AUTO:
        # One by default: the child processes of Lightning would each run a whole Hydra sweep.
        options["devices"] = processes_per_machine()
    if options["precision"] == AUTO:
        mixed = faster.get("bfloat16", False) and has_bfloat16(options["accelerator"])
        options["precision"] = "bf16-mixed" if mixed else "32-true"
    if options["memory_format"] == AUTO:
        options["memory_format"] = "channels_last" if faster.get("channels_last", False) else "contiguous"
    return options


def has_bfloat16(accelerator: str) -> bool:
    """Whether bfloat16 is faster than float32: on CPUs with AVX512-BF16 or AMX, on CUDA from Ampere on."""
    if accelerator == "cpu":
        # torch has no public question; where it has others, float32 is right, and slower at most.
        asked = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
        return any(bool(supported()) for supported in asked if supported is not None)
    return torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)


def memory_format(name: str) -> torch.memory_format:
    """The memory format of torch for `contiguous` or `channels_last`.

    Raises:
        DenoiserError: the name is neither.
    """
    formats = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
    if name not in formats:
        raise DenoiserError(f"no memory format '{name}' (trainer.memory_format)", "trainer.memory_format=channels_last")
    return formats[name]


def device(name: str) -> torch.device:
    """The device for evaluation and photos; `auto` is an accelerator if there is one.

    Raises:
        DenoiserError: this machine has no such device.
    """
    if name == AUTO:
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise DenoiserError(f"there is no device '{name}' here (device={name})", "device=cpu") from error
    # Scoring is in float32, and torch uses the coarser TF32 for convolutions on NVIDIA GPUs by default.
    torch.backends.cudnn.allow_tf32 = False
    return device


def describe(device: torch.device) -> str:
    """The name of a device, for reports."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{_processor()}, {threads} thread{'s' if threads != 1 else ''}"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
