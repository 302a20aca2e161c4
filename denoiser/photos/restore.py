"""A photo denoised by one model, at the photo's depth, in the way that `photos/routes.py` has decided."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from denoiser.data.images.formats.photo import Photo, Pixels
from denoiser.errors import DenoiserError
from denoiser.inference import pipeline
from denoiser.inference.picture_model import PictureModel
from denoiser.inference.pipeline import DenoiseSettings, NotFinite
from denoiser.photos import routes
from denoiser.photos.options import Options
from denoiser.photos.routes import Way

NO_CHROMA = "--chroma-strength has no effect on grey pictures"


class Restorer:
    """Denoises photos with one model; several photos share what is measured once.

    Args:
        model: a trained or published model; it is moved to the device.
        device: where it runs.
        options: how photos are denoised.
        name: what the user calls the model; None for the model's own name.

    Attributes:
        name: name of the model.
        model: the model.

    Raises:
        DenoiserError: `options` has a noise level and the model takes none.
    """

    def __init__(self, model: PictureModel, device: torch.device, options: Options, name: str | None = None) -> None:
        self.name, self.model = name or str(model.name), model.to(device).eval()
        self.device, self.options = device, options
        self._settings = DenoiseSettings(
            options.sigma, options.strengths, options.texture, options.precision, options.tile
        )
        if options.sigma is not None and not model.takes_sigma:
            what = f"{self.name} takes no noise level (--sigma {options.sigma:g})"
            raise DenoiserError(what, "leave out --sigma")

    def __call__(self, photo: Photo, way: Way) -> Photo:
        """Denoise a photo.

        Integers are clamped and rounded, halves to even; floats are not clamped. Besides the input and the output,
        memory holds only tiles and bands of rows.

        Args:
            photo: the noisy photo.
            way: how it goes through the network, see `routes.way`.

        Returns:
            The photo without noise: of the same size and type, with the same alpha and metadata, and with notes on how
            it was denoised.

        Raises:
            DenoiserError: the model's output is not finite, or not even the smallest tile fits into memory.
        """
        try:
            pixels, notes = self._denoised(photo, way)
        except NotFinite as error:
            raise DenoiserError(str(error), "--precision 32, or another model") from error
        remarks = routes.notes(way, self.name, self.model.channels, photo.header)
        if self.options.chroma_strength is not None and (pixels.ndim == 2 or way is Way.ONE_CHANNEL):
            remarks += (NO_CHROMA,)
        return replace(photo.with_pixels(pixels), notes=(*photo.notes, *remarks, *notes))

    def smallest(self, channels: int) -> int:
        """Smallest `tile` for pictures of `channels` channels at any depth; float32 needs larger ones than bfloat16."""
        settings = replace(self._settings, precision=self.options.precision.replace("auto", "32"), tile=None)
        return pipeline.fitted(self.model, channels, self.device, settings).smallest

    def _denoised(self, photo: Photo, way: Way) -> tuple[Pixels, tuple[str, ...]]:
        """The denoised pixels, and notes."""
        model, pixels, white, settings = self.model, photo.pixels, photo.white, self._settings
        match way:
            case Way.UNCHANGED:
                return pixels, ()
            case Way.ONE_CHANNEL:
                grey, notes = pipeline.denoise_pixels(model, np.ascontiguousarray(pixels[..., 0]), white, settings)
                return np.repeat(grey[..., None], 3, axis=2), notes
            case Way.PLANES:
                return pipeline.denoise_stored_planes(model, pixels, white, photo.details.subsampling, settings)
        return pipeline.denoise_pixels(model, pixels, white, settings)
