"""Objects from configuration: the only caller of Hydra's `instantiate`, behind an allowlist.

A checkpoint carries configuration too, so what may be called is decided by what is found at the end of the dotted
path, not by how the path begins: `torch.nn.modules.os.system` begins well.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from hydra.utils import get_object, instantiate
from omegaconf import DictConfig, OmegaConf

from denoiser.errors import DenoiserError

ALLOWED = {
    "network": ("denoiser.models.", "spandrel.architectures.", "torch.nn."),
    "objective": ("denoiser.objectives.",),
    "optimizer": ("torch.optim.", "denoiser.training.muon"),
    "noise": ("denoiser.noise.",),
    "data": ("denoiser.data.",),
    "callback": ("denoiser.training.callbacks", "lightning.pytorch.callbacks."),
    "logger": ("lightning.pytorch.loggers.",),
}
"""For each kind of object, the modules whose classes and functions may be called."""
NOISES = {
    "base": ("Noise",),
    "gaussian": ("Gaussian", "Speckle"),
    "poisson": ("Poisson", "PoissonGaussian"),
    "impulse": ("SaltPepper",),
    "uniform": ("Uniform",),
}
CALLBACKS = (
    *("BestCheckpoint", "LastCheckpoint", "EpochLog", "Images"),
    *("early_stopping", "ema", "progress", "projector"),
)
MOVED = {
    "denoiser.muon.Muon": "denoiser.training.muon.Muon",
    "denoiser.objectives.Supervised": "denoiser.objectives.supervised.Supervised",
    **{f"denoiser.noise.{name}": f"denoiser.noise.{file}.{name}" for file, names in NOISES.items() for name in names},
    **{f"denoiser.callbacks.{name}": f"denoiser.training.callbacks.{name}" for name in CALLBACKS},
}
"""Names that runs, checkpoints and exports of earlier versions hold, and where their modules are now."""
NEED_A_LOGGER = ("lightning.pytorch.callbacks.LearningRateMonitor",)


def plain(config: Any) -> Any:
    """Configuration as plain dicts, lists, strings and numbers, interpolations resolved."""
    return OmegaConf.to_container(config, resolve=True) if OmegaConf.is_config(config) else config


def make(kind: str, config: Mapping[str, Any], **arguments: Any) -> Any:
    """Call what `config["_target_"]` names with the other keys and `arguments`.

    Args:
        kind: a key of `ALLOWED`.
        config: `_target_` and arguments; nested `_target_`s are refused.
        **arguments: objects that configuration cannot hold.

    Raises:
        DenoiserError: the target is not there, not allowed for this kind, or does not take these arguments.
    """
    options = dict(plain(config))
    target = options["_target_"] = _check(kind, options.get("_target_"))
    for nested in _targets([value for key, value in options.items() if key != "_target_"]):
        raise _refusal(kind, nested)
    try:
        # Partial, because instantiate would turn dataclasses among the arguments into dictionaries.
        return instantiate(options, _recursive_=False, _convert_="all", _partial_=True)(**arguments)
    except (DenoiserError, OSError, MemoryError):  # told in their own words
        raise
    except Exception as error:  # whatever a library says to arguments that it does not take
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DenoiserError(f"{kind} cannot be made: {reason} ({target})", f"check the keys below {kind}") from error


def found(kind: str, target: str) -> Any:
    """The class or function that a dotted path names.

    Raises:
        DenoiserError: it is not there, or not allowed for this kind.
    """
    return get_object(_check(kind, target))


def network(config: Mapping[str, Any]) -> Any:
    """The network, an `nn.Module` from `(B, C, H, W)` to the same shape."""
    return make("network", config)


def objective(config: Mapping[str, Any]) -> Any:
    """The objective, see `denoiser.objectives.supervised`."""
    return make("objective", config)


def optimizer(config: Mapping[str, Any], parameters: Iterable[Any]) -> Any:
    """The optimiser of `parameters`."""
    return make("optimizer", config, params=parameters)


def callbacks(config: Mapping[str, Any] | None, folder: str, logged: bool = True) -> list[Any]:
    """The callbacks by role; a role without a target, or whose callback is off, is left out.

    Args:
        config: from role to `_target_` and arguments; None or nothing is no callback.
        folder: the run folder, for those that write.
        logged: whether there is a logger; without one, those that refuse to run without are left out.
    """
    roles = [role for role in (config or {}).values() if role and (logged or role["_target_"] not in NEED_A_LOGGER)]
    made = [make("callback", _placed(role, folder)) for role in roles]
    return [callback for callback in made if callback is not None]


def _placed(config: Mapping[str, Any], folder: str) -> dict[str, Any]:
    options = cast("dict[str, Any]", plain(config))
    takes_folder = "folder" in inspect.signature(get_object(_check("callback", options["_target_"]))).parameters
    return {**options, "folder": folder} if takes_folder else options


def logger(config: DictConfig | None, folder: str) -> Any:
    """The logger that writes below `folder`, or False for none."""
    return make("logger", config, save_dir=folder) if config else False


def _targets(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        if "_target_" in value:
            yield value["_target_"]
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _targets(item)


def _refusal(kind: str, target: Any) -> DenoiserError:
    return DenoiserError(f"{target} may not be called (_target_ of {kind})", f"a class of {' or '.join(ALLOWED[kind])}")


def _check(kind: str, target: Any) -> str:
    """The dotted path of today, of what may be called."""
    target = MOVED.get(target, target) if isinstance(target, str) else target
    if not isinstance(target, str) or not target.startswith(ALLOWED[kind]):
        raise _refusal(kind, target)
    try:
        found = get_object(target)
    except Exception as error:
        raise DenoiserError(f"there is no {target} (_target_ of {kind})", "check its spelling") from error
    if not _may_be_called(kind, found):
        raise _refusal(kind, target)
    return target


def _may_be_called(kind: str, found: Any) -> bool:
    """Networks and objectives, which a checkpoint may name, are classes of `nn.Module`; others may be functions."""
    home = f"{getattr(found, '__module__', None)}."
    if not any(home.startswith(prefix.rstrip(".") + ".") for prefix in ALLOWED[kind]):
        return False
    if kind not in ("network", "objective"):
        return inspect.isclass(found) or inspect.isfunction(found)
    from torch import nn

    return inspect.isclass(found) and issubclass(found, nn.Module)
