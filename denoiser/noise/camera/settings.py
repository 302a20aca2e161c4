"""The ranges of a camera's parameters, and random cameras drawn from them."""

from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from denoiser.errors import DenoiserError, nearest, number
from denoiser.noise.camera import sensor
from denoiser.noise.camera.checks import check_qualities, check_range, check_share
from denoiser.noise.camera.colour import Colours, draw_colours
from denoiser.noise.camera.drawing import Range, chance, log_uniform, uniform
from denoiser.noise.streams import integers

PHASES = ("rggb", "grbg", "gbrg", "bggr")
"""The four positions of the Bayer mosaic, in the order of `mosaic.sites`."""


@dataclass(frozen=True)
class Settings:
    """Ranges `(lowest, highest)` of the parameters of a camera, and the shares of pictures that a step applies to.

    Equal bounds fix a parameter; a share of 0 or 1 switches a step off or on. Lengths are in pixels of the sensor.

    Args:
        read: read noise, a variance where white is 1; None draws it for the shot noise by a fit to real cameras.
        mosaic: colours of the mosaic's first two rows, one of `PHASES`; None draws one.
        red_range: gain of red by the white balance.
        blue_range: gain of blue by the white balance.
        exposed: share with another exposure.
        exposure_range: factor of the light for these; log-uniform.
        toned: share with a tone curve after the gamma.
        malvar: share demosaicked by Malvar's filters; the others are demosaicked bilinearly.
        luma_range: sigma of the Gaussian blur of luma.
        guided: share whose luma is also smoothed by a guided filter.
        guided_range: strength of that filter: the variation that it smooths, in deviations of the noise; log-uniform.
        radius_range: radius of its windows.
        chroma_range: sigma of the Gaussian blur of chroma.
        cleaned: share whose chroma is also smoothed by a guided filter.
        cleaned_range: strength of that filter, as `guided_range`; log-uniform.
        reach_range: radius of its windows; log-uniform.
        sharpened: share that is sharpened.
        sharpen_range: amount of sharpening.
        sharpen_sigma_range: sigma of the unsharp mask.
        saved: share saved as JPEG by the camera.
        quality_range: quality of that JPEG.
        subsampled: share of JPEGs with chroma in 4:2:0; the others have 4:4:4.
        resaved: share saved as JPEG a second time, with another grid of blocks.
        resave_range: quality of the second JPEG.

    Raises:
        DenoiserError: a range is out of order or beyond its limits, a share is not in 0 to 1, or no such mosaic.
    """

    read: float | None = None
    mosaic: str | None = None
    red_range: Range = (1.9, 2.4)
    blue_range: Range = (1.5, 1.9)
    exposed: float = 0.4
    exposure_range: Range = (0.25, 1.0)
    toned: float = 0.9
    malvar: float = 0.5
    luma_range: Range = (0.3, 1.2)
    guided: float = 0.5
    guided_range: Range = (0.2, 1.5)
    radius_range: Range = (1.0, 3.0)
    chroma_range: Range = (0.4, 2.0)
    cleaned: float = 0.9
    cleaned_range: Range = (0.7, 5.0)
    reach_range: Range = (3.0, 16.0)
    sharpened: float = 0.4
    sharpen_range: Range = (0.1, 1.2)
    sharpen_sigma_range: Range = (0.6, 1.4)
    saved: float = 0.85
    quality_range: Range = (70, 99)
    subsampled: float = 0.7
    resaved: float = 0.4
    resave_range: Range = (65, 98)

    def __post_init__(self) -> None:
        """Check all parameters."""
        check_settings(self)


LARGEST = 64
"""Largest bound of a range: lengths are in pixels, and filters must not be wider than pictures."""


def check_settings(settings: Settings) -> None:
    """Check the parameters of `Settings`.

    Raises:
        DenoiserError: one is not possible; the fix is its default.
    """
    for one in fields(Settings):
        value = getattr(settings, one.name)
        try:
            _check(one.name, value)
        except ValueError as error:
            key = f"noise.{one.name}"
            if one.name == "mosaic":
                default: object = nearest(str(value), PHASES) or PHASES[0]
            else:
                default = list(one.default) if isinstance(one.default, tuple) else one.default
            default = "null" if default is None else str(default).replace(" ", "")
            raise DenoiserError(f"noise.{error} ({key})", f"{key}={default}") from error


def _check(name: str, value: Any) -> None:
    if name == "mosaic":
        if value not in (None, *PHASES):
            raise ValueError(f"mosaic={value} is none of {', '.join(PHASES)}, nor null to draw one")
    elif name == "read":
        if value is not None and not (number(value) and 0 <= value <= 1):
            raise ValueError(f"read={value} is not a variance, 0 to 1, nor null to draw it")
    elif name in ("quality_range", "resave_range"):
        check_qualities(name, value)
    elif name.endswith("_range"):
        _, highest = check_range(name, value, positive=name != "luma_range")
        if highest > LARGEST:
            raise ValueError(f"{name}={value} is not up to {LARGEST}")
    else:
        check_share(name, value)


@dataclass(frozen=True)
class Parameters:
    """One camera per picture. Each field is `(n,)`, except `colours` and `offset` `(n, 2)`; see `Settings`."""

    exposure: Tensor
    toned: Tensor
    colours: Colours
    phase: Tensor
    shot: Tensor
    read: Tensor
    malvar: Tensor
    luma: Tensor
    guided: Tensor
    radius: Tensor
    chroma: Tensor
    cleaned: Tensor
    reach: Tensor
    sharpen: Tensor
    sharpen_sigma: Tensor
    saved: Tensor
    quality: Tensor
    resaved: Tensor
    resave_quality: Tensor
    subsampled: Tensor
    resubsampled: Tensor
    offset: Tensor


def draw(n: int, settings: Settings, generator: torch.Generator, shot: Tensor | None = None) -> Parameters:
    """A camera for each of `n` pictures, on the generator's device.

    Args:
        n: number of pictures.
        settings: the ranges.
        generator: source of the random numbers.
        shot: `(n,)`, shot noise, a variance per light, where white is 1; None draws it from `sensor.SHOT_RANGE`,
            log-uniform.
    """
    g, s = generator, settings
    shot = log_uniform(n, sensor.SHOT_RANGE, g) if shot is None else shot
    read = sensor.draw_read(shot, g) if s.read is None else torch.full_like(shot, s.read)
    phase = integers(4, (n,), g)
    exposed, guided, sharpened = chance(n, s.exposed, g), chance(n, s.guided, g), chance(n, s.sharpened, g)
    return Parameters(
        exposure=torch.where(exposed, log_uniform(n, s.exposure_range, g), 1.0),
        toned=chance(n, s.toned, g),
        colours=draw_colours(n, g, s.red_range, s.blue_range),
        phase=phase if s.mosaic is None else torch.full_like(phase, PHASES.index(s.mosaic)),
        shot=shot,
        read=read,
        malvar=chance(n, s.malvar, g),
        luma=uniform(n, s.luma_range, g),
        guided=torch.where(guided, log_uniform(n, s.guided_range, g), 0.0),
        radius=uniform(n, s.radius_range, g).round(),
        chroma=uniform(n, s.chroma_range, g),
        cleaned=torch.where(chance(n, s.cleaned, g), log_uniform(n, s.cleaned_range, g), 0.0),
        reach=log_uniform(n, s.reach_range, g).round(),
        sharpen=torch.where(sharpened, uniform(n, s.sharpen_range, g), 0.0),
        sharpen_sigma=uniform(n, s.sharpen_sigma_range, g),
        saved=chance(n, s.saved, g),
        quality=uniform(n, s.quality_range, g).round(),
        resaved=chance(n, s.resaved, g),
        resave_quality=uniform(n, s.resave_range, g).round(),
        subsampled=chance(n, s.subsampled, g),
        resubsampled=chance(n, s.subsampled, g),
        offset=integers(8, (n, 2), g),
    )
