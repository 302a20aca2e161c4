"""A run folder or a checkpoint file -> a Denoiser. Importing this module does not import torch; calling `load` does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from denoiser.errors import DenoiserError, nearest

if TYPE_CHECKING:
    from denoiser.module import Denoiser

CHECKPOINTS = ("best.ckpt", "last.ckpt")
"""What is looked for in a run folder's `checkpoints`, in this order."""
GIVE = "give a checkpoint of `denoiser run`"
SIDE = 64
"""Of the picture that a loaded model is tried on; below, some networks have nothing left to normalise over."""


def load(path: str | os.PathLike[str]) -> Denoiser:
    """The trained model of a run, on the CPU, in float32 and evaluation mode.

    Call it as `model(image)`: float `(B, C, H, W)` of any size, nominally in [0, 1], to the same shape;
    `model.hparams["channels"]` says C. Nothing that the file holds is executed.

    Args:
        path: a run folder (its best checkpoint, else its last) or a checkpoint file.

    Raises:
        DenoiserError: the path or a checkpoint in it is missing, the file is damaged or holds more than tensors and
            plain values, its weights do not fit the network that it describes, or that network does not run.
    """
    from denoiser import checkpoints

    file = checkpoint_file(Path(path))
    content = checkpoints.read(file)
    module = _built(content["hyper_parameters"], file)
    weights = content["state_dict"]
    difference = _difference(module.state_dict(), weights)
    if difference:
        raise DenoiserError(
            f"the checkpoint is of another architecture: {difference} ({file})",
            f"train it anew: denoiser run model={module.hparams['name']}",
        )
    if odd := checkpoints.oddity(weights, module.state_dict()):
        raise DenoiserError(f"{odd}; {checkpoints.WEIGHTS} ({file})", GIVE)
    module.load_state_dict(weights)
    _try(module.eval(), file)
    return module


def checkpoint_file(path: Path) -> Path:
    """The file to load: `path` itself, or the best, else the last checkpoint of a run folder.

    Raises:
        DenoiserError: there is no such path, or it is a folder without a checkpoint.
    """
    if not path.exists():
        raise missing("checkpoint", path)
    if not path.is_dir():
        return path
    for name in CHECKPOINTS:
        if (path / "checkpoints" / name).is_file():
            return path / "checkpoints" / name
    # The folder of a sweep, or of a day.
    runs = sorted({file.parent.parent for file in path.glob("*/checkpoints/*.ckpt")})
    fix = f"give one of its runs: {runs[-1]}" if runs else "give a run folder or a checkpoint of `denoiser run`"
    raise DenoiserError(f"no checkpoint in the folder ({path})", fix)


def missing(what: str, path: Path) -> DenoiserError:
    """The error for a path that is not there; it names the path that was most likely meant."""
    absolute = Path(os.path.abspath(path))
    there = next(parent for parent in absolute.parents if parent.is_dir())
    asked = absolute.relative_to(there).parts[0]
    try:
        near = nearest(asked, (entry.name for entry in there.iterdir()))
    except OSError:
        near = None
    return DenoiserError(
        f"no such {what} ({path})", f"did you mean {there / near}?" if near else f"give a path that exists, see {there}"
    )


def _built(hyper_parameters: Mapping[str, Any], file: Path) -> Denoiser:
    from denoiser.module import Denoiser

    try:
        return Denoiser(**hyper_parameters)
    except DenoiserError as error:
        raise DenoiserError(
            f"the checkpoint describes a model that is not built: {error.what} ({file})",
            GIVE,
        ) from error
    except Exception as error:  # from a file that anyone may have written, arguments may be anything
        raise DenoiserError(f"the checkpoint describes no model: {error} ({file})", GIVE) from error


def _try(module: Denoiser, file: Path) -> None:
    """Denoise a small picture: arguments that are wrong together show in a call alone."""
    import torch

    channels = module.hparams["channels"]
    told = f"the checkpoint describes a model that does not run (channels={channels!r})"
    if type(channels) is not int or channels not in (1, 3):
        raise DenoiserError(f"{told}: 1 and 3 are possible ({file})", GIVE)
    try:
        with torch.no_grad():
            shape = tuple(module(torch.zeros(1, channels, SIDE, SIDE)).shape)
    except Exception as error:  # from a network that anyone may have described
        if "allocate memory" in str(error):  # which says nothing of the checkpoint
            return
        raise DenoiserError(f"{told}: {error} ({file})", GIVE) from error
    if shape != (1, channels, SIDE, SIDE):
        raise DenoiserError(f"{told}: 1x{channels}x{SIDE}x{SIDE} becomes {'x'.join(map(str, shape))} ({file})", GIVE)


def _difference(expected: Mapping[str, Any], found: Mapping[str, Any]) -> str | None:
    """The first key in which a state dict differs from what the network needs, in words."""
    for key, tensor in expected.items():
        if key not in found:
            return f"{key} is missing"
        if tuple(found[key].shape) != tuple(tensor.shape):
            return f"{key} is {_shape(found[key])} and should be {_shape(tensor)}"
    extra = next((key for key in found if key not in expected), None)
    return None if extra is None else f"{extra} has no place in the network"


def _shape(tensor: Any) -> str:
    return "x".join(map(str, tensor.shape)) or "one number"
