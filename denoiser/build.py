"""Objects from configuration: the only caller of Hydra's `instantiate`, behind the allowlist of `allowed`.

It is decided by the object at the end of the dotted path, not by how the path begins: `torch.nn.modules.os.system`
begins like a network.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from hydra.utils import get_object, instantiate

from denoiser import trust
from denoiser.allowed import (
    ALLOWED,
    BASES,
    GROUPS,
    OF_FILES,
    allowed_modules,
    check_nested,
    check_path,
    key_of,
    refusal,
)
from denoiser.allowed import plain as plain
from denoiser.errors import ENVIRONMENT, DenoiserError, check_arguments, nearest

PASSED_ON = {"lightning.pytorch.loggers.TensorBoardLogger": "torch.utils.tensorboard.SummaryWriter"}
"""What gets the arguments that a class takes without looking at them, and only uses later."""
EXTRAS = ("wandb", "mlflow")
"""The extras of this package, which bring what a class of such a name requires."""
NEAR = 0.7
"""How alike a name must be to be the one that was meant."""


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
    factory = target(kind, path)
    check_nested(kind, options, GROUPS.get(kind, kind))
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
        if extra := next((name for name in EXTRAS if name in str(path).lower()), None):
            fix = f"pip install 'denoiser-lightning[{extra}]'"
        what = f"{kind} requires a package that is not installed: {str(error).partition('. HINT')[0]} ({path})"
        raise DenoiserError(what, fix, ENVIRONMENT) from error
    except Exception as error:  # libraries refuse arguments with exceptions of any type
        if isinstance(error, TypeError):
            check_arguments(kind, factory, options, arguments)
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DenoiserError(f"{kind} cannot be built: {reason} ({path})", f"check the keys below {kind}") from error
    if not _has_base(kind, type(made)) and not (kind == "objective" and callable(made)):
        base = BASES[kind][0].rpartition(".")[2]
        raise DenoiserError(f"{path} makes {type(made).__name__}, no {base} ({key_of(kind)})", f"a class of {base}")
    return made


def target(kind: str, path: Any) -> Any:
    """The class or function at a dotted path, see `check_path`.

    Raises:
        DenoiserError: it does not exist, or is not allowed for this kind.
    """
    path = check_path(kind, path)
    if own := trust.package_of(path):
        trust.find_here(own)
    try:
        candidate = get_object(path)
    except Exception as error:
        reason = (str(error.__cause__ or error).splitlines() or [""])[0]
        what = f"there is no {path}: {reason} ({key_of(kind)})"
        raise DenoiserError(what, _spelling(path)) from error
    if not _allowed(kind, candidate):
        raise refusal(kind, path)
    return candidate


def _spelling(path: str) -> str:
    """The advice for a path that names nothing: the nearest name of its module."""
    module, _, name = path.rpartition(".")
    loaded = sys.modules.get(module)
    near = nearest(name, getattr(loaded, "__all__", dir(loaded)), NEAR) if loaded else None
    return f"did you mean {module}.{near}?" if near else "check its spelling, and that its package is installed"


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


def _allowed(kind: str, candidate: Any) -> bool:
    """Whether the object is of an allowed module and, for the kinds of `BASES`, a class with that base."""
    module, is_class = str(getattr(candidate, "__module__", None)), inspect.isclass(candidate)
    if not f"{module}.".startswith(allowed_modules(kind)):
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
