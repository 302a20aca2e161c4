"""From a clean picture to a camera's picture of it, and to the same picture without noise: what a network learns from.

Brooks et al. (2019) take a picture back to the sensor; CBDNet (Guo et al. 2019) and CycleISP (Zamir et al. 2020) show
that what the camera does after the sensor makes its noise what it is.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from denoiser.noise.camera.checks import check_pictures
from denoiser.noise.camera.colour import apply_matrix, balance, inverse, unbalance
from denoiser.noise.camera.constants import like
from denoiser.noise.camera.curves import to_light, to_values
from denoiser.noise.camera.drawing import per_picture
from denoiser.noise.camera.jpeg import jpeg
from denoiser.noise.camera.mosaic import bilinear, malvar, mosaic, sites
from denoiser.noise.camera.sensor import add_noise
from denoiser.noise.camera.separable import resize, sharpen
from denoiser.noise.camera.settings import Parameters
from denoiser.noise.camera.smoothing import smooth

GREY = (0.299, 0.587, 0.114)
BORDER = 8
"""Pixels at each side that a picture loses, because filters lack neighbours there and the JPEG's grid is shifted."""
MIDDLE = 0.18
"""Light of a grey that the deviation of the noise, which the camera's smoothing goes by, is reckoned for."""


@dataclass(frozen=True)
class Shrink:
    """Pictures become `size` pixels high and wide, each `factors` `(B,)` >= 1 times smaller, cut around the middle."""

    size: int
    factors: Tensor


def unprocess(pictures: Tensor, camera: Parameters) -> Tensor:
    """Light on the sensor `(B, 3, H, W)` from pictures in [0, 1] (Brooks et al. 2019)."""
    light = to_light(pictures, camera.toned) * per_picture(camera.exposure)
    return unbalance(apply_matrix(light, camera.colours.to_camera), camera.colours.gains)


def process(light: Tensor, camera: Parameters) -> Tensor:
    """Pictures in [0, 1] from light on the sensor: white balance, colour matrix, gamma and tone curve."""
    balanced = balance(light, camera.colours.gains).clamp(max=1)
    return to_values(apply_matrix(balanced, inverse(camera.colours.to_camera)), camera.toned)


def demosaicked(raw: Tensor, where: Tensor, camera: Parameters) -> Tensor:
    """Three colours `(B, 3, H, W)` from the mosaic, by the way that each camera has."""
    return torch.where(per_picture(camera.malvar), malvar(raw, where), bilinear(raw, where))


def finish(pictures: Tensor, camera: Parameters) -> Tensor:
    """The camera's own smoothing and sharpening, in [0, 1]."""
    noise = (MIDDLE * camera.shot + camera.read).sqrt() * 2
    smoothed = smooth(pictures, camera, noise)
    return sharpen(smoothed, camera.sharpen, camera.sharpen_sigma).clamp(0, 1)


def save(pictures: Tensor, camera: Parameters) -> Tensor:
    """Pictures as files hold them: JPEG once, twice or never, and 8 bits. Loses `BORDER` pixels at each side."""
    size = pictures.shape[2] - 2 * BORDER, pictures.shape[3] - 2 * BORDER
    shifted = window(pictures, camera.offset, (size[0] + BORDER, size[1] + BORDER))
    once = jpeg(shifted, camera.quality, camera.subsampled)
    saved = torch.where(per_picture(camera.saved), once, torch.round(shifted * 255) / 255)
    back = window(saved, BORDER - camera.offset, size)
    again = jpeg(back, camera.resave_quality, camera.resubsampled)
    return torch.where(per_picture(camera.resaved), again, back)


def window(pictures: Tensor, offsets: Tensor, size: tuple[int, int]) -> Tensor:
    """A window of `size` from each picture `(B, C, H, W)`, from row and column `offsets` `(B, 2)` on."""
    b, c, _, w = pictures.shape
    rows = offsets[:, :1] + torch.arange(size[0], device=offsets.device)
    columns = offsets[:, 1:] + torch.arange(size[1], device=offsets.device)
    places = (rows[:, :, None] * w + columns[:, None, :]).view(b, 1, -1).expand(b, c, -1)
    return pictures.flatten(2).gather(2, places).view(b, c, *size)


def render(
    pictures: Tensor, camera: Parameters, draws: Tensor, others: Tensor | None = None, shrink: Shrink | None = None
) -> tuple[Tensor, Tensor]:
    """What the camera makes of clean pictures, and what it would make without noise and JPEG.

    Where shadows or highlights are cut off, the mean of many shots is not the picture without noise. Given a second
    set of draws, the target has that mean: of one shot with these and one with their opposites, whose noise cancels.

    Args:
        pictures: `(B, C, H, W)`, C 1 or 3, in [0, 1], R'G'B'; grey ones are seen by a colour camera and turned grey.
        camera: one for each.
        draws: standard normal, `(B, 1, H, W)`.
        others: likewise, independent of them; None for a target without any noise.
        shrink: how the pictures are resized before they are saved.

    Returns:
        Noisy pictures of whole grey levels and their targets, `(B, C, H - 16, W - 16)`, in [0, 1]; where they are
        resized, `(B, C, size, size)`.

    Raises:
        ValueError: the shape is no batch of pictures, or too small.
    """
    if min(check_pictures(pictures).shape[2:]) <= 2 * BORDER:
        raise ValueError(f"the pictures are {tuple(pictures.shape[2:])}; allowed is more than {2 * BORDER} each way")
    light = unprocess(pictures.expand(-1, 3, -1, -1), camera)
    where = sites(light.shape[2], light.shape[3], camera.phase)

    def shot(noise: Tensor | None) -> Tensor:
        raw = mosaic(light, where)
        exposed = raw if noise is None else add_noise(raw, camera.shot, camera.read, noise)
        return process(demosaicked(exposed, where, camera), camera)

    seen, clean = shot(draws), shot(None) if others is None else (shot(others) + shot(-others)) / 2
    seen, target = finish(seen, camera), finish(clean, camera)
    if shrink is not None:
        seen, target = (resize(x, shrink.size + 2 * BORDER, shrink.factors).clamp(0, 1) for x in (seen, target))
    target = target[:, :, BORDER:-BORDER, BORDER:-BORDER]
    if pictures.shape[1] == 3:
        return save(seen, camera), target
    return save(grey(seen), camera), grey(target)


def grey(pictures: Tensor) -> Tensor:
    """Luma `(B, 1, H, W)` of R'G'B', as Pillow's `convert("L")` weighs it."""
    return torch.einsum("c,bchw->bhw", like(GREY, pictures), pictures)[:, None]
