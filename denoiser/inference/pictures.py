"""One picture, or the pictures of an array one by one, through a model."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from functools import partial
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from denoiser.inference import arrays, axes, chroma, highlights, masked, strength, texture, tiling
from denoiser.inference.arrays import ArrayPicture
from denoiser.inference.blend import Strengths
from denoiser.inference.call_options import CallOptions, level
from denoiser.inference.fitted import FittedTilings
from denoiser.inference.function import TileFunction
from denoiser.inference.pixels import Pixels
from denoiser.inference.receptive_field import LIMIT, SIGMA
from denoiser.inference.tile_layout import Tiling
from denoiser.noise.estimate import noise_level

WHOLE_PIXELS = 256 * 256
"""Largest padded picture, in pixels, that is denoised whole without measuring the network's reach and the memory."""


class Network(Protocol):
    """What is needed of a `PictureModel`."""

    channels: int
    takes_sigma: bool
    name: str

    def function(self, sigma: float | None = None, precision: str = "32", channels: int | None = None) -> TileFunction:
        """The function that tiles go through."""

    def padded_size(self, height: int, width: int) -> tuple[int, int]:
        """The height and width that the network is given for a picture, in pixels."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """The weights."""

    def buffers(self) -> Iterator[Tensor]:
        """What is no weight."""


@torch.compiler.disable  # type: ignore  # tiles differ in size, and pictures are no tensors
def denoise_any(model: Network, image: Any, options: CallOptions, tilings: FittedTilings) -> Any:
    """Denoise a picture, or the pictures of an array where `axes` is given; see `denoise` and `denoise_all`.

    Raises:
        TypeError: it is no picture.
    """
    if isinstance(image, str | os.PathLike):
        raise TypeError(f"a path, not a picture: model(PIL.Image.open({os.fspath(image)!r}))")
    if not isinstance(image, np.ndarray | Tensor | Image.Image):
        raise TypeError(f"no picture, but {type(image).__name__}: a numpy array, a torch tensor or a Pillow image")
    return (denoise if options.axes is None else denoise_all)(model, image, options, tilings)


def denoise(model: Network, image: Any, options: CallOptions, tilings: FittedTilings) -> Any:
    """Denoise a picture of any type, see `PictureModel`.

    Args:
        model: the model.
        image: numpy, torch or Pillow, in the usual order of its axes.
        options: `axes` is ignored.
        tilings: those of the model, for large pictures.

    Raises:
        ValueError: see `arrays.open_picture`; or an array can be colour with alpha as well as a stack of grey pictures.
        DenoiserError: see `PictureModel`.
    """
    if model.channels == 1 and isinstance(image, np.ndarray) and image.ndim == 3 and image.shape[2] == 4:
        raise ValueError(
            f"an array of shape {image.shape} for {model.name}, a model for grey pictures: axes='HWC' if it is colour "
            "with alpha, and if it is a stack of 4 pictures np.moveaxis(array, 2, 0) with axes='NHW'"
        )
    picture = arrays.open_picture(image)
    _warn_of_grey(model, len(picture.planes))
    return _denoise(model, picture, options, options.levels(1)[0], tilings)


@torch.compiler.disable  # type: ignore
def denoise_all(model: Network, image: Any, options: CallOptions, tilings: FittedTilings) -> Any:
    """Denoise the pictures of an array or a tensor one by one.

    Args:
        model: the model.
        image: numpy or torch.
        options: `axes` is that of the image.
        tilings: those of the model, for large pictures.

    Returns:
        Of the same type, data type, shape and device.

    Raises:
        TypeError: a Pillow image.
        ValueError: other axes than those of `axes.AXES`, and see `denoise`.
        DenoiserError: see `PictureModel`.
    """
    order = str(options.axes)
    if isinstance(image, Image.Image):
        raise TypeError(f"axes={order!r} is for arrays and tensors: a Pillow image has known axes")
    of_torch = isinstance(image, Tensor)
    result: Any = torch.empty_like(image) if of_torch else np.empty(image.shape, image.dtype)
    before, after = axes.pictures(image, order), axes.pictures(result, order)
    before = [each.movedim(2, 0) if of_torch and each.ndim == 3 else each for each in before]
    white = arrays.common_white(before)
    for index, (picture, target, sigma) in enumerate(zip(before, after, options.levels(len(before)), strict=True)):
        opened = arrays.open_picture(picture, white)
        if index == 0:  # once for all
            _warn_of_grey(model, len(opened.planes))
        denoised = _denoise(model, opened, options, sigma, tilings)
        target[...] = denoised.movedim(0, 2) if of_torch and target.ndim == 3 else denoised
    return masked.like(result, image) if isinstance(image, np.ma.MaskedArray) else result


def _denoise(
    model: Network, picture: ArrayPicture, options: CallOptions, sigma: float | None, tilings: FittedTilings
) -> Any:
    if options.subsampling is None:
        _denoise_channels(model, picture, options, sigma, tilings)
    else:
        _check_planes(model, picture, sigma)
        picture.target[...] = arrays.view(_by_planes(model, picture.pixels, options, tilings)).to(picture.target.device)
    return picture.result()


def _check_planes(model: Network, picture: ArrayPicture, sigma: float | None) -> None:
    if model.channels != 1 or len(picture.planes) != 3:
        kinds = {1: "grey", 3: "colour"}
        what = f"a {kinds[len(picture.planes)]} picture in {model.name}, a model for {kinds[model.channels]} ones"
        raise ValueError(f"subsampling= is for colour in a grey model, which takes its planes; this is {what}")
    if picture.planes.dtype not in (torch.uint8, torch.uint16):
        raise ValueError(f"subsampling= is for uint8 and uint16, which decoders return, not {picture.planes.dtype}")
    if sigma is not None:
        raise ValueError("sigma= with subsampling=: the noise of the planes is another one; leave out sigma")


def _by_planes(model: Network, pixels: Pixels, options: CallOptions, tilings: FittedTilings) -> Pixels:
    """Colour pixels `(H, W, 3)` through a grey model as luma and the stored chroma."""
    luma = CallOptions(strength=options.strengths.at_least_1.luma, texture=options.texture)
    colour = CallOptions(strength=options.strengths.at_least_1.chroma)
    through = (partial(_plane, model, options=each, tilings=tilings) for each in (luma, colour))
    return chroma.denoised(pixels, chroma.SUBSAMPLINGS[str(options.subsampling)], options.strengths, *through)


def _plane(model: Network, plane: Pixels, options: CallOptions, tilings: FittedTilings) -> Pixels:
    picture = arrays.open_picture(plane)
    _denoise_channels(model, picture, options, None, tilings)
    denoised: Pixels = picture.result()
    return denoised


def _denoise_channels(
    model: Network, picture: ArrayPicture, options: CallOptions, sigma: float | None, tilings: FittedTilings
) -> None:
    """Fill the target of a picture with its denoised channels."""
    device, channels = next(model.parameters()).device, len(picture.planes)
    if sigma is not None:
        sigma = level(sigma)
    elif model.takes_sigma:
        sigma = noise_level(picture.pixels, picture.white)
    strengths = options.strengths if channels == 3 else Strengths(options.strength, options.strength)
    detail = options.texture if strengths.luma else 0.0
    function = _function(model, sigma, channels, strengths)
    if detail:
        once = highlights.guarded(model.function(sigma, channels=channels), picture.pixels, picture.white)
        noise = texture.measure(once, picture.pixels, picture.white, device)
        function = texture.returned(function, detail, noise)
    function = highlights.guarded(function, picture.pixels, picture.white)

    def write(top: int, rows: Tensor) -> None:
        picture.write(top, rows, strengths.weights)

    layout = _layout(model, picture.planes, device, strengths, detail, tilings)
    tiling.denoise(function, picture.planes, picture.white, layout, device, write)


def _function(model: Network, sigma: float | None, channels: int, strengths: Strengths) -> TileFunction:
    return strength.applied(lambda level: model.function(level, channels=channels), sigma, strengths)


def _layout(
    model: Network, planes: Tensor, device: torch.device, strengths: Strengths, detail: float, tilings: FittedTilings
) -> Tiling:
    """The tiling of a picture `(C, H, W)`: small ones are denoised whole."""
    channels, height, width = planes.shape
    rows, columns = model.padded_size(height, width)
    if rows * columns <= WHOLE_PIXELS:
        return Tiling(WHOLE_PIXELS, 2 * LIMIT)
    strongest = max(*strengths, 1.0)

    def fit() -> Tiling:
        usual = SIGMA if model.takes_sigma else None  # the strongest usual noise, where the receptive field is largest
        function = _function(model, usual, channels, Strengths(strongest, strongest))
        if detail:
            function = texture.returned(function, detail, texture.usual())
        return tiling.fit(function, channels, device)

    return tilings.get(model, (channels, device, strongest, detail), fit)


def _warn_of_grey(model: Network, channels: int) -> None:
    """Warn of grey in a colour model at the line that called it, beyond the frames of this package and of torch."""
    if model.channels <= channels:
        return
    message = f"{model.name} is a model for colour and leaves much noise in grey pictures: denoiser.load('grey')"
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in ("denoiser", "torch"):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)
