"""What every model can be called with: `model(image)` for pictures of numpy, torch and Pillow."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, overload

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from denoiser.errors import number
from denoiser.inference import arrays, tiling
from denoiser.inference.function import Bound, matched
from denoiser.inference.receptive_field import LIMIT, SIGMA
from denoiser.inference.tile_layout import Tiling, padded
from denoiser.inference.tiling import Function
from denoiser.noise.estimate import noise_level
from denoiser.noise.levels import check_sigma

Array = TypeVar("Array", bound=NDArray[Any])
SMALL = 256 * 256
"""Pixels, padded, up to which a picture goes through whole, without a look at the network's reach and the memory."""


class PictureModel(nn.Module):
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

        A tensor `(B, C, H, W)` of the network's own C and type, float32 mostly, or under autocast, is a plain call of
        the network: differentiable, whole. All others go through in evaluation mode, one by one, and in tiles where
        they are large. White is 255 in uint8, 65535 in uint16, 1.0 in floats, which are not clamped; computed in
        float32. A model of one channel denoises colours one by one. A model of three gets grey three times and gives
        the mean, which is worse than a grey model, and warns of it. Alpha is kept.

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
            TypeError: no picture, but a path, say; arguments other than these.
            DenoiserError: `sigma` is no noise level, or the memory does not suffice for the smallest tile.
        """
        if getattr(self.forward, "__func__", None) is not type(self).forward:
            return super().__call__(image, *args, **options)  # a batch: Lightning sends a step through forward
        sigma = _sigma(args, options)
        if isinstance(image, Tensor) and image.ndim == 4:
            return self._batch(image, sigma)
        if isinstance(image, np.ndarray | Tensor | Image.Image):
            return self._denoised(image, sigma)
        if isinstance(image, str | os.PathLike):
            raise TypeError(f"a path, not a picture: model(PIL.Image.open({os.fspath(image)!r}))")
        raise TypeError(f"no picture, but {type(image).__name__}: a numpy array, a torch tensor or a Pillow image")

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

    def _batch(self, batch: Tensor, sigma: float | Tensor | None) -> Tensor:
        if batch.shape[1] not in (1, 3) or not batch.numel():
            raise ValueError(f"a batch of shape {tuple(batch.shape)}; {arrays.TORCH}, and none of them 0")
        if self._takes(batch):
            return super().__call__(batch, *self._told(batch, sigma))  # type: ignore[no-any-return]
        each = sigma.expand(len(batch)).tolist() if isinstance(sigma, Tensor) else [sigma] * len(batch)
        return torch.stack([self._denoised(picture, level) for picture, level in zip(batch, each, strict=True)])

    def _takes(self, batch: Tensor) -> bool:
        """Whether the network does, as it is."""
        own = next((weight.dtype for weight in self.parameters() if weight.is_floating_point()), torch.float32)
        if batch.shape[1] != self.channels or batch.dtype == own:
            return batch.shape[1] == self.channels
        casts = batch.is_floating_point() and batch.dtype != torch.float64  # which autocast leaves alone
        return casts and torch.is_autocast_enabled(batch.device.type)

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
        picture = arrays.opened(image)
        device, (channels, height, width) = next(self.parameters()).device, picture.planes.shape
        level = None if sigma is None else self._checked(sigma)
        if sigma is None and self.takes_sigma:
            level = estimated(picture.planes, picture.white)
        if self.channels > channels:
            what = f"{self.name} is a model for colour and leaves much noise in grey pictures: denoiser.load('grey')"
            warnings.warn(what, stacklevel=3)
        function = matched(self.function(level), self.channels, channels)
        multiple = getattr(function, "multiple", 1)
        small = padded(height, multiple) * padded(width, multiple) <= SMALL
        cut = Tiling(SMALL, LIMIT) if small else self._tiling(channels, device)
        tiling.denoise(function, picture.planes, picture.white, cut, device, picture.put)
        return picture.result()

    def _tiling(self, channels: int, device: torch.device) -> Tiling:
        """Fitted once for the weights as they are, with the strongest noise that is usual."""
        weights = sum(parameter.detach().double().sum().item() for parameter in self.parameters())
        kept = self.__dict__.setdefault("_fitted", {})
        if (channels, device, weights) not in kept:
            function = matched(self.function(SIGMA if self.takes_sigma else None), self.channels, channels)
            kept.clear()
            kept[channels, device, weights] = tiling.fit(function, channels, device)
        return kept[channels, device, weights]  # type: ignore[no-any-return]


def _sigma(given: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """The one argument besides the picture, however it is given."""
    if others := sorted(set(named) - {"sigma"}):
        raise TypeError(f"model(image, sigma=None) has no argument {others[0]!r}")
    if len(given) + len(named) > 1:
        raise TypeError("model(image, sigma=None) takes a picture and one noise level")
    return given[0] if given else named.get("sigma")


def estimated(planes: Tensor, white: float) -> float:
    """The noise level of a picture `(C, H, W)` of any type in grey levels of 255, see `estimating.noise_level`."""
    values = planes.detach().cpu().permute(1, 2, 0)
    return noise_level((values.float() if values.is_floating_point() else values).numpy(), white)
