"""Every step of a simulated camera as a picture: what `pipeline.render` does to the light, one step after another."""

from dataclasses import replace

import torch
from torch import Tensor

from denoiser.noise.camera.checks import check_pictures
from denoiser.noise.camera.mosaic import bilinear, malvar, mosaic, sites
from denoiser.noise.camera.pipeline import BORDER, Shrink, demosaicked, finish, process, save, unprocess
from denoiser.noise.camera.sensor import add_noise
from denoiser.noise.camera.separable import resize
from denoiser.noise.camera.settings import Parameters


def steps(pictures: Tensor, camera: Parameters, draws: Tensor, shrink: Shrink | None = None) -> dict[str, Tensor]:
    """The picture after each step of a camera, from clean picture to file.

    Args:
        pictures: sRGB, `(B, 3, H, W)`, in [0, 1].
        camera: parameters of a camera for each picture.
        draws: standard normal, `(B, 1, H, W)`; zeros for a camera without noise.
        shrink: how pictures are resized before they are saved; None for no resizing.

    Returns:
        By name, in the order of the steps; all `(B, 3, H - 16, W - 16)`, with `shrink` the last two `(B, 3, *size)`:
        `clean`; `light` on the sensor, linear; `mosaic` and `noisy mosaic`, the light that each site sees in its
        colour, with 0 in the other two; `bilinear` and `malvar`, light demosaicked by either method, of which the
        camera uses one; `developed`: white balance, colour matrix, gamma, tone curve; `denoised` by the camera;
        `sharpened`; `resized`; `saved`, the same as `render`'s noisy pictures. With draws of zeros, `resized` is the
        same as `render`'s targets.

    Raises:
        ValueError: the pictures are not a batch of colour pictures.

    >>> from denoiser.noise.camera.settings import Settings, draw
    >>> camera = draw(1, Settings(), torch.Generator().manual_seed(0))
    >>> list(steps(torch.full((1, 3, 32, 32), 0.5), camera, torch.zeros(1, 1, 32, 32)))[:4]
    ['clean', 'light', 'mosaic', 'noisy mosaic']
    """
    light = unprocess(check_pictures(pictures, (3,)), camera)
    masks = sites(light.shape[2], light.shape[3], camera.phase)
    raw = mosaic(light, masks)
    noisy = add_noise(raw, camera.shot, camera.read, draws)
    developed = process(demosaicked(noisy, masks, camera), camera)
    unsharpened = replace(camera, sharpen=torch.zeros_like(camera.sharpen))
    denoised, sharpened = (finish(developed[:, None], way)[:, 0] for way in (unsharpened, camera))
    whole = {
        "clean": pictures,
        "light": light,
        "mosaic": raw * masks,
        "noisy mosaic": noisy * masks,
        "bilinear": bilinear(noisy, masks),
        "malvar": malvar(noisy, masks),
        "developed": developed,
        "denoised": denoised,
        "sharpened": sharpened,
    }
    last = sharpened if shrink is None else shrunk(sharpened, shrink)
    inner = {name: inside(picture) for name, picture in whole.items()}
    return {**inner, "resized": inside(last), "saved": save(last, camera)}


def shrunk(pictures: Tensor, shrink: Shrink) -> Tensor:
    """Pictures `(B, 3, H, W)` resized as `render` does it: each side is that of `shrink.size` and twice `BORDER`."""
    height, width = shrink.size
    return resize(pictures, (height + 2 * BORDER, width + 2 * BORDER), shrink.factors).clamp(0, 1)


def inside(pictures: Tensor) -> Tensor:
    """Pictures `(B, C, H, W)` without `BORDER` pixels at each side."""
    return pictures[:, :, BORDER:-BORDER, BORDER:-BORDER]
