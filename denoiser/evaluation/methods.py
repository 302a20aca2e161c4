"""The methods of an evaluation: trained checkpoints, published weights and classical baselines, behind one call."""

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
from denoiser.evaluation.baseline import baseline
from denoiser.metrics.cost import macs, parameters
from denoiser.training.module import Denoiser
from denoiser.weights import shipped
from denoiser.weights.load import Opened, opened
from denoiser.weights.published import Published


@dataclass(frozen=True)
class Method:
    """A denoiser and the facts that reports show of it.

    Attributes:
        name: name of its rows in tables.
        kind: `checkpoint`, `weights`, `baseline` or `function`.
        denoise: takes noisy float32 `(B, C, H, W)`, nominally in [0, 1], on the evaluation's device, and noise levels
            `(B,)` in grey levels of 255; returns the same shape.
        architecture: name of the architecture or algorithm.
        channels: channels of its pictures, 3 or 1; None for any.
        takes_sigma: whether it takes a noise level.
        exact: whether its output is scored as it is, neither clamped nor rounded.
        seen: record of the pictures that a checkpoint was trained or selected on, see `weights.training_record.seen`.
        source: the file, or the name of shipped weights.
        sha256: sha256 of the file, in hexadecimal.
        trained_on: data and noise of training, in words.
        trained_sigma: lowest and highest noise level of training, in grey levels of 255.
        trained_shot: lowest and highest shot noise of training.
        params: number of learned parameters.
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
    trained_shot: Sequence[float] | None = None
    params: int | None = None
    macs: int | None = None

    def facts(self) -> dict[str, Any]:
        """The method's entry in `results.json`."""
        internal = ("name", "denoise", "channels", "takes_sigma", "exact", "seen")
        return {"method": self.name, **{key: value for key, value in vars(self).items() if key not in internal}}


def methods(cfg: DictConfig, data: PairsDataModule, device: torch.device) -> list[Method]:
    """Load every method that an evaluation names.

    Args:
        cfg: the evaluation's configuration: `checkpoint`, `weights`, `baseline`, each a name, a list or null.
        data: the pictures.
        device: device of the networks.

    Raises:
        DenoiserError: none is named, one is missing or cannot be loaded, or takes other channels than the pictures'.
    """
    loaders = {"checkpoint": _checkpoint, "weights": _weights, "baseline": of_baseline}
    keys = [(kind, str(name)) for kind in METHOD_KEYS for name in as_list(cfg[kind])]
    if not keys:
        raise DenoiserError("nothing to evaluate (checkpoint, weights, baseline)", "checkpoint=RUN, or baseline=nlm")
    if twice := [f"{kind}={name}" for (kind, name), count in Counter(keys).items() if count > 1]:
        raise DenoiserError(f"named twice ({twice[0]})", "name it once")
    loaded = [loaders[kind](name, device) for kind, name in keys]
    return checked(loaded, data)


def checked(methods: Sequence[Method], data: PairsDataModule) -> list[Method]:
    """The methods under unique names.

    Raises:
        DenoiserError: one takes other channels than the pictures'.
    """
    for method in methods:
        _check_channels(method, data)
    return _with_unique_names(methods)


def as_list(value: Any) -> list[Any]:
    """The values of a key that holds one, a list or null."""
    value = build.plain(value)
    return [] if value is None else value if isinstance(value, list) else [value]


def _check_channels(method: Method, data: PairsDataModule) -> None:
    if method.channels in (None, data.channels):
        return
    what = f"{method.name} takes {method.channels} channel(s) and {data.label} has {data.channels} (data.channels)"
    if method.channels in data.allowed_channels:
        raise DenoiserError(what, f"data.channels={method.channels}")
    colours = "grey" if method.channels == 1 else "colour"
    raise DenoiserError(what, f"data=photos data.channels={method.channels}, or other data in {colours}")


def _checkpoint(name: str, device: torch.device) -> Method:
    network = opened(name)
    if isinstance(network.model, Published):
        raise DenoiserError(f"these are published weights (checkpoint={name})", f"weights={name}")
    return of_opened(network, name, device)


def _weights(name: str, device: torch.device) -> Method:
    network = opened(name)
    if not isinstance(network.model, Published):
        raise DenoiserError(f"this is a model of denoiser itself (weights={name})", f"checkpoint={name}")
    return of_opened(network, name, device)


def of_opened(network: Opened, name: str, device: torch.device) -> Method:
    """The method of a loaded model.

    Args:
        network: the model.
        name: how the user named it.
        device: where it runs.
    """
    method = of_model(network.model, device)
    if isinstance(network.model, Published):
        return replace(method, source=name)
    source = name if name in shipped.NAMES else str(network.file)
    return replace(method, name=network.name, seen=network.seen, source=source, sha256=network.sha256)


def of_model(model: Denoiser | Published, device: torch.device) -> Method:
    """The method of a model; it is moved to the device."""
    model.to(device)
    if isinstance(model, Published):
        level = torch.full((1,), 25.0, device=device)
        return Method(
            name=model.name,
            kind="weights",
            denoise=model.forward,
            architecture=model.architecture,
            channels=model.channels,
            takes_sigma=model.takes_sigma,
            sha256=model.sha256,
            params=parameters(model),
            macs=macs(lambda image: model.forward(image, level), model.channels, device),
        )
    return Method(
        name=model.name,
        kind="checkpoint",
        denoise=model.forward,
        architecture=type(model.network).__name__,
        channels=model.channels,
        seen=model.seen,
        trained_on=model.hparams.get("trained_on") or None,
        trained_sigma=model.hparams.get("trained_sigma"),
        trained_shot=model.hparams.get("trained_shot"),
        params=parameters(model.network),
        macs=macs(model.forward, model.channels, device),
    )


def of_baseline(name: str, device: torch.device | None = None) -> Method:
    """The method of a classical denoiser, see `baseline`."""
    denoise_picture = baseline(name)

    def denoise(noisy: Tensor, sigma: Tensor) -> Tensor:
        pairs = zip(noisy.cpu(), sigma.tolist(), strict=True)
        return torch.stack([denoise_picture(image, level) for image, level in pairs]).to(noisy.device)

    is_input = name == "noisy"
    short = name.rpartition(".")[2]
    architecture = "the input as it is" if is_input else f"{short.upper()} (classical)" if short == name else name
    return Method(short, "baseline", denoise, architecture, takes_sigma=not is_input, exact=is_input)


def _with_unique_names(methods: Sequence[Method]) -> list[Method]:
    """Methods that share a name get that of their run or file in brackets, and a number if that is the same, too."""
    counts = Counter(method.name for method in methods)
    renamed: list[Method] = []
    for method in methods:
        name = f"{method.name} ({_origin(method)})" if counts[method.name] > 1 and method.source else method.name
        taken = sum(other.name == name or other.name.startswith(f"{name} #") for other in renamed)
        renamed.append(replace(method, name=f"{name} #{taken + 1}" if taken else name))
    return renamed


def _origin(method: Method) -> str:
    """The name of a checkpoint's run folder, or of another file."""
    file = Path(str(method.source)).absolute()
    return file.parent.parent.name if file.parent.name == "checkpoints" else file.stem
