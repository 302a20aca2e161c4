"""Which model a picture gets: the one that was named, else what ships, by the picture's channels."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from denoiser.errors import DenoiserError, nearest
from denoiser.weights import shipped

if TYPE_CHECKING:
    import torch

    from denoiser.photos.restore import Options, Restorer
    from denoiser.training.module import Denoiser
    from denoiser.weights.published import Published

AUTOMATIC = {3: ("photo", "grey"), 1: ("grey", "photo")}
"""What ships for colour and for grey pictures; the second one where the first does not ship."""


@dataclass(frozen=True)
class Choice:
    """The model that the user names, in one way at most; without any it goes by the picture.

    Attributes:
        model: the name of weights that ship.
        checkpoint: whatever `load` takes: a run folder, a file, or a shipped name.
        weights: a file of published weights.

    Raises:
        DenoiserError: several are named, one is empty, or no weights of that name ship.
    """

    model: str | None = None
    checkpoint: str | os.PathLike[str] | None = None
    weights: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        """Refuse what names alone show to be wrong."""
        given = [f"--{key}" for key, value in vars(self).items() if value is not None]
        if len(given) > 1:
            raise DenoiserError(f"several models are named ({' '.join(given)})", f"give {given[0]} alone")
        for key, value in vars(self).items():
            if value == "":
                raise DenoiserError(f"no model is named: --{key} is empty (--{key} '')", f"leave out --{key}")
        if self.model is not None and self.model not in shipped.NAMES:
            raise _no_such(self.model)


def _no_such(name: str) -> DenoiserError:
    near = nearest(name, shipped.NAMES) or next(iter(sorted(shipped.NAMES)), None)
    known = ", ".join(sorted(shipped.NAMES)) or "none"
    fix = f"--checkpoint {name}" if Path(name).exists() or not near else f"--model {near}"
    return DenoiserError(f"no weights of that name ship, but {known} (--model {name})", fix)


class Models:
    """The models of one command, each loaded when it is first asked for and then kept.

    Args:
        choice: what the user named.
        device: where they run.
        options: how pictures are restored.
    """

    def __init__(self, choice: Choice, device: torch.device, options: Options) -> None:
        self.choice, self.device, self.options = choice, device, options
        self._kept: dict[str, Restorer] = {}

    def check(self) -> None:
        """Load what may be needed, so that a wrong name, file or option fails before the first picture.

        Raises:
            DenoiserError: a model is not there or cannot be loaded, or does not go with the options; of a tile that is
                too small, the fix is enough for every model and picture.
        """
        from denoiser.inference.tile_layout import check_tile

        restorers = {channels: self.restorer(channels) for channels in AUTOMATIC}
        if self.options.tile is not None:
            least = max(restorer.smallest(channels) for channels, restorer in restorers.items())
            check_tile(self.options.tile, least)

    def name(self, channels: int) -> str:
        """What a picture of so many channels gets, as the user would name it; nothing is loaded.

        Raises:
            DenoiserError: none is named and none ships.
        """
        named = self.choice.checkpoint or self.choice.weights or self.choice.model
        return self._shipped(channels) if named is None else str(named)

    def restorer(self, channels: int) -> Restorer:
        """The model for pictures of 1 or 3 channels.

        Raises:
            DenoiserError: see `check`.
        """
        from denoiser.photos.restore import Restorer

        name = self.name(channels)
        if name not in self._kept:
            ships = self.choice.checkpoint in (None, *shipped.NAMES) and not self.choice.weights
            grey = partial(self.restorer, 1) if self.name(1) != name else None
            self._kept[name] = Restorer(self._load(name), self.device, self.options, name if ships else None, grey)
        return self._kept[name]

    def _load(self, name: str) -> Denoiser | Published:
        from denoiser.weights.load import opened
        from denoiser.weights.published import Published

        model = opened(self.choice.checkpoint or self.choice.weights or name).model
        if self.choice.weights and not isinstance(model, Published):
            raise DenoiserError(f"this is a model of denoiser itself (--weights {name})", f"--checkpoint {name}")
        return model

    def _shipped(self, channels: int) -> str:
        found = next((name for name in AUTOMATIC[channels] if name in shipped.NAMES), None)
        if found is None:
            raise DenoiserError("no weights ship with this installation (--model)", "--checkpoint RUN_OR_FILE")
        return found
