"""From the name of a model to the model: shipped weights, run folders, checkpoints, exports and published weights.

Importing this module does not import torch; loading a model does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from denoiser.errors import DenoiserError
from denoiser.machine.files import missing, sha256_of
from denoiser.weights import formats, shipped

if TYPE_CHECKING:
    from torch import nn

    from denoiser.training.module import Denoiser
    from denoiser.weights.published import Published

CHECKPOINTS = ("best.ckpt", "last.ckpt")
"""Checkpoints of a run folder, the preferred one first."""


@dataclass(frozen=True)
class Opened:
    """A model and what its file records about it.

    Attributes:
        model: on the CPU, in float32 and evaluation mode; its parameters require gradients only of a given network.
        file: the file that it was read from.
        name: name of the model in tables and of files made from it.
        seen: record of the pictures that it was trained or selected on, see `training_record.seen`; None without one.
        facts: the description of an export, without its weights' hyperparameters; the `steps` of a checkpoint.
    """

    model: Denoiser | Published
    file: Path
    name: str
    seen: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """The sha256 of the file, in hexadecimal."""
        return str(self.facts["sha256"]) if "sha256" in self.facts else sha256_of(self.file)


def load(
    name_or_path: str | os.PathLike[str], network: nn.Module | None = None, trust: Sequence[str] = ()
) -> Denoiser | Published:
    """Load a model, on the CPU, in float32 and evaluation mode.

    To train it further: `model.train().requires_grad_()`. Its parameters require no gradients, but for those of a
    `network` that is given: they are left as they are.

    Call it as `model(image)`, or `model(image, strength=1.5)` and with other options of `denoiser denoise`, see
    `PictureModel`. `model.channels` is 3 for colour pictures and 1 for grey ones; `model.takes_sigma` says whether it
    takes a noise level; `model.name` is the name of shipped weights, of a file without its suffix, and for checkpoints
    that of `model=NAME`. Nothing that the file holds is executed.

    Args:
        name_or_path: the name of shipped weights (`photo`, `grey`, `camera`), a run folder (its best checkpoint, else
            its last), a checkpoint, a `.safetensors` of `denoiser export` with its `.json` beside it, or published
            weights of an architecture that spandrel knows. A string that is the name of shipped weights means those,
            even where the working directory has a folder of that name: write `./photo`, or give a `Path`, for the
            folder.
        network: for a checkpoint whose network was given as an object: a network of the same class and arguments, which
            gets the weights.
        trust: packages of your own whose classes the file may name, such as `["mypkg"]`, besides those in the
            environment variable DENOISER_TRUST. Loading then runs code of these packages.

    Raises:
        DenoiserError: the path or a checkpoint in it is missing; the file is damaged or holds more than tensors and
            plain values; its weights do not fit the network that it describes; or that network does not run.

    Example:
        >>> import denoiser
        >>> import numpy as np
        >>> noisy = 0.5 + 0.1 * np.random.default_rng(0).standard_normal((64, 64))
        >>> denoised = denoiser.load("grey")(noisy)
        >>> denoised.shape, bool(denoised.std() < noisy.std() / 4)
        ((64, 64), True)
    """
    return opened(name_or_path, network, trust).model


def opened(name_or_path: str | os.PathLike[str], network: nn.Module | None = None, trust: Sequence[str] = ()) -> Opened:
    """Load a model, see `load`, together with what its file records about it; the file is parsed once."""
    from denoiser.runs import checkpoint, folder
    from denoiser.trust import names_of_files
    from denoiser.weights import exported, published, rebuild, training_record

    file = _file(name_or_path)
    if formats.is_published(file):
        known = published.read(file)
        return Opened(known, file, known.name, facts={"sha256": known.sha256})
    if formats.is_export(file):
        content = exported.read(file)
        facts = {key: value for key, value in content.items() if key not in exported.CONTENT}
    else:
        content = checkpoint.read(file)
        facts = {"steps": content.get("global_step"), "epoch": content.get("epoch")}
    needed = folder.results(file.absolute().parent.parent).get("trust")  # of a run folder: file is in checkpoints/
    with names_of_files(trust, needed):
        model = rebuild.rebuild(content, file, network)
    if network is None:
        model.requires_grad_(False)
    if formats.is_export(file):
        model.name = file.stem
    model.seen = training_record.seen(content, file)
    return Opened(model, file, str(model.name), model.seen, facts)


def _file(name_or_path: str | os.PathLike[str]) -> Path:
    """The file to load: of shipped weights, of a run folder the best or else the last checkpoint, or the path itself.

    Raises:
        DenoiserError: there is no such path, it is empty, or it is a folder without a checkpoint.
    """
    if name_or_path == "":
        raise DenoiserError("the model's name or path is empty ('')", "give a run folder or a file")
    if name_or_path in shipped.NAMES:
        return shipped.path(str(name_or_path))
    path = Path(name_or_path).expanduser()
    if not path.exists():
        raise _missing(name_or_path, path)
    if not path.is_dir():
        return path
    for name in CHECKPOINTS:
        if (path / "checkpoints" / name).is_file():
            return path / "checkpoints" / name
    # The folder of a sweep, or of a day.
    runs = sorted({file.parent.parent for file in path.glob("*/checkpoints/*.ckpt")})
    fix = f"give one of its runs: {runs[-1]}" if runs else "give a run folder or a checkpoint of `denoiser run`"
    raise DenoiserError(f"no checkpoint in the folder ({path})", fix)


def _missing(name_or_path: str | os.PathLike[str], path: Path) -> DenoiserError:
    """The error for what is neither a path nor a shipped name; it has the address of published weights on our list."""
    if path.suffix.lower() in formats.PUBLISHED:
        from denoiser.weights import published_files

        return published_files.missing_file(path)
    return missing("checkpoint", path, shipped.NAMES if path.name == name_or_path else ())
