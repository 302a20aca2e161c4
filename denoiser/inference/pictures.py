"""One picture, or the pictures of an array one by one, through a model."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from denoiser.inference import arrays, axes, chroma, masked, pipeline
from denoiser.inference.arrays import ArrayPicture
from denoiser.inference.call_options import CallOptions, level
from denoiser.inference.pipeline import DenoiseSettings, Network


@torch.compiler.disable  # type: ignore  # tiles differ in size, and pictures are no tensors
def denoise_any(model: Network, image: Any, options: CallOptions) -> Any:
    """Denoise a picture of any type, or the pictures of an array where `axes` is given; see `PictureModel`.

    Raises:
        TypeError: it is no picture.
        ValueError: see `arrays.open_picture`; or an array can be colour with alpha as well as a stack of grey pictures.
        DenoiserError: see `PictureModel`.
    """
    if isinstance(image, str | os.PathLike):
        raise TypeError(f"a path, not a picture: model(PIL.Image.open({os.fspath(image)!r}))")
    if not isinstance(image, np.ndarray | Tensor | Image.Image):
        raise TypeError(f"no picture, but {type(image).__name__}: a numpy array, a torch tensor or a Pillow image")
    if options.axes is not None:
        return denoise_all(model, image, options)
    if model.channels == 1 and isinstance(image, np.ndarray) and image.ndim == 3 and image.shape[2] == 4:
        raise ValueError(
            f"an array of shape {image.shape} for {model.name}, a model for grey pictures: axes='HWC' if it is colour "
            "with alpha, and if it is a stack of 4 pictures np.moveaxis(array, 2, 0) with axes='NHW'"
        )
    picture = arrays.open_picture(image)
    _warn_of_grey(model, len(picture.planes))
    return _denoise(model, picture, options, options.levels(1)[0])


@torch.compiler.disable  # type: ignore
def denoise_all(model: Network, image: Any, options: CallOptions) -> Any:
    """Denoise the pictures of an array or a tensor one by one.

    Args:
        model: the model.
        image: numpy or torch.
        options: `axes` is that of the image.

    Returns:
        Of the same type, data type, shape and device.

    Raises:
        TypeError: a Pillow image.
        ValueError: other axes than those of `axes.AXES`, and see `denoise_any`.
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
        denoised = _denoise(model, opened, options, sigma)
        target[...] = denoised.movedim(0, 2) if of_torch and target.ndim == 3 else denoised
    return masked.like(result, image) if isinstance(image, np.ma.MaskedArray) else result


def _denoise(model: Network, picture: ArrayPicture, options: CallOptions, sigma: float | None) -> Any:
    settings = DenoiseSettings(None if sigma is None else level(sigma), options.strengths, options.texture)
    if options.subsampling is not None:
        _check_planes(model, picture, sigma)
        subsampling = chroma.SUBSAMPLINGS[options.subsampling]
        denoised, _ = pipeline.denoise_stored_planes(model, picture.pixels, picture.white, subsampling, settings)
        picture.target[...] = arrays.view(denoised).to(picture.target.device)
        return picture.result()
    pipeline.denoise(model, picture.planes, picture.target, picture.white, settings)
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


def _warn_of_grey(model: Network, channels: int) -> None:
    """Warn of grey in a colour model at the line that called it, beyond the frames of this package and of torch."""
    if model.channels <= channels:
        return
    message = f"{model.name} is a model for colour and leaves much noise in grey pictures: denoiser.load('grey')"
    frame, depth = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in ("denoiser", "torch"):
        frame, depth = frame.f_back, depth + 1
    warnings.warn(message, stacklevel=depth)
