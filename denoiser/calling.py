"""What every model can be called with: `model(image)` for pictures of numpy, torch and Pillow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, overload

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from denoiser import arrays, tiling
from denoiser.estimating import noise_level
from denoiser.levels import check_sigma, number
from denoiser.receptive import LIMIT, SIGMA
from denoiser.tiling import Function

Array = TypeVar("Array", bound=NDArray[Any])
SMALL = 256 * 256
"""Pixels up to which a picture goes through whole, without a look at the network's reach and the memory first."""


class TakesPictures(nn.Module):
    """A model of which `model(image)` gives back the denoised picture as the same type.

    Attributes:
        channels: of its pictures, 3 or 1.
        takes_sigma: whether it is told the noise level.
        name: of the model.
    """

    network: Any
    channels: int
    takes_sigma: bool
    name: str

    @overload
    def __call__(self, image: Array, sigma: float | None = None) -> Array: ...
    @overload
    def __call__(self, image: Image.Image, sigma: float | None = None) -> Image.Image: ...
    @overload
    def __call__(self, image: Tensor, sigma: float | Tensor | None = None) -> Tensor: ...

    def __call__(self, image: Any, *args: Any, **options: Any) -> Any:
        """Denoise a picture: the same type, data type, shape and device out as in, the input as it was.

        A float tensor `(B, C, H, W)` is a plain call of the network: differentiable, whole, C as the network's. All
        others go through in evaluation mode and in tiles where they are large. White is 255 in uint8, 65535 in
        uint16, 1.0 in floats, which are not clamped; computed in float32. A model of one channel denoises colours one
        by one. A model of three gets grey three times and gives the mean, which is worse than a grey model. Alpha is
        kept.

        Args:
            image: numpy `(H, W)`, `(H, W, 1)`, `(H, W, 3)` or `(H, W, 4)` (RGB and alpha), torch `(H, W)`,
                `(C, H, W)` or `(B, C, H, W)`, both of uint8, uint16 or floats; or Pillow of mode L, LA, RGB, RGBA,
                I;16 or I;16B.
            *args: `sigma`, the noise level in grey levels of 255, or of a batch `(B,)`; only for models that are told
                it. None, the default, estimates it.
            **options: the same by name.

        Raises:
            ValueError: another shape, type or mode; no pixels; values that are not finite; a noise level for a model
                that takes none.
            TypeError: no picture, but a path, say.
            DenoiserError: `sigma` is no noise level, or the memory does not suffice for the smallest tile.
        """
        if isinstance(image, Tensor) and image.ndim == 4 and image.is_floating_point():
            return super().__call__(image, *self._told(image, *args, **options))
        if isinstance(image, np.ndarray | Tensor | Image.Image):
            return self._denoised(image, *args, **options)
        if isinstance(image, str | os.PathLike):
            raise TypeError(f"a path, not a picture: model(PIL.Image.open({os.fspath(image)!r}))")
        return super().__call__(image, *args, **options)  # a batch, when Lightning sends a step through forward

    def function(self, sigma: float | None = None, precision: str = "32") -> Function:
        """What tiles go through: float32 `(B, channels, h, w)`, nominally in [0, 1], to the same, without gradients.

        Args:
            sigma: the noise level in grey levels of 255, for models that are told it; None for the others.
            precision: `32`, or `bf16` to compute in bfloat16 where torch's autocast does.

        Raises:
            ValueError: a noise level is missing, negative, or given to a model that takes none; another precision.
        """
        if precision not in tiling.CHANGES:
            raise ValueError(f"precision {precision!r}; allowed: {', '.join(tiling.CHANGES)}")
        if sigma is not None and not self.takes_sigma:
            raise ValueError(f"sigma={sigma} for {self.name}, which takes no noise level: leave it out")
        if self.takes_sigma and (sigma is None or not number(sigma) or sigma < 0):
            raise ValueError(f"sigma={sigma} for {self.name}, which is told the noise level: 25, in grey levels of 255")
        return Bound(self, sigma, precision)

    def _told(self, noisy: Tensor, sigma: float | Tensor | None = None) -> tuple[Tensor, ...]:
        """What the network's call gets besides the batch."""
        if isinstance(sigma, Tensor):
            return (sigma,)
        if sigma is None and not self.takes_sigma:
            return ()
        if sigma is not None:
            return (noisy.new_full((len(noisy),), self._checked(sigma)),)
        return (noisy.new_tensor([estimated(picture, 1.0) for picture in noisy]),)

    def _checked(self, sigma: float) -> float:
        if not self.takes_sigma:
            raise ValueError(f"sigma={sigma} for {self.name}, which takes no noise level: leave it out")
        return check_sigma(sigma, "sigma")[0]

    def _denoised(self, image: Any, sigma: float | None = None) -> Any:
        if isinstance(image, Tensor) and image.ndim == 4 and len(image):
            return torch.stack([self._denoised(picture, sigma) for picture in image])
        picture = arrays.opened(image)
        device, (channels, height, width) = next(self.parameters()).device, picture.planes.shape
        level = None if sigma is None else self._checked(sigma)
        if sigma is None and self.takes_sigma:
            level = estimated(picture.planes, picture.white)
        function = matched(self.function(level), self.channels, channels)
        cut = tiling.Tiling(SMALL, LIMIT) if height * width <= SMALL else self._tiling(channels, device)
        tiling.denoise(function, picture.planes, picture.white, cut, device, picture.put)
        return picture.result()

    def _tiling(self, channels: int, device: torch.device) -> tiling.Tiling:
        """Fitted once for the weights as they are, with the strongest noise that is usual."""
        weights = sum(parameter.detach().double().sum().item() for parameter in self.parameters())
        kept = self.__dict__.setdefault("_fitted", {})
        if (channels, device, weights) not in kept:
            function = matched(self.function(SIGMA if self.takes_sigma else None), self.channels, channels)
            kept.clear()
            kept[channels, device, weights] = tiling.fit(function, channels, device)
        return kept[channels, device, weights]  # type: ignore[no-any-return]


class Bound:
    """A model for inference, in evaluation mode whichever it is in; see `TakesPictures.function` for the arguments.

    Attributes:
        multiple: that sides are padded to, in pixels.
        receptive_field: across, in pixels, where the network says it; else None.
        exact: the same in float32.
    """

    def __init__(self, model: TakesPictures, sigma: float | None, precision: str) -> None:
        self.model, self.sigma, self.precision = model, sigma, precision
        self.multiple: int = getattr(model, "multiple", getattr(model.network, "multiple", 1))
        self.receptive_field: int | None = getattr(model.network, "receptive_field", None)
        self.exact: Function = self if precision == "32" else Bound(model, sigma, "32")

    def __call__(self, noisy: Tensor) -> Tensor:
        """Denoise float32 `(B, C, h, w)`; float32 out."""
        told = () if self.sigma is None else (noisy.new_full((len(noisy),), self.sigma),)
        # Channels last: a sixth less time in bfloat16 on a CPU, and a seventh less memory (3.7 M-parameter U-Net).
        noisy = torch.empty_like(noisy, memory_format=torch.channels_last).copy_(noisy)
        low = self.precision == "bf16"
        with _evaluating(self.model), torch.inference_mode(), torch.autocast(noisy.device.type, torch.bfloat16, low):
            return self.model(noisy, *told).float()


def matched(function: Function, takes: int, channels: int) -> Function:
    """The function of a network of 1 or 3 channels for pictures of 3 or 1.

    Colours go through a grey network one by one; grey goes through a colour network three times at once, and the
    mean of the three comes out.
    """
    if takes == channels:
        return function

    def separate(noisy: Tensor) -> Tensor:
        return torch.cat([function(noisy[:, colour : colour + 1]) for colour in range(channels)], dim=1)

    def threefold(noisy: Tensor) -> Tensor:
        return function(noisy.expand(-1, takes, -1, -1)).mean(dim=1, keepdim=True)

    adapted = separate if takes == 1 else threefold
    exact = getattr(function, "exact", function)
    adapted.__dict__.update(vars(function), exact=adapted if exact is function else matched(exact, takes, channels))
    return adapted


def estimated(planes: Tensor, white: float) -> float:
    """The noise level of a picture `(C, H, W)` of any type in grey levels of 255, see `estimating.noise_level`."""
    values = planes.detach().cpu().permute(1, 2, 0)
    return noise_level((values.float() if values.is_floating_point() else values).numpy(), white)


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode for a while: normalisation must not learn from pictures that are denoised."""
    training = [module for module in model.modules() if module.training]
    for module in training:
        module.training = False
    try:
        yield
    finally:
        for module in training:
            module.training = True
