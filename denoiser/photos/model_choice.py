"""Which model a photo gets: the one that the user named, else the shipped one for the photo's noise and channels."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from denoiser.data.images import white
from denoiser.data.images.formats.photo import Header, Photo
from denoiser.errors import DenoiserError, nearest
from denoiser.inference import chroma, watching
from denoiser.photos import bands, hidden, routes
from denoiser.photos.options import Options
from denoiser.photos.routes import CAMERA, Route
from denoiser.weights import shipped

if TYPE_CHECKING:
    import torch

    from denoiser.inference.picture_model import PictureModel
    from denoiser.photos.noise_measure import MeasuredNoise
    from denoiser.photos.restore import Restorer

SHIPPED = {3: ("photo", "grey"), 1: ("grey", "photo")}
"""The shipped models for colour and for grey photos; the second is the fallback if the first is not included."""
NOISY, LITTLE, SURE = 1.5, 0.4, 4.0
"""Deviation in grey levels from which a photo is noisy, and share of it whose removal is little.

Where more than `SURE` grey levels are removed, the noise is not measured only to see whether that is little."""


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
        self._models: dict[str, PictureModel] = {}
        self._restorers: dict[str, Restorer] = {}

    def check(self) -> None:
        """Load the models that any photo could need, so that a wrong name, file or option fails before the first photo.

        Raises:
            DenoiserError: a model is missing or cannot be loaded, or does not go with the options. The fix for a tile
                that is too small is enough for every model and photo.
        """
        from denoiser.inference.tile_layout import check_tile

        restorers = [(self.restorer(channels), channels) for channels in SHIPPED]
        if self.by_noise:
            restorers += [(self._named(CAMERA), channels) for channels in SHIPPED]
        if self.options.tile is not None:
            check_tile(self.options.tile, max(restorer.smallest(channels) for restorer, channels in restorers))

    def denoise(self, photo: Photo, noise: MeasuredNoise | None = None, warn: bool = True) -> tuple[Photo, str]:
        """The denoised photo, and the name of the model that denoised it; pixels that are hidden are unchanged.

        Args:
            photo: the noisy photo.
            noise: its noise; None measures it where the choice depends on it.
            warn: whether a note tells that most of the noise stays.

        Raises:
            DenoiserError: see `check` and `Restorer`.
        """
        visible = hidden.filled(photo)
        denoised, name = self._denoise(white.exposed(visible), noise, warn)
        denoised = replace(denoised, white=photo.white)
        denoised = denoised if visible is photo else hidden.restored(denoised, photo)
        return bands.denoised(denoised, lambda band: self.denoise(band)[0]), name

    def _denoise(self, photo: Photo, noise: MeasuredNoise | None, warn: bool) -> tuple[Photo, str]:
        equal_channels = chroma.has_equal_channels(photo.pixels)
        if noise is None and self.by_noise:
            noise = self.measured(photo, equal_channels)
        route = self.route(photo.header, equal_channels, noise)
        restorer = self._named(route.model)
        watching.expect(routes.values(route.way, photo.header))
        denoised = restorer(photo, route.way)
        words = () if noise is None else (str(noise),)
        warn = warn and not any(routes.STAYS in note for note in denoised.notes)  # said once is enough
        warning = self._warning(photo, denoised, noise, restorer.name) if warn else ()
        return replace(denoised, notes=(*denoised.notes, *words, *warning)), restorer.name

    def noise_of(self, photo: Photo) -> MeasuredNoise | None:
        """The noise of a photo's visible pixels, see `measured`."""
        visible = white.exposed(hidden.filled(photo))
        return self.measured(visible, chroma.has_equal_channels(visible.pixels))

    def measured(self, exposed: Photo, equal_channels: bool = False) -> MeasuredNoise | None:
        """The noise of a photo with the white that a network sees, see `noise_measure.of_photo`."""
        from denoiser.photos import noise_measure

        return noise_measure.of_photo(exposed, equal_channels, self._shipped, self.device)

    def _warning(self, photo: Photo, denoised: Photo, noise: MeasuredNoise | None, model: str) -> tuple[str, ...]:
        """A note where most of the noise is still there, although all was to be removed."""
        from denoiser.photos import noise_measure

        options = self.options
        removed = noise_measure.removed(photo.pixels, denoised.pixels, photo.white)
        if options.strength < 1 or options.chroma_only or removed >= SURE:
            return ()
        noise = noise or self.measured(photo, chroma.has_equal_channels(photo.pixels))
        deviation = sum(noise.deviation) / len(noise.deviation) if noise else 0.0
        if deviation < NOISY or removed >= LITTLE * deviation:
            return ()
        fix = "--strength 1.5" if self.by_noise else "leave out the model"
        return (f"{model} removed {removed:.1f} of {deviation:.1f} grey levels (of 255) of noise; try: {fix}",)

    def route(self, header: Header, equal_channels: bool = False, noise: MeasuredNoise | None = None) -> Route:
        """The model of a photo and its way through it.

        Args:
            header: the photo's.
            equal_channels: whether its three channels are equal, which only the pixels show.
            noise: the photo's; None counts as white.

        Raises:
            DenoiserError: see `check`.
        """
        return self._route(header, equal_channels, noise is not None and noise.is_of_camera)

    def _route(self, header: Header, equal_channels: bool, of_camera: bool) -> Route:
        name = CAMERA if self.by_noise and of_camera else self.name(routes.model_for(header, equal_channels))
        channels = self._named(name).model.channels
        return Route(name, routes.way(header, equal_channels, channels, self.options))

    def routes(self, header: Header) -> str:
        """The routes that a photo can take, as far as its header shows them, for a dry run."""
        usual, equal = self.route(header), self.route(header, equal_channels=header.channels == 3)
        other = f", or model {equal.model} if its three channels are equal" if equal.model != usual.model else ""
        white = f"{usual}{other}"
        return f"{self._route(header, False, True)}; if its noise is white: {white}" if self.by_noise else white

    @property
    def by_noise(self) -> bool:
        """Whether the model depends on the photo's noise: none is named, and one for cameras is included."""
        named = any(value is not None for value in vars(self.choice).values())
        return not named and CAMERA in shipped.NAMES

    def name(self, channels: int) -> str:
        """The model for photos of 1 or 3 channels with white noise, as the user would name it; nothing is loaded.

        Raises:
            DenoiserError: none is named and none is included.
        """
        named = self.choice.checkpoint or self.choice.weights or self.choice.model
        return _default(channels) if named is None else str(named)

    def restorer(self, channels: int) -> Restorer:
        """The model for photos of 1 or 3 channels with white noise.

        Raises:
            DenoiserError: see `check`.
        """
        return self._named(self.name(channels))

    def _named(self, name: str) -> Restorer:
        """The model of a route."""
        from denoiser.photos.restore import Restorer

        if name not in self._restorers:
            ships = self.choice.checkpoint in (None, *shipped.NAMES) and not self.choice.weights
            model = self._shipped(name) if ships else self._load(name)
            self._restorers[name] = Restorer(model, self.device, self.options, name if ships else None)
        return self._restorers[name]

    def _shipped(self, name: str) -> PictureModel:
        from denoiser.weights.load import opened

        if name not in self._models:
            self._models[name] = opened(name).model.to(self.device).eval()
        return self._models[name]

    def _load(self, name: str) -> PictureModel:
        from denoiser.weights.load import opened
        from denoiser.weights.published import Published

        model = opened(self.choice.checkpoint or self.choice.weights or name).model
        if self.choice.weights and not isinstance(model, Published):
            raise DenoiserError(f"this is a model of denoiser itself (--weights {name})", f"--checkpoint {name}")
        return model


def _default(channels: int) -> str:
    name = next((name for name in SHIPPED[channels] if name in shipped.NAMES), None)
    if name is None:
        raise DenoiserError("this installation includes no weights (--model)", "--checkpoint RUN_OR_FILE")
    return name
