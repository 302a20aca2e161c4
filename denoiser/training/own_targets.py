"""Classes that the user names in place of a choice's own: `optimizer._target_=torch.optim.SGD`."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from omegaconf import DictConfig, OmegaConf, open_dict

from denoiser import build
from denoiser.errors import DenoiserError, nearest
from denoiser.machine import launcher
from denoiser.machine.terminal import say
from denoiser.search_path import files

KINDS = {"optimizer": ("params",), "scheduler": ("optimizer", "steps"), "objective": ()}
"""The groups whose class the command can name, with the arguments that are no keys."""
BESIDES = {"scheduler": ("warmup", "interval", "frequency", "monitor")}
"""Keys that a group has with every class."""


def leave_out_other_keys(cfg: DictConfig, overrides: Sequence[str]) -> None:
    """Leave out, in place, what a choice sets for its own class and the class of the command does not take.

    Where there was no command line, the configuration may have been edited: of a class that does not take a key, it is
    left out if one of the group's choices has it.

    Args:
        cfg: the configuration.
        overrides: the overrides of the command line; none for a configuration of Python.

    Raises:
        DenoiserError: the class does not exist or is not allowed, or does not take a key that was typed.
    """
    typed = {override.lstrip("+").partition("=")[0] for override in overrides}
    for kind in KINDS:
        if f"{kind}._target_" in typed or (not overrides and cfg.get(kind)):
            left = _leave_out(cfg[kind], kind, typed)
            if left and launcher.rank() == 0:
                say(f"{cfg[kind]._target_} has no {', '.join(left)}: left out (keys of {kind})")


def _leave_out(config: DictConfig, kind: str, typed: set[str]) -> list[str]:
    """Remove what the class does not take; the names of the keys."""
    parameters = inspect.signature(build.target(kind, config["_target_"])).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return []
    taken = [name for name in (*parameters, *BESIDES.get(kind, ())) if name not in KINDS[kind]]
    others = [str(key) for key in config if key not in (*taken, "_target_")]
    if not typed:
        chosen = {str(key) for file in files(kind) for key in OmegaConf.load(file)}
        others = [key for key in others if key in chosen]
    for key in others:
        if f"{kind}.{key}" in typed:
            near = nearest(key, taken)
            fix = f"{kind}.{near}, of {', '.join(taken)}" if near else f"one of {', '.join(taken)}"
            raise DenoiserError(f"{config['_target_']} has no {key} ({kind}.{key})", fix)
    with open_dict(config):
        for key in others:
            del config[key]
    return others
