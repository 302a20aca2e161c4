"""What an evaluation compares: trained checkpoints, published weights and classical baselines, behind one call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig
from torch import Tensor

from denoiser import build
from denoiser.config import METHOD_KEYS
from denoiser.data.base import PairsDataModule
from denoiser.errors import DenoiserError
from denoiser.evaluation import baselines
from denoiser.machine.files import sha256_of
from denoiser.metrics.cost import macs, parameters
from denoiser.runs import checkpoint
from denoiser.weights import published, rebuild, shipped
from denoiser.weights.load import content, file_of, is_exported, is_published


@dataclass(frozen=True)
class Method:
    """One way to denoise, and what is known of it.

    Attributes:
        name: of its rows in tables.
        kind: `checkpoint`, `weights` or `baseline`.
        denoise: from noisy float32 `(B, C, H, W)`, nominally in [0, 1], on the evaluation's device, and noise levels
            `(B,)` in grey levels of 255 to the same shape.
        architecture: in words.
        channels: that it takes; None for any.
        takes_sigma: whether it is told the noise level.
        exact: whether its output is scored as it is, neither clamped nor rounded.
        seen: what a checkpoint records of the pictures trained and selected on.
        source: the file.
        sha256: of the file.
        trained_on: in words.
        trained_sigma: lowest and highest noise level of training, grey levels of 255.
        params: learned numbers.
        macs: multiply-accumulates at 1xCx256x256.
    """

    name: str
    kind: str
    denoise: Callable[[Tensor, Tensor], Tensor]
    architecture: str
    channels: int | None = None
    takes_sigma: bool = False
    exact: bool = False
    seen: Mapping[str, Any] | None = None
    source: str | None = None
    sha256: str | None = None
    trained_on: str | None = None
    trained_sigma: Sequence[float] | None = None
    params: int | None = None
    macs: int | None = None

    def facts(self) -> dict[str, Any]:
        """What a report says of the method."""
        left_out = ("name", "denoise", "channels", "takes_sigma", "exact", "seen")
        return {"method": self.name, **{key: value for key, value in vars(self).items() if key not in left_out}}


def methods(cfg: DictConfig, data: PairsDataModule, device: torch.device) -> list[Method]:
    """Every method that an evaluation names, on its device.

    Args:
        cfg: the evaluation's configuration: `checkpoint`, `weights`, `baseline`, each one, several or null.
        data: the pictures.
        device: where networks run.

    Raises:
        DenoiserError: none is named; one is not there, cannot be loaded, or takes other channels than the pictures'.
    """
    makers = {"checkpoint": _checkpoint, "weights": _weights, "baseline": _baseline}
    named = [(kind, str(name)) for kind in METHOD_KEYS for name in several(cfg[kind])]
    if not named:
        raise DenoiserError("nothing to evaluate (checkpoint, weights, baseline)", "checkpoint=RUN, or baseline=nlm")
    if twice := [name for name, count in Counter(named).items() if count > 1]:
        raise DenoiserError(f"named twice ({twice[0][0]}={twice[0][1]})", "name it once")
    made = [makers[kind](name, device) for kind, name in named]
    for method in made:
        _check_channels(method, data)
    return _told_apart(made)


def several(value: Any) -> list[Any]:
    """What a key names: nothing, one thing or a list."""
    value = build.plain(value)
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def _check_channels(method: Method, data: PairsDataModule) -> None:
    if method.channels in (None, data.channels):
        return
    what = f"{method.name} takes {method.channels} channel(s) and {data.name} has {data.channels} (data.channels)"
    other = (
        f"data=photos data.channels={method.channels}, or other data in {'grey' if method.channels == 1 else 'colour'}"
    )
    raise DenoiserError(what, f"data.channels={method.channels}" if method.channels in data.allowed_channels else other)


def _checkpoint(name: str, device: torch.device) -> Method:
    file = file_of(name)
    if is_published(file):
        raise DenoiserError(f"it is no checkpoint of `denoiser run` (checkpoint={name})", f"weights={name}")
    found = content(file)
    module = rebuild.fitted(found, file).to(device)
    told = module.hparams
    return Method(
        name=file.stem if is_exported(file) else told["name"],
        kind="checkpoint",
        denoise=module.forward,
        architecture=str(told["network"]["_target_"]).rpartition(".")[2],
        channels=told["channels"],
        seen=checkpoint.seen(found, file),
        source=name if name in shipped.NAMES else str(file),
        sha256=sha256_of(file),
        trained_on=told.get("trained_on") or None,
        trained_sigma=told.get("trained_sigma"),
        params=parameters(module.network),
        macs=macs(module.forward, told["channels"], device),
    )


def _weights(name: str, device: torch.device) -> Method:
    file = Path(name).expanduser()
    if is_exported(file):
        raise DenoiserError(f"it is a network of `denoiser export` (weights={name})", f"checkpoint={name}")
    network = published.read(file).to(device)
    level = torch.full((1,), 25.0, device=device)
    return Method(
        name=network.name,
        kind="weights",
        denoise=network.forward,
        architecture=network.architecture,
        channels=network.channels,
        takes_sigma=network.takes_sigma,
        source=name,
        sha256=network.sha256,
        params=parameters(network),
        macs=macs(lambda image: network.forward(image, level), network.channels, device),
    )


def _baseline(name: str, device: torch.device) -> Method:
    denoise = baselines.baseline(name)

    def each(noisy: Tensor, sigma: Tensor) -> Tensor:
        pairs = zip(noisy.cpu(), sigma.tolist(), strict=True)
        return torch.stack([denoise(image, level) for image, level in pairs]).to(noisy.device)

    plain = name == "noisy"
    about = "the input as it is" if plain else f"{name.upper()} (classical)"
    return Method(name, "baseline", each, about, takes_sigma=not plain, exact=plain)


def _told_apart(made: Sequence[Method]) -> list[Method]:
    """No two of one name: those that share it are named for their file too, or counted."""
    shared = Counter(method.name for method in made)
    named: list[Method] = []
    for method in made:
        name = f"{method.name} ({_folder(method)})" if shared[method.name] > 1 and method.source else method.name
        taken = sum(other.name == name or other.name.startswith(f"{name} #") for other in named)
        named.append(replace(method, name=f"{name} #{taken + 1}" if taken else name))
    return named


def _folder(method: Method) -> str:
    """What tells a file from others: the run's folder, else its own name."""
    file = Path(str(method.source)).absolute()
    return file.parent.parent.name if file.parent.name == "checkpoints" else file.stem
