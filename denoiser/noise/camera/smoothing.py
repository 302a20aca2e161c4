"""The denoising that a camera does itself: blur and guided filters, wider for chroma than for luma."""

import torch
from torch import Tensor

from denoiser.noise.camera.constants import like
from denoiser.noise.camera.drawing import per_picture, where
from denoiser.noise.camera.separable import both, box, gaussian
from denoiser.noise.camera.settings import Parameters

TO_YCC = ((0.299, 0.587, 0.114), (-0.168735892, -0.331264108, 0.5), (0.5, -0.418687589, -0.081312411))
"""Luma, blue difference and red difference of sRGB values (ITU-T T.871, JFIF)."""
TO_RGB = ((1.0, 0.0, 1.402), (1.0, -0.344136286, -0.714136286), (1.0, 1.772, 0.0))


def to_ycc(pictures: Tensor) -> Tensor:
    """Luma and chroma around 0 of sRGB pictures `(B, 3, H, W)`; of more dimensions, the third but last is colour."""
    return torch.einsum("ij,...jhw->...ihw", like(TO_YCC, pictures), pictures)


def to_rgb(pictures: Tensor) -> Tensor:
    """Pictures `(B, 3, H, W)` in sRGB from luma and chroma around 0."""
    return torch.einsum("ij,...jhw->...ihw", like(TO_RGB, pictures), pictures)


def guided(plane: Tensor, radii: Tensor, deviations: Tensor) -> Tensor:
    """Planes smoothed where they are flat: He, Sun and Tang, "Guided image filtering" (2010), with itself as guide.

    Args:
        plane: `(B, C, H, W)`.
        radii: `(B,)`, radii of the windows in pixels.
        deviations: `(B,)`; variation well below these is smoothed, variation well above is kept. White is 1.
    """
    mean, square = both(torch.cat([plane, plane * plane], 1), box, radii).chunk(2, 1)
    variance = (square - mean * mean).clamp(min=0)
    gain = variance / (variance + per_picture(deviations).square() + 1e-9)
    slope, offset = both(torch.cat([gain, (1 - gain) * mean], 1), box, radii).chunk(2, 1)
    return slope * plane + offset


def smooth(pictures: Tensor, camera: Parameters, noise: Tensor) -> Tensor:
    """Pictures as a camera smooths them: slightly everywhere, and more where they are flat.

    Args:
        pictures: sRGB, white is 1: `(B, N, 3, H, W)`, N of each camera.
        camera: parameters of a camera for each picture.
        noise: `(B,)`, standard deviation of the noise that the camera expects.
    """
    ycc = to_ycc(pictures)
    luma, colour = both(ycc[:, :, 0], gaussian, camera.luma), both(ycc[:, :, 1:].flatten(1, 2), gaussian, camera.chroma)
    luma = where(camera.guided > 0, guided, luma, camera.radius, camera.guided * noise)
    colour = where(camera.cleaned > 0, guided, colour, camera.reach, camera.cleaned * noise)
    return to_rgb(torch.cat([luma[:, :, None], colour.view(*ycc[:, :, 1:].shape)], 2))
