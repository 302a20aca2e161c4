"""Which model a photo gets: the one that the user named, else the shipped one for the photo's channels."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from denoiser.data.images.formats.photo import Header, Photo
from denoiser.errors import DenoiserError, nearest
from denoiser.photos import chroma, routes
from denoiser.photos.options import Options
from denoiser.photos.routes import Route
from denoiser.weights import shipped

if TYPE_CHECKING:
    import torch

    from denoiser.inference.picture_model import PictureModel
    from denoiser.photos.restore import Restorer

SHIPPED = {3: ("photo", "grey"), 1: ("grey", "photo")}
"""The shipped models for colour and for grey photos; the second is the fallback if the first is not included."""


@dataclass(frozen=True)
class ModelChoice:
    """The model that the user names, by one option at most; without any it depends on the photo.

    Attributes:
        model: the name of shipped weights.
        checkpoint: anything that `weights.load` takes: a run folder, a file, or the name of shipped weights.
        weights: a file of published weights.

    Raises:
        DenoiserError: there are several options, one is empty, or no included weights have that name.
    """

    model: str | None = None
    checkpoint: str | os.PathLike[str] | None = None
    weights: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        """Refuse what is wrong by the names alone."""
        named = [f"--{key}" for key, value in vars(self).items() if value is not None]
        if len(named) > 1:
            raise DenoiserError(f"several models are named ({' '.join(named)})", f"give {named[0]} alone")
        for key, value in vars(self).items():
            if value == "":
                raise DenoiserError(f"no model is named: --{key} is empty (--{key} '')", f"leave out --{key}")
        if self.model is not None and self.model not in shipped.NAMES:
            raise _not_shipped(self.model)


def _not_shipped(name: str) -> DenoiserError:
    near = nearest(name, shipped.NAMES) or next((default for default in SHIPPED[3] if default in shipped.NAMES), None)
    names = ", ".join(sorted(shipped.NAMES)) or "none"
    fix = f"--checkpoint {name}" if Path(name).exists() or not near else f"--model {near}"
    return DenoiserError(f"no included weights have that name, only {names} (--model {name})", fix)


class Models:
    """The models of one command, each loaded when it is first needed and then kept.

    Args:
        choice: what the user named.
        device: where they run.
        options: how photos are denoised.
    """

    def __init__(self, choice: ModelChoice, device: torch.device, options: Options) -> None:
        self.choice, self.device, self.options = choice, device, options
        self._loaded: dict[str, Restorer] = {}

    def check(self) -> None:
        """Load the models that any photo could need, so that a wrong name, file or option fails before the first photo.

        Raises:
            DenoiserError: a model is missing or cannot be loaded, or does not go with the options. The fix for a tile
                that is too small is enough for every model and photo.
        """
        from denoiser.inference.tile_layout import check_tile

        restorers = {channels: self.restorer(channels) for channels in SHIPPED}
        if self.options.tile is not None:
            smallest = max(restorer.smallest(channels) for channels, restorer in restorers.items())
            check_tile(self.options.tile, smallest)

    def denoise(self, photo: Photo) -> tuple[Photo, str]:
        """The denoised photo, and the name of the model that denoised it.

        Raises:
            DenoiserError: see `check` and `Restorer`.
        """
        route = self.route(photo.header, chroma.has_equal_channels(photo.pixels))
        restorer = self.restorer(route.model_for)
        return restorer(photo, route.way), restorer.name

    def route(self, header: Header, equal_channels: bool = False) -> Route:
        """The model of a photo and its way through it.

        Args:
            header: the photo's.
            equal_channels: whether its three channels are equal, which only the pixels show.

        Raises:
            DenoiserError: see `check`.
        """
        channels = routes.model_for(header, equal_channels)
        network_channels = self.restorer(channels).model.channels
        return Route(self.name(channels), channels, routes.way(header, equal_channels, network_channels, self.options))

    def name(self, channels: int) -> str:
        """The model for photos of 1 or 3 channels, as the user would name it; nothing is loaded.

        Raises:
            DenoiserError: none is named and none is included.
        """
        named = self.choice.checkpoint or self.choice.weights or self.choice.model
        return _shipped(channels) if named is None else str(named)

    def restorer(self, channels: int) -> Restorer:
        """The model for photos of 1 or 3 channels.

        Raises:
            DenoiserError: see `check`.
        """
        from denoiser.photos.restore import Restorer

        name = self.name(channels)
        if name not in self._loaded:
            ships = self.choice.checkpoint in (None, *shipped.NAMES) and not self.choice.weights
            self._loaded[name] = Restorer(self._load(name), self.device, self.options, name if ships else None)
        return self._loaded[name]

    def _load(self, name: str) -> PictureModel:
        from denoiser.weights.load import opened
        from denoiser.weights.published import Published

        model = opened(self.choice.checkpoint or self.choice.weights or name).model
        if self.choice.weights and not isinstance(model, Published):
            raise DenoiserError(f"this is a model of denoiser itself (--weights {name})", f"--checkpoint {name}")
        return model


def _shipped(channels: int) -> str:
    name = next((name for name in SHIPPED[channels] if name in shipped.NAMES), None)
    if name is None:
        raise DenoiserError("this installation includes no weights (--model)", "--checkpoint RUN_OR_FILE")
    return name
