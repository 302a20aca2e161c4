"""Objects from configuration: the only caller of Hydra's `instantiate`, behind an allowlist.

Checkpoints carry configuration too. What is allowed is therefore decided by the object at the end of the dotted path,
not by how the path begins: `torch.nn.modules.os.system` begins like a network.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hydra.utils import get_object, instantiate
from omegaconf import DictConfig, OmegaConf

from denoiser.errors import DenoiserError, nearest

ALLOWED = {
    "network": ("denoiser.models.", "spandrel.architectures.", "torch.nn."),
    "objective": ("denoiser.objectives.",),
    "optimizer": ("torch.optim.", "denoiser.training.muon."),
    "noise": ("denoiser.noise.",),
    "data": ("denoiser.data.",),
    "callback": ("denoiser.training.callbacks.", "lightning.pytorch.callbacks."),
    "logger": ("lightning.pytorch.loggers.",),
}
"""The modules whose classes and functions are allowed, for each kind of object."""
BASES = {
    "network": "torch.nn.modules.module.Module",
    "objective": "torch.nn.modules.module.Module",
    "noise": "denoiser.noise.base.Noise",
    "data": "denoiser.data.base.PairsDataModule",
}
"""The base class that an object of a kind must have, by its name: nothing is imported to check it."""
MOVED = {
    "denoiser.muon.Muon": "denoiser.training.muon.Muon",
    "denoiser.objectives.Supervised": "denoiser.objectives.supervised.Supervised",
    "denoiser.noise.Noise": "denoiser.noise.base.Noise",
    "denoiser.noise.Gaussian": "denoiser.noise.gaussian.Gaussian",
    "denoiser.noise.Speckle": "denoiser.noise.gaussian.Speckle",
    "denoiser.noise.Poisson": "denoiser.noise.poisson.Poisson",
    "denoiser.noise.PoissonGaussian": "denoiser.noise.poisson.PoissonGaussian",
    "denoiser.noise.SaltPepper": "denoiser.noise.impulse.SaltPepper",
    "denoiser.noise.Uniform": "denoiser.noise.uniform.Uniform",
    "denoiser.callbacks.BestCheckpoint": "denoiser.training.callbacks.BestCheckpoint",
    "denoiser.callbacks.LastCheckpoint": "denoiser.training.callbacks.LastCheckpoint",
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
SHOWN = 12
"""Largest number of arguments that an error lists."""
NEED_A_LOGGER = ("lightning.pytorch.callbacks.LearningRateMonitor",)


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
        check_arguments(kind, factory, options, arguments)
    try:
        # Partial, because instantiate would turn dataclasses among the arguments into dictionaries.
        return instantiate({**options, "_target_": factory}, _recursive_=False, _convert_="all", _partial_=True)(
            **arguments
        )
    except (DenoiserError, OSError, MemoryError):  # these have messages of their own
        raise
    except Exception as error:  # libraries refuse arguments with exceptions of any type
        if isinstance(error, TypeError):
            check_arguments(kind, factory, options, arguments)
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DenoiserError(f"{kind} cannot be built: {reason} ({path})", f"check the keys below {kind}") from error


def check_arguments(kind: str, factory: Any, options: Iterable[str], own: Iterable[str]) -> None:
    """Refuse an option that a class or function does not take, as far as that is known.

    Args:
        kind: what is built, for the error.
        factory: the class or function.
        options: names of the arguments that configuration gives.
        own: names of those that it cannot give.

    Raises:
        DenoiserError: names the option, and what is taken.
    """
    taken = [name for name in _taken(factory) if name not in (*own, "log_dir")]  # which loggers make of the folder
    for option in options:
        if taken and option not in taken:
            near = nearest(option, taken)
            listed = ", ".join(taken if len(taken) <= SHOWN else [*taken[:SHOWN], "..."])
            fix = f"did you mean {near}?" if near else f"leave it out, or one of {listed}"
            raise DenoiserError(f"{factory.__name__} takes no '{option}' (keys of {kind})", fix)


def _taken(factory: Any) -> list[str]:
    """Names of the arguments of a class, with those that it passes on; none where not all are known."""
    later = PASSED_ON.get(f"{factory.__module__.rpartition('.')[0]}.{factory.__qualname__}")
    inits = [each for each in getattr(factory, "__mro__", ()) if "__init__" in vars(each)] or [factory]
    names: list[str] = []
    for each in [inits[0], get_object(later)] if later else inits:
        parameters = inspect.signature(each).parameters.values()
        names += [one.name for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
        if each is not object and all(one.kind is not one.VAR_KEYWORD for one in parameters):
            return list(dict.fromkeys(names))
    return []


def target(kind: str, path: Any) -> Any:
    """The class or function at a dotted path, which may be a path of an earlier version.

    Args:
        kind: a key of `ALLOWED`.
        path: the dotted path; anything else than a string is refused.

    Raises:
        DenoiserError: it does not exist, or is not allowed for this kind.
    """
    path = MOVED.get(path, path) if isinstance(path, str) else path
    if not isinstance(path, str) or not path.startswith(ALLOWED[kind]):
        raise _refusal(kind, path)
    try:
        candidate = get_object(path)
    except Exception as error:
        raise DenoiserError(f"there is no {path} (_target_ of {kind})", "check its spelling") from error
    if not _allowed(kind, candidate):
        raise _refusal(kind, path)
    return candidate


def network(config: Mapping[str, Any]) -> Any:
    """The network, an `nn.Module` from `(B, C, H, W)` to the same shape."""
    return make("network", config)


def objective(config: Mapping[str, Any]) -> Any:
    """The objective, see `denoiser.objectives.supervised`."""
    return make("objective", config)


def optimizer(config: Mapping[str, Any], parameters: Iterable[Any]) -> Any:
    """The optimizer of `parameters`."""
    return make("optimizer", config, params=parameters)


def callbacks(config: Mapping[str, Any] | None, folder: str, logged: bool = True) -> list[Any]:
    """The callbacks, without the roles that are empty or switched off.

    Args:
        config: `_target_` and arguments for each role; None or empty for no callbacks.
        folder: the run folder, passed to those that take it.
        logged: whether there is a logger; without one, the callbacks that require it are left out.
    """
    roles = [plain(role) for role in (config or {}).values() if role]
    built = [_callback(role, folder) for role in roles if logged or role["_target_"] not in NEED_A_LOGGER]
    return [callback for callback in built if callback is not None]


def _callback(config: Mapping[str, Any], folder: str) -> Any:
    parameters = inspect.signature(target("callback", config["_target_"])).parameters
    return make("callback", config, **({"folder": folder} if "folder" in parameters else {}))


def logger(config: DictConfig | None, folder: str) -> Any:
    """The logger that writes below `folder`, or False for none."""
    return make("logger", config, save_dir=folder) if config else False


def _targets(value: Any) -> Iterator[Any]:
    """Every `_target_` inside of a value."""
    if isinstance(value, Mapping):
        if "_target_" in value:
            yield value["_target_"]
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _targets(item)


def _refusal(kind: str, path: Any) -> DenoiserError:
    return DenoiserError(f"{path} is not allowed (_target_ of {kind})", f"a class of {' or '.join(ALLOWED[kind])}")


def _allowed(kind: str, candidate: Any) -> bool:
    """Whether the object is of an allowed module and, for the kinds of `BASES`, a class with that base."""
    if not f"{getattr(candidate, '__module__', None)}.".startswith(ALLOWED[kind]):
        return False
    if kind not in BASES:
        return inspect.isclass(candidate) or inspect.isfunction(candidate)
    return inspect.isclass(candidate) and BASES[kind] in {f"{c.__module__}.{c.__name__}" for c in candidate.__mro__}
