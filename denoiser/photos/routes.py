"""Which way a photo takes through which model; `photos/restore.py` follows it.

noise, if no model is named                model
a camera's, or none                        camera
white, in colour                           photo
white, in grey or with shared chroma       grey

photo                                      way
grey, and only chroma is to be denoised    UNCHANGED
grey, in a grey model                      WHOLE
grey, in a colour model                    AS_COLOUR
three equal channels                       ONE_CHANNEL
colour, in a colour model                  WHOLE
subsampled chroma, in a grey model         PLANES
any other colour, in a grey model          EACH_CHANNEL
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from denoiser.data.images.formats.photo import NOT_SUBSAMPLED, Header
from denoiser.photos.options import Options

CAMERA, GREY = "camera", "grey"
"""The shipped model for noise of cameras, in colour and also trained on JPEGs with subsampled chroma; that for grey."""

STAYS = "much of the noise stays"
"""What the note of a way says through which a model removes little."""


class Way(Enum):
    """How the channels of a photo go through a network; the value describes it."""

    UNCHANGED = "unchanged: a grey picture has no chroma"
    WHOLE = "all channels at once"
    AS_COLOUR = "as three equal channels"
    ONE_CHANNEL = "one of the three equal channels"
    PLANES = "luma and chroma (Y, Cb, Cr) one by one"
    EACH_CHANNEL = "its channels (R, G, B) one by one"


@dataclass(frozen=True)
class Route:
    """A photo's model and its way through it, as `--dry-run` prints them.

    Attributes:
        model: name of the model, as the user gave it.
        way: how the photo goes through it.
    """

    model: str
    way: Way

    def __str__(self) -> str:
        """The model, and the way where it is not the usual one."""
        return f"model {self.model}{'' if self.way is Way.WHOLE else f', {self.way.value}'}"


def model_for(header: Header, equal_channels: bool) -> int:
    """Whether a photo with white noise gets the model for pictures of 1 or of 3 channels.

    Colour photos get the grey model where `photo` has not learned their noise: where all channels are equal, and
    where pixels share chroma samples. On JPEGs of 4:2:0 with noise of sigma 15 to 40 it gained 0.4 dB, `grey` on their
    planes 5 to 11 dB.

    Args:
        header: the photo's.
        equal_channels: whether its three channels are equal.
    """
    return 1 if equal_channels or header.subsampling != NOT_SUBSAMPLED else header.channels


def way(header: Header, equal_channels: bool, network_channels: int, options: Options) -> Way:
    """How a photo goes through a network.

    Args:
        header: the photo's.
        equal_channels: whether its three channels are equal.
        network_channels: 1 for a grey model, 3 for a colour model.
        options: how photos are denoised. A noise level given by the user is that of the channels, not of the planes.
    """
    if options.strengths.luma == 0 < options.strengths.chroma and (header.channels == 1 or equal_channels):
        return Way.UNCHANGED
    if header.channels == 1:
        return Way.WHOLE if network_channels == 1 else Way.AS_COLOUR
    if equal_channels:
        return Way.ONE_CHANNEL
    if network_channels == 3:
        return Way.WHOLE
    return Way.PLANES if header.subsampling != NOT_SUBSAMPLED and not options.sigma else Way.EACH_CHANNEL


def values(way: Way, header: Header) -> int:
    """The number of values (pixels times channels) that a network computes for a photo, overlaps of tiles not counted.

    Args:
        way: the way.
        header: the photo's.
    """
    pixels, (rows, columns) = header.height * header.width, header.subsampling
    match way:
        case Way.UNCHANGED:
            return 0
        case Way.ONE_CHANNEL:
            return pixels
        case Way.PLANES:
            return pixels + 2 * -(-header.height // rows) * -(-header.width // columns)
    return pixels * header.channels


def notes(way: Way, model: str, network_channels: int, header: Header) -> tuple[str, ...]:
    """Notes for the user about the way that a photo went, where it is not the usual one.

    Args:
        way: the way.
        model: name of the model.
        network_channels: 1 for a grey model, 3 for a colour model.
        header: the photo's.
    """
    match way:
        case Way.UNCHANGED:
            return (way.value,)
        case Way.AS_COLOUR if model != CAMERA:
            return (f"{model} denoised grey pictures {way.value} ({STAYS}); use --model {GREY}",)
        case Way.EACH_CHANNEL:
            return (f"{model} is a grey model: of a colour picture it denoised {way.value}",)
        case Way.PLANES:
            return (f"{model} denoised {way.value}, of pictures with subsampled chroma",)
        case Way.ONE_CHANNEL:
            return (f"{model} denoised pictures of three equal channels as grey ones",)
    if network_channels == 3 and header.subsampling != NOT_SUBSAMPLED and model != CAMERA:
        return (f"{model} denoised pictures with subsampled chroma ({STAYS}); use --model {CAMERA}",)
    return ()
