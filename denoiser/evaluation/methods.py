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
from denoiser.metrics.cost import macs, parameters
from denoiser.weights import shipped
from denoiser.weights.load import opened
from denoiser.weights.published import Published


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
    network = opened(name)
    if isinstance(network.model, Published):
        raise DenoiserError(f"these are published weights (checkpoint={name})", f"weights={name}")
    module = network.model.to(device)
    hparams = module.hparams
    return Method(
        name=network.name,
        kind="checkpoint",
        denoise=module.forward,
        architecture=str(hparams["network"]["_target_"]).rpartition(".")[2],
        channels=hparams["channels"],
        seen=network.seen,
        source=name if name in shipped.NAMES else str(network.file),
        sha256=network.sha256,
        trained_on=hparams.get("trained_on") or None,
        trained_sigma=hparams.get("trained_sigma"),
        params=parameters(module.network),
        macs=macs(module.forward, hparams["channels"], device),
    )


def _weights(name: str, device: torch.device) -> Method:
    model = opened(name).model
    if not isinstance(model, Published):
        raise DenoiserError(f"this is a model of denoiser itself (weights={name})", f"checkpoint={name}")
    network = model.to(device)
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
