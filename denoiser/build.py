"""Objects from configuration: the only caller of Hydra's `instantiate`, behind an allowlist.

Checkpoints and run folders of others carry configuration too. What is allowed therefore depends on who names it:

    a file                  `ALLOWED`, and of Lightning only `OF_FILES`
    the user's command      `ALLOWED` and `COMMAND`: also models of torchvision, all of Lightning's own
    either                  and packages of the user's own that are named in `trust=[mypkg]` or DENOISER_TRUST

It is decided by the object at the end of the dotted path, not by how the path begins: `torch.nn.modules.os.system`
begins like a network.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hydra.utils import get_object, instantiate
from omegaconf import DictConfig, OmegaConf

from denoiser import trust
from denoiser.errors import ENVIRONMENT, DenoiserError, check_arguments

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
    "denoiser.callbacks.LastCheckpoint": "denoiser.training.checkpoints.LastCheckpoint",
    "denoiser.training.callbacks.BestCheckpoint": "denoiser.training.checkpoints.BestCheckpoint",
    "denoiser.training.callbacks.LastCheckpoint": "denoiser.training.checkpoints.LastCheckpoint",
    "denoiser.callbacks.EpochLog": "denoiser.training.callbacks.EpochLog",
    "denoiser.callbacks.Images": "denoiser.training.callbacks.Images",
    "denoiser.callbacks.early_stopping": "denoiser.training.callbacks.early_stopping",
    "denoiser.callbacks.ema": "denoiser.training.callbacks.ema",
    "denoiser.callbacks.progress": "denoiser.training.callbacks.progress",
    "denoiser.callbacks.projector": "denoiser.training.callbacks.projector",
}
"""The current path of each class or function that files of earlier versions name: runs, checkpoints and exports."""
PASSED_ON = {"lightning.pytorch.loggers.TensorBoardLogger": "torch.utils.tensorboard.SummaryWriter"}
"""What gets the arguments that a class takes without looking at them, and only uses later."""


def _allowed_modules(kind: str) -> tuple[str, ...]:
    """The beginnings of the modules that are allowed for a kind of object, each with a dot at its end."""
    own = tuple(f"{package}." for package in trust.packages())
    return ALLOWED[kind] + (COMMAND.get(kind, ()) if trust.command() else ()) + own


def plain(config: Any) -> Any:
    """Configuration as plain dicts, lists, strings and numbers, with interpolations resolved."""
    return OmegaConf.to_container(config, resolve=True) if OmegaConf.is_config(config) else config


def make(kind: str, config: Mapping[str, Any], **arguments: Any) -> Any:
    """Call what `config["_target_"]` names with the other keys and `arguments`.

    Args:
        kind: a key of `ALLOWED`.
        config: `_target_` and arguments; nested `_target_`s are refused.
        **arguments: objects that configuration cannot hold.

    Raises:
        DenoiserError: the target does not exist, is not allowed for this kind, or does not take these arguments.
    """
    options = dict(plain(config))
    path = options.pop("_target_", None)
    factory, nested = target(kind, path), list(_targets(options))
    if nested:
        raise _refusal(kind, nested[0])
    if path in PASSED_ON:
        check_arguments(kind, factory, options, arguments, get_object(PASSED_ON[path]))
    try:
        # Partial, because instantiate would turn dataclasses among the arguments into dictionaries.
        made = instantiate({**options, "_target_": factory}, _recursive_=False, _convert_="all", _partial_=True)(
            **arguments
        )
    except (DenoiserError, OSError, MemoryError):  # these have messages of their own
        raise
    except ModuleNotFoundError as error:
        package = re.search(r"pip install[^`]*", str(error))  # Lightning's own advice
        fix = package.group() if package else f"pip install {error.name}"
        what = f"{kind} requires a package that is not installed: {str(error).partition('. HINT')[0]} ({path})"
        raise DenoiserError(what, fix, ENVIRONMENT) from error
    except Exception as error:  # libraries refuse arguments with exceptions of any type
        if isinstance(error, TypeError):
            check_arguments(kind, factory, options, arguments)
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DenoiserError(f"{kind} cannot be built: {reason} ({path})", f"check the keys below {kind}") from error
    if not _has_base(kind, type(made)) and not (kind == "objective" and callable(made)):
        base = BASES[kind][0].rpartition(".")[2]
        raise DenoiserError(f"{path} makes {type(made).__name__}, no {base} ({_key(kind)})", f"a class of {base}")
    return made


def check_path(kind: str, path: Any) -> str:
    """The current path of what a dotted path names, checked as far as nothing has to be imported for it.

    Args:
        kind: a key of `ALLOWED`.
        path: the dotted path, which may be one of an earlier version; anything else than a string is refused.

    Raises:
        DenoiserError: it is not allowed for this kind.
    """
    path = MOVED.get(path, path) if isinstance(path, str) else path
    if not isinstance(path, str) or not path.startswith(_allowed_modules(kind)):
        raise _refusal(kind, path)
    return path


def check_paths(config: DictConfig) -> None:
    """Check every path of a run's or an evaluation's configuration as `check_path` does.

    Raises:
        DenoiserError: one is not allowed.
    """
    for kind, key in GROUPS.items():
        for path in _targets(plain(OmegaConf.select(config, key))):
            check_path(kind, path)
    for kind, key in KEYS.items():
        names = plain(OmegaConf.select(config, key))
        for name in names if isinstance(names, list) else [names]:
            if "." in str(name):
                check_path(kind, name)


def target(kind: str, path: Any) -> Any:
    """The class or function at a dotted path, see `check_path`.

    Raises:
        DenoiserError: it does not exist, or is not allowed for this kind.
    """
    path = check_path(kind, path)
    try:
        candidate = get_object(path)
    except Exception as error:
        reason = (str(error.__cause__ or error).splitlines() or [""])[0]
        what = f"there is no {path}: {reason} ({_key(kind)})"
        raise DenoiserError(what, "check its spelling, and that its package is installed") from error
    if not _allowed(kind, candidate):
        raise _refusal(kind, path)
    return candidate


def network(config: Mapping[str, Any]) -> Any:
    """The network, an `nn.Module` from `(B, C, H, W)` to the same shape."""
    return make("network", config)


def objective(config: Mapping[str, Any]) -> Any:
    """The objective, see `denoiser.objectives.base`, or a plain loss."""
    return make("objective", config)


def optimizer(config: Mapping[str, Any], parameters: Iterable[Any]) -> Any:
    """The optimizer of `parameters`."""
    return make("optimizer", config, params=parameters)


def scheduler(config: Mapping[str, Any], optimizer: Any, **filled: Any) -> Any:
    """The learning-rate scheduler of an optimizer, with what configuration need not give; None for a constant rate."""
    return make("scheduler", config, optimizer=optimizer, **filled)


def _targets(value: Any) -> Iterator[Any]:
    """Every `_target_` inside of a value."""
    if isinstance(value, Mapping):
        if "_target_" in value:
            yield value["_target_"]
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _targets(item)


def _key(kind: str) -> str:
    return KEYS.get(kind, f"_target_ of {kind}")


def _refusal(kind: str, path: Any) -> DenoiserError:
    ours = f"a class of {' or '.join(ALLOWED[kind])}" if ALLOWED[kind] else ""
    package = trust.package_of(str(path))
    own = f"a class that {package} itself defines" if package else trust.advice(path)
    fix = "; ".join(filter(None, (ours, own)))
    return DenoiserError(f"{path} is not allowed ({_key(kind)})", fix)


def _allowed(kind: str, candidate: Any) -> bool:
    """Whether the object is of an allowed module and, for the kinds of `BASES`, a class with that base."""
    module, is_class = str(getattr(candidate, "__module__", None)), inspect.isclass(candidate)
    if not f"{module}.".startswith(_allowed_modules(kind)):
        return False
    if own := trust.package_of(module):
        trust.need(own)
    elsewhere = own or not f"{module}.".startswith(ALLOWED[kind])
    if kind in OF_FILES and module.startswith("lightning.") and not (elsewhere or trust.command()):
        return is_class and candidate.__name__ in OF_FILES[kind]
    if elsewhere or kind not in BASES:
        return is_class or inspect.isfunction(candidate)
    return is_class and _has_base(kind, candidate)


def _has_base(kind: str, candidate: type) -> bool:
    """Whether a class has one of the bases of its kind, if there are any."""
    names = {f"{base.__module__}.{base.__name__}" for base in candidate.__mro__}
    return kind not in BASES or not names.isdisjoint(BASES[kind])
