"""Classes that the user names in place of a choice's own: `optimizer._target_=torch.optim.SGD`."""

from __future__ import annotations

from collections.abc import Sequence

from omegaconf import DictConfig, OmegaConf, open_dict

from denoiser import build
from denoiser.allowed import GROUPS
from denoiser.errors import DenoiserError, arguments_of, nearest
from denoiser.machine import launcher
from denoiser.machine.terminal import say
from denoiser.search_path import files

GIVEN = {
    "optimizer": ("params",),
    "scheduler": ("optimizer", "steps"),
    "data": ("noise", "seed", "test_levels", "clip"),
    "logger": ("save_dir",),
    "callback": ("folder",),
}
"""The arguments of each kind that are no keys."""
BESIDES = {"scheduler": ("warmup", "interval", "frequency", "monitor"), "data": ("name", "test", "channels")}
"""Keys that a group has with every class."""
EDITED = ("optimizer", "scheduler", "objective", "noise")
"""The kinds whose class may have been changed in a configuration of Python."""


def leave_out_other_keys(cfg: DictConfig, overrides: Sequence[str]) -> None:
    """Leave out, in place, what a choice sets for its own class and the class of the command does not take.

    A line says what is left out, and what the command's class has kept of it. Where there was no command line, the
    configuration may have been edited: of a class that does not take a key, it is left out if one of the group's
    choices has it.

    Args:
        cfg: the configuration.
        overrides: the overrides of the command line; none for a configuration of Python.

    Raises:
        DenoiserError: the class does not exist or is not allowed, or does not take a key that was typed.
    """
    typed = {override.lstrip("+").partition("=")[0] for override in overrides}
    for kind, group in GROUPS.items():
        for key in _named(cfg, kind, group, typed):
            config = OmegaConf.select(cfg, key)
            left, kept = _leave_out(config, kind, key, typed)
            words = [f"has no {', '.join(left)}: left out"] * bool(left) + [f"keeps {', '.join(kept)}"] * bool(kept)
            if words and launcher.rank() == 0:
                say(f"{config._target_} {'; '.join(words)} (keys of {key})")


def _named(cfg: DictConfig, kind: str, group: str, typed: set[str]) -> list[str]:
    """The keys, of a group or of one of its roles, whose class the user may have named."""
    keys = [key.removesuffix("._target_") for key in typed if key.endswith("._target_")]
    keys = [group] * (kind in EDITED) if not typed else keys
    inside = [key for key in keys if (key.rpartition(".")[0] if kind == "callback" else key) == group]
    return [key for key in sorted(inside) if OmegaConf.select(cfg, f"{key}._target_")]


def _leave_out(config: DictConfig, kind: str, group: str, typed: set[str]) -> tuple[list[str], list[str]]:
    """Remove what the class does not take; the names of these keys, and what stays and nobody typed."""
    known = arguments_of(build.target(kind, config["_target_"]))
    if known is None:
        return [], []
    besides, given = BESIDES.get(kind, ()), GIVEN.get(kind, ())
    taken = [name for name in (*known, *besides) if name not in given]
    others = [str(key) for key in config if key not in (*taken, "_target_")]
    if not typed:
        chosen = {str(key) for file in files(kind) for key in OmegaConf.load(file)}
        others = [key for key in others if key in chosen]
    for key in others:
        if f"{group}.{key}" in typed:
            near = nearest(key, taken)
            fix = f"{group}.{near}, of {', '.join(taken)}" if near else f"one of {', '.join(taken)}"
            raise DenoiserError(f"{config['_target_']} has no {key} ({group}.{key})", fix)
    with open_dict(config):
        for key in others:
            del config[key]
    stay = [str(key) for key in config if key in taken and key not in besides and f"{group}.{key}" not in typed]
    return others, [f"{key}={config[key]}" for key in stay if typed]
