"""The parts of a model, each given as an object or as configuration, and what a checkpoint records of them.

A checkpoint holds plain values alone, so that loading it executes nothing. Of configuration it holds the dictionary;
of an object only the name of its class, as `{"object": NAME}`, and whoever loads it gives the object again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from denoiser import build
from denoiser.data.batch import Batch
from denoiser.errors import DenoiserError
from denoiser.objectives.base import Objective
from denoiser.objectives.losses import Loss
from denoiser.objectives.supervised import Supervised
from denoiser.training.optimizer import Length, configure, scheduled

Config: TypeAlias = Mapping[str, Any]
"""`_target_` and arguments."""
OptimizerFactory: TypeAlias = Optimizer | Callable[[Iterable[nn.Parameter]], OptimizerLRScheduler]
"""An optimizer; or from parameters to one, or to anything that Lightning's `configure_optimizers` returns."""
SchedulerFactory: TypeAlias = Callable[[Optimizer], LRScheduler]
"""From the optimizer to its learning-rate scheduler."""
OBJECT = "object"
"""The key of a record that stands for an object."""


def record(part: Any) -> Any:
    """What a checkpoint holds of a part: its configuration, or the name of its class."""
    if isinstance(part, Mapping):
        return build.plain(part)
    if isinstance(part, str):
        return {"_target_": "denoiser.objectives.supervised.Supervised", "loss": part}
    named = part if hasattr(part, "__qualname__") else type(part)
    return {OBJECT: f"{named.__module__}.{named.__qualname__}"}


def network(part: nn.Module | Config) -> nn.Module:
    """The network.

    Raises:
        DenoiserError: the configuration is not possible, or the record of an object stands in its place.
        TypeError: neither a module nor configuration.
    """
    if isinstance(part, nn.Module):
        return part
    if not isinstance(part, Mapping):
        raise TypeError(f"the network is a torch.nn.Module or a dictionary with _target_, not {type(part).__name__}")
    if OBJECT in part:
        raise DenoiserError(
            f"the network was given as an object of {part[OBJECT]}, which no file holds (network)",
            f"give it again: network={str(part[OBJECT]).rpartition('.')[2]}(...)",
        )
    module: nn.Module = build.network(part)
    return module


def objective(part: Objective | Loss | str | Config) -> Objective:
    """The objective; a plain loss, or the name of one, compares the denoised pictures with the clean ones.

    Raises:
        DenoiserError: the configuration is not possible.
    """
    if isinstance(part, Mapping):
        if OBJECT in part:
            return Absent(str(part[OBJECT]))
        return objective(build.objective(part))
    if isinstance(part, type):
        raise TypeError(f"the objective is the class {part.__name__}, not a loss: {part.__name__}()")
    if not (callable(part) or isinstance(part, str)):
        raise TypeError(f"the objective is a loss, an Objective or a dictionary with _target_, not {part!r}")
    return part if isinstance(part, Objective) else Supervised(part)


class Absent(Objective):
    """Stands for an objective that was given as an object before the model was saved; only training requires it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def forward(self, denoise: Callable[[Tensor], Tensor], batch: Batch) -> tuple[Tensor, Tensor]:
        """Refuse.

        Raises:
            DenoiserError: always.
        """
        raise _again("objective", self.name)


def check_optimizer(part: Any, scheduler: Any = None) -> None:
    """Refuse what makes no optimizer or scheduler.

    Raises:
        TypeError: neither an optimizer, a function nor configuration.
    """
    if not (scheduler is None or isinstance(scheduler, Mapping) or callable(scheduler)):
        example = "lambda optimizer: torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)"
        raise TypeError(f"scheduler={scheduler!r} is no function that makes one, as {example}, and no dictionary")
    if not (isinstance(part, Optimizer | Mapping) or callable(part)):
        example = "lambda p: torch.optim.Adam(p, lr=0.001)"
        raise TypeError(f"optimizer={part!r} is no Optimizer, no function that makes one, as {example}, no dictionary")


def check_given_again(**parts: Any) -> None:
    """Refuse parts that were objects before the model was saved, by their names.

    Raises:
        DenoiserError: one of them was.
    """
    for kind, part in parts.items():
        if isinstance(part, Absent):
            raise _again(kind, part.name)
        if isinstance(part, Mapping) and OBJECT in part:
            raise _again(kind, str(part[OBJECT]))


def optimizer(
    part: OptimizerFactory | Config,
    scheduler: SchedulerFactory | Config | None,
    parameters: Iterable[nn.Parameter],
    length: Length,
) -> OptimizerLRScheduler:
    """The optimizer of `parameters`, with its scheduler if it has one.

    Raises:
        DenoiserError: the configuration is not possible, one of them was an object, a function makes no optimizer, or
            the optimizer has parameters that are none of these.
    """
    check_given_again(optimizer=part, scheduler=scheduler)
    of_configuration = None if callable(scheduler) else scheduler
    parameters = list(parameters)
    if isinstance(part, Mapping):
        made = configure(part, of_configuration, parameters, length)
    else:
        made = part if isinstance(part, Optimizer) else part(parameters)
        _check_parameters(made, parameters)
        made = scheduled(made, of_configuration, length) if isinstance(made, Optimizer) else made
    return _with_scheduler(made, scheduler) if callable(scheduler) else made


def _check_parameters(made: Any, parameters: Sequence[nn.Parameter]) -> None:
    """Refuse what is no optimizer, and optimizers that have parameters which are not trained."""
    if not any(_optimizers(made)):
        what = f"the optimizer's function makes {type(made).__name__}, and no optimizer (optimizer)"
        raise DenoiserError(what, "optimizer=lambda p: torch.optim.SGD(p, lr=0.1)")
    known = {id(parameter) for parameter in parameters}
    held = [id(each) for one in _optimizers(made) for group in one.param_groups for each in group["params"]]
    if others := len([each for each in held if each not in known]):
        what = f"of the {len(held)} parameters of the optimizer, {len(held) - others} are the model's (optimizer)"
        raise DenoiserError(what, "a function of the parameters: optimizer=lambda p: torch.optim.SGD(p, lr=0.1)")


def _optimizers(made: Any) -> Iterator[Optimizer]:
    """The optimizers in whatever Lightning's `configure_optimizers` returns."""
    if isinstance(made, Optimizer):
        yield made
    elif isinstance(made, Mapping | list | tuple):
        for part in made.values() if isinstance(made, Mapping) else made:
            yield from _optimizers(part)


def parameters(network: nn.Module, objective: nn.Module) -> list[nn.Parameter]:
    """The parameters to train: all of the network, and of the objective those that require gradients.

    Parts of the objective that are in evaluation mode, as pretrained losses mostly are, are not trained.
    """
    parts = [part for part in objective.modules() if part.training]
    own = [each for part in parts for each in part.parameters(recurse=False) if each.requires_grad]
    return list(dict.fromkeys([*network.parameters(), *own]))


def _with_scheduler(made: OptimizerLRScheduler, scheduler: SchedulerFactory) -> OptimizerLRScheduler:
    """An optimizer with a scheduler of the user's, which is stepped after each epoch, as Lightning does."""
    if not isinstance(made, Optimizer):
        raise DenoiserError("the optimizer has a scheduler already (scheduler)", "leave out scheduler=")
    return {"optimizer": made, "lr_scheduler": {"scheduler": scheduler(made), "monitor": "val/loss"}}


def _again(kind: str, name: str) -> DenoiserError:
    what = f"the {kind} was given as an object, {name}, which no file holds ({kind})"
    return DenoiserError(what, f"Denoiser.load_from_checkpoint(FILE, {kind}=...)")


def name(part: Any) -> str:
    """The name of a network without another: that of its class."""
    return str(part.get("_target_") if isinstance(part, Mapping) else type(part).__name__).rpartition(".")[2]
