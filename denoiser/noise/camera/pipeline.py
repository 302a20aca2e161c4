"""Training pairs from clean pictures: a camera's noisy picture, and the same camera's picture without noise.

Brooks et al. (2019) convert pictures back to sensor data. CBDNet (Guo et al. 2019) and CycleISP (Zamir et al. 2020)
show that the processing after the sensor determines the statistics of the noise.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from denoiser.noise.camera.checks import check_pictures
from denoiser.noise.camera.colour import apply_matrix, balance, inverse, unbalance
from denoiser.noise.camera.constants import like
from denoiser.noise.camera.curves import to_light, to_values
from denoiser.noise.camera.drawing import per_picture, where
from denoiser.noise.camera.jpeg import jpeg
from denoiser.noise.camera.mosaic import bilinear, malvar, mosaic, sites
from denoiser.noise.camera.sensor import add_noise
from denoiser.noise.camera.separable import resize, sharpen
from denoiser.noise.camera.settings import Parameters
from denoiser.noise.camera.smoothing import smooth

GREY = (0.299, 0.587, 0.114)
BORDER = 8
"""Width in pixels of the border that is cut off: filters lack neighbours there, and the grid of the JPEG is shifted."""
MIDDLE = 0.18
"""Light of the grey at which the strength of the camera's own denoising is computed from its noise."""


@dataclass(frozen=True)
class Shrink:
    """Pictures are shrunk by `factors` `(B,)` >= 1 and cropped around the middle to `size` (height, width)."""

    size: tuple[int, int]
    factors: Tensor


def unprocess(pictures: Tensor, camera: Parameters) -> Tensor:
    """Light on the sensor `(B, 3, H, W)` from pictures in [0, 1] (Brooks et al. 2019)."""
    light = to_light(pictures, camera.toned) * per_picture(camera.exposure)
    return unbalance(apply_matrix(light, camera.colours.to_camera), camera.colours.gains)


def process(light: Tensor, camera: Parameters) -> Tensor:
    """Pictures in [0, 1] from light on the sensor: white balance, colour matrix, gamma and tone curve."""
    balanced = balance(light, camera.colours.gains).clamp(max=1)
    return to_values(apply_matrix(balanced, inverse(camera.colours.to_camera)), camera.toned)


def demosaicked(raw: Tensor, masks: Tensor, camera: Parameters) -> Tensor:
    """Three colours `(B, 3, H, W)` from the mosaic, by the method of each camera."""
    colours = masks.new_empty(masks.shape)
    colours = where(~camera.malvar, bilinear, raw, masks, otherwise=colours)
    return where(camera.malvar, malvar, raw, masks, otherwise=colours)


def finish(pictures: Tensor, camera: Parameters) -> Tensor:
    """Pictures `(B, N, 3, H, W)` after the camera's own denoising and sharpening, in [0, 1]."""
    noise = (MIDDLE * camera.shot + camera.read).sqrt() * 2
    smoothed = smooth(pictures, camera, noise).flatten(1, 2)
    sharp = where(camera.sharpen > 0, sharpen, smoothed, camera.sharpen, camera.sharpen_sigma)
    return sharp.view(pictures.shape).clamp(0, 1)


def save(pictures: Tensor, camera: Parameters) -> Tensor:
    """Pictures as they are stored: 8 bits, and JPEG once, twice or never. `BORDER` pixels are cut off at each side."""
    size = pictures.shape[2] - 2 * BORDER, pictures.shape[3] - 2 * BORDER
    shifted = crop(pictures, camera.offset, (size[0] + BORDER, size[1] + BORDER))
    levels = torch.round(shifted * 255) / 255
    saved = where(camera.saved, jpeg, shifted, camera.quality, camera.subsampled, otherwise=levels)
    back = crop(saved, BORDER - camera.offset, size)
    return where(camera.resaved, jpeg, back, camera.resave_quality, camera.resubsampled)


def crop(pictures: Tensor, offsets: Tensor, size: tuple[int, int]) -> Tensor:
    """Crops of `size` from pictures `(B, C, H, W)`, whose first row and column are `offsets` `(B, 2)`."""
    b, c, _, w = pictures.shape
    rows = offsets[:, :1] + torch.arange(size[0], device=offsets.device)
    columns = offsets[:, 1:] + torch.arange(size[1], device=offsets.device)
    indices = (rows[:, :, None] * w + columns[:, None, :]).view(b, 1, -1).expand(b, c, -1)
    return pictures.flatten(2).gather(2, indices).view(b, c, *size)


def render(
    pictures: Tensor, camera: Parameters, draws: Tensor, others: Tensor | None = None, shrink: Shrink | None = None
) -> tuple[Tensor, Tensor]:
    """A camera's noisy pictures of clean ones, and their targets: the same without noise and JPEG.

    Where noise is clipped in shadows or highlights, the mean of many shots differs from the picture without noise. With
    a second set of draws, the target estimates that mean: the average of a shot with these draws and one with their
    negatives, so that their noise cancels.

    Args:
        pictures: sRGB or grey, `(B, C, H, W)`, C 1 or 3, in [0, 1]. Grey pictures go through a colour camera and are
            converted to grey at the end.
        camera: parameters of a camera for each picture.
        draws: standard normal, `(B, 1, H, W)`.
        others: standard normal, `(B, 1, H, W)`, independent of `draws`; None for a target without any noise.
        shrink: how pictures are resized before they are saved; None for no resizing.

    Returns:
        Noisy pictures in whole grey levels and their targets, `(B, C, H - 16, W - 16)`, in [0, 1]; with `shrink`,
        `(B, C, *size)`.

    Raises:
        ValueError: the shape is not that of a batch of pictures, or the pictures are too small.
    """
    if min(check_pictures(pictures).shape[2:]) <= 2 * BORDER:
        raise ValueError(f"the pictures are {tuple(pictures.shape[2:])}; allowed is more than {2 * BORDER} each way")
    light = unprocess(pictures.expand(-1, 3, -1, -1), camera)
    masks = sites(light.shape[2], light.shape[3], camera.phase)

    def shot(noise: Tensor | None) -> Tensor:
        raw = mosaic(light, masks)
        exposed = raw if noise is None else add_noise(raw, camera.shot, camera.read, noise)
        return process(demosaicked(exposed, masks, camera), camera)

    clean = shot(None) if others is None else (shot(others) + shot(-others)) / 2
    noisy, target = finish(torch.stack([shot(draws), clean], 1), camera).unbind(1)
    if shrink is not None:
        sides = shrink.size[0] + 2 * BORDER, shrink.size[1] + 2 * BORDER
        noisy, target = (resize(x, sides, shrink.factors).clamp(0, 1) for x in (noisy, target))
    target = target[:, :, BORDER:-BORDER, BORDER:-BORDER]
    if pictures.shape[1] == 3:
        return save(noisy, camera), target
    return save(grey(noisy), camera), grey(target)


def grey(pictures: Tensor) -> Tensor:
    """Luma `(B, 1, H, W)` of sRGB pictures, with the weights of Pillow's `convert("L")`."""
    return torch.einsum("c,bchw->bhw", like(GREY, pictures), pictures)[:, None]
