"""A training that starts from weights: which of them fit its network, and which pictures they have seen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from denoiser import allowed
from denoiser.data import leaks
from denoiser.errors import DenoiserError
from denoiser.machine import launcher
from denoiser.machine.terminal import say
from denoiser.search_path import files
from denoiser.training.module import Denoiser
from denoiser.weights import load, shipped

SHOWN = 3
"""Largest number of tensors that a line of the table names."""


@dataclass(frozen=True)
class Fit:
    """Which tensors of a network its initial weights have.

    Attributes:
        loaded: those of the same name and shape.
        reshaped: those of another shape, with both shapes.
        missing: those that the weights lack.
        extra: those of the weights that the network lacks.
    """

    loaded: Sequence[str]
    reshaped: Sequence[str]
    missing: Sequence[str]
    extra: Sequence[str]

    @property
    def total(self) -> int:
        """The number of tensors of the network."""
        return len(self.loaded) + len(self.reshaped) + len(self.missing)


def source(init: str | os.PathLike[str]) -> str:
    """`init` as a run records it: the name of shipped weights, or an absolute path."""
    return str(init) if init in shipped.NAMES else str(Path(init).expanduser().absolute())


def opened(init: str | os.PathLike[str]) -> Callable[[Denoiser], None]:
    """Open the weights that a training starts from.

    Args:
        init: whatever `denoiser.load` takes.

    Returns:
        A function that loads them into a model, keeps what is recorded of them in it and prints which fitted.

    Raises:
        DenoiserError: there is no such file, or it cannot be loaded; from the function: fewer than half of the
            network's tensors are in it with their shape.
    """
    weights = load.opened(init)
    return lambda model: _start(model, weights, str(init))


def _start(model: Denoiser, weights: load.Opened, init: str) -> None:
    theirs, ours = weights.model.network.state_dict(), model.network.state_dict()
    fit = fitting(ours, theirs)
    if 2 * len(fit.loaded) < fit.total or not fit.loaded:
        count = f"{len(fit.loaded)} of the {fit.total} tensors of {model.name} are in {weights.name} with their shape"
        raise DenoiserError(f"another architecture: {count} (init={init})", _fix(model, weights.model))
    model.network.load_state_dict({**ours, **{name: theirs[name] for name in fit.loaded}})
    model.start_from(_record(fit, weights), _seen(weights))
    if launcher.rank() == 0:
        say(*_table(fit, weights, model), sep="\n")


def fitting(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> Fit:
    """Compare the tensors of a network with those of a file."""
    common = [name for name in ours if name in theirs]
    return Fit(
        loaded=[name for name in common if ours[name].shape == theirs[name].shape],
        reshaped=[
            f"{name} {_shape(theirs[name])} instead of {_shape(ours[name])}"
            for name in common
            if ours[name].shape != theirs[name].shape
        ],
        missing=[name for name in ours if name not in theirs],
        extra=[name for name in theirs if name not in ours],
    )


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "one number"


def _record(fit: Fit, weights: load.Opened) -> dict[str, Any]:
    """What `results.json` and the checkpoints keep of it."""
    names = {key: list(getattr(fit, key)) for key in ("reshaped", "missing", "extra")}
    trained_on = getattr(weights.model, "hparams", {}).get("trained_on") or None
    facts = {
        "name": weights.name,
        "source": str(weights.file.absolute()),
        "sha256": weights.sha256,
        "trained_on": trained_on,
    }
    return {**facts, "tensors": fit.total, "loaded": len(fit.loaded), **names}


def _seen(weights: load.Opened) -> list[dict[str, Any]]:
    """The records of the pictures of the weights' own training and of those before it; each a flat dictionary."""
    unknown = {"data": weights.name, "split": "not recorded", "pictures": 0}
    return leaks.chain(weights.seen or unknown)


def _table(fit: Fit, weights: load.Opened, model: Denoiser) -> Iterator[str]:
    yield f"{model.name} starts from {weights.name} ({weights.file})"
    yield f"  {len(fit.loaded):5} of {fit.total} tensors loaded"
    lines = {
        "of another shape, left as they start": fit.reshaped,
        "missing, left as they start": fit.missing,
        "extra, not used": fit.extra,
    }
    for words, names in lines.items():
        shown = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
        yield f"  {len(names):5} {words}{': ' * bool(names)}{shown}"
    if differing := _differences(model, weights.model):
        yield f"  {weights.name} is a network of {' '.join(differing)}"


def _fix(model: Denoiser, theirs: Any) -> str:
    if differing := _differences(model, theirs):
        return " ".join(differing)
    target = _network(theirs).get("_target_")
    names = [path.stem for path in files("model") if target and f"_target_: {target}\n" in path.read_text("utf-8")]
    return f"model={'|'.join(names)}, or other weights" if names else "weights of the same architecture"


def _differences(model: Denoiser, theirs: Any) -> list[str]:
    """The overrides that make the network what the weights' was; none where its class is another."""
    own, other = _network(model), _network(theirs)
    if own.pop("_target_", None) != other.pop("_target_", ""):
        return []
    differing = {key: value for key, value in other.items() if own.get(key) != value}
    channels = {"channels", "in_nc", "out_nc"} & set(differing)
    words = [f"data.channels={differing[key]}" for key in sorted(channels)[:1]]
    return words + [f"'model.network.{k}={_word(v)}'" for k, v in differing.items() if k not in channels]


def _network(model: Any) -> dict[str, Any]:
    """The configuration of a model's network, with its current name; empty where there is none."""
    network = dict(getattr(model, "hparams", {}).get("network") or {})
    target = network.get("_target_")
    return {**network, "_target_": allowed.MOVED.get(target, target)} if target else {}


def _word(value: Any) -> str:
    """A value as it is typed on the command line."""
    return f"[{','.join(map(_word, value))}]" if isinstance(value, list) else str(value).lower()
