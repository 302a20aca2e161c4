"""Which classes and functions configuration may name, by their dotted paths; nothing is imported to decide it.

Checkpoints and run folders of others carry configuration too. What is allowed therefore depends on who names it:

    a file                  `ALLOWED`, and of Lightning only `OF_FILES`
    the user's command      `ALLOWED` and `COMMAND`: also models of torchvision, all of Lightning's own
    either                  and packages of the user's own that are named in `trust=[mypkg]` or DENOISER_TRUST
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf

from denoiser import trust
from denoiser.errors import DenoiserError

ALLOWED = {
    "network": ("denoiser.models.", "spandrel.architectures.", "torch.nn."),
    "objective": ("denoiser.objectives.", "torch.nn."),
    "optimizer": ("torch.optim.", "denoiser.training.muon."),
    "scheduler": ("torch.optim.lr_scheduler.", "denoiser.training.schedulers."),
    "noise": ("denoiser.noise.",),
    "data": ("denoiser.data.",),
    "callback": ("denoiser.training.callbacks.", "denoiser.training.checkpoints.", "lightning.pytorch.callbacks."),
    "logger": ("lightning.pytorch.loggers.",),
    "metric": (),
    "baseline": (),
}
"""The modules whose classes and functions are allowed, for each kind of object."""
GROUPS = {
    **{kind: kind for kind in ("objective", "optimizer", "scheduler", "noise", "data", "logger")},
    **{"network": "model.network", "callback": "callbacks"},
}
"""Where in a configuration the objects of each kind are."""
KEYS = {"metric": "metrics", "baseline": "baseline"}
"""The keys of an evaluation that name an object by its path alone, or by a name of ours without a dot."""
COMMAND = {
    "network": ("torchvision.models.", "torchvision.ops."),
    "objective": ("torchvision.ops.",),
}
"""The modules that are allowed besides where the user's command names them."""
OF_FILES = {
    "logger": ("TensorBoardLogger", "CSVLogger"),
    "callback": (
        *("DeviceStatsMonitor", "EarlyStopping", "EMAWeightAveraging", "GradientAccumulationScheduler"),
        *("LearningRateMonitor", "ModelSummary", "RichModelSummary", "RichProgressBar"),
        *("StochasticWeightAveraging", "Timer", "TQDMProgressBar", "WeightAveraging"),
    ),
}
"""What a file may name of Lightning: it reaches no network, and writes nowhere but into the run folder."""
BASES = {
    "network": ("torch.nn.modules.module.Module",),
    "objective": ("denoiser.objectives.base.Objective", "torch.nn.modules.loss._Loss"),
    "noise": ("denoiser.noise.base.Noise",),
    "data": ("denoiser.data.base.PairsDataModule",),
}
"""The base classes, of which an object of a kind must have one, by name: nothing is imported to check it."""
MOVED = {
    "denoiser.muon.Muon": "denoiser.training.muon.Muon",
    "denoiser.data.folder.RealPairs": "denoiser.data.real_pairs.RealPairs",
    "denoiser.callbacks.BestCheckpoint": "denoiser.training.checkpoints.BestCheckpoint",
    "denoiser.training.callbacks.BestCheckpoint": "denoiser.training.checkpoints.BestCheckpoint",
    "denoiser.callbacks.LastCheckpoint": "denoiser.training.checkpoints.LastCheckpoint",
    "denoiser.training.callbacks.LastCheckpoint": "denoiser.training.checkpoints.LastCheckpoint",
    "denoiser.callbacks.EpochLog": "denoiser.training.callbacks.EpochLog",
    "denoiser.callbacks.Images": "denoiser.training.callbacks.Images",
    "denoiser.callbacks.early_stopping": "denoiser.training.callbacks.early_stopping",
    "denoiser.callbacks.ema": "denoiser.training.callbacks.ema",
    "denoiser.callbacks.progress": "denoiser.training.callbacks.progress",
    "denoiser.callbacks.projector": "denoiser.training.callbacks.projector",
}
"""The current path of each class or function that files of earlier versions name: runs, checkpoints and exports."""


def allowed_modules(kind: str) -> tuple[str, ...]:
    """The beginnings of the modules that are allowed for a kind of object, each with a dot at its end."""
    own = tuple(f"{package}." for package in trust.packages())
    return ALLOWED[kind] + (COMMAND.get(kind, ()) if trust.command() else ()) + own


def plain(config: Any) -> Any:
    """Configuration as plain dicts, lists, strings and numbers, with interpolations resolved."""
    return OmegaConf.to_container(config, resolve=True) if OmegaConf.is_config(config) else config


def check_path(kind: str, path: Any) -> str:
    """The current path of what a dotted path names, checked as far as nothing has to be imported for it.

    Args:
        kind: a key of `ALLOWED`.
        path: the dotted path, which may be one of an earlier version; anything else than a string is refused.

    Raises:
        DenoiserError: it is not allowed for this kind.
    """
    path = MOVED.get(path, path) if isinstance(path, str) else path
    if not isinstance(path, str) or not path.startswith(allowed_modules(kind)):
        raise refusal(kind, path)
    return path


def check_paths(config: DictConfig) -> None:
    """Check every path of a run's or an evaluation's configuration as `check_path` does.

    Raises:
        DenoiserError: one is not allowed.
    """
    for kind, key in GROUPS.items():
        group = plain(OmegaConf.select(config, key)) or {}
        parts = (
            {f"{key}.{role}": part for role, part in group.items()}
            if kind == "callback" and "_target_" not in group
            else {key: group}
        )
        for where, part in parts.items():
            if isinstance(part, Mapping) and "_target_" in part:
                check_path(kind, part["_target_"])
            if isinstance(part, Mapping):
                check_nested(kind, part, where)
    for kind, key in KEYS.items():
        names = plain(OmegaConf.select(config, key))
        for name in names if isinstance(names, list) else [names]:
            if "." in str(name):
                check_path(kind, name)


def check_nested(kind: str, config: Mapping[str, Any], where: str) -> None:
    """Refuse a `_target_` below a key of an object: only the object itself is built.

    Args:
        kind: a key of `ALLOWED`.
        config: `_target_` and arguments.
        where: the key of this configuration, for the error.

    Raises:
        DenoiserError: names the key, and what works instead.
    """
    for key, value in config.items():
        path = None if key == "_target_" else next(_targets(value), None)
        if path is None:
            continue
        fix = f"plain values for {where}.{key}, or a class of your own that makes the object itself"
        if kind == "objective" and isinstance(value, Mapping) and "_target_" in value:
            others = (f"+{where}.{name}={argument}" for name, argument in value.items() if name != "_target_")
            fix = " ".join((f"{where}._target_={path}", *others))
        raise DenoiserError(f"{path} is not allowed as the value of a key ({where}.{key})", fix)


def _targets(value: Any) -> Iterator[Any]:
    """Every `_target_` inside of a value."""
    if isinstance(value, Mapping):
        if "_target_" in value:
            yield value["_target_"]
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _targets(item)


def key_of(kind: str) -> str:
    """Where the path of a kind is given, for errors."""
    return KEYS.get(kind, f"_target_ of {kind}")


def refusal(kind: str, path: Any) -> DenoiserError:
    """The error for a path that is not allowed, with what is."""
    ours = f"a class of {' or '.join(ALLOWED[kind])}" if ALLOWED[kind] else ""
    package = trust.package_of(str(path))
    own = f"a class that {package} itself defines" if package else trust.advice(path)
    fix = "; ".join(filter(None, (ours, own)))
    return DenoiserError(f"{path} is not allowed ({key_of(kind)})", fix)
