"""Further image metrics by name, from torchmetrics."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any, TextIO

import torch
from torch import Tensor, nn
from torchmetrics.functional import image as functional

from denoiser.errors import ENVIRONMENT, DenoiserError, nearest

ImageMetric = Callable[[Tensor, Tensor], Tensor]
"""From images `(B, C, H, W)`, nominally in [0, 1], and their references to scores `(B,)`."""
SHORT_NAMES = {
    "lpips": "learned_perceptual_image_patch_similarity",
    "dists": "deep_image_structure_and_texture_similarity",
    "ms_ssim": "multiscale_structural_similarity_index_measure",
    "vif": "visual_information_fidelity",
    "uqi": "universal_image_quality_index",
    "scc": "spatial_correlation_coefficient",
    "sam": "spectral_angle_mapper",
}
"""Functions of torchmetrics by their short names."""
BUILT_IN = ("psnr", "psnr_y", "ssim", "peak_signal_noise_ratio", "structural_similarity_index_measure")
"""Metrics that every evaluation reports in the definitions of `psnr_ssim`."""
NETWORKS = {"lpips": "AlexNet", "dists": "VGG16"}
"""Networks of torchvision, pretrained on ImageNet, that two of the metrics use."""
VIF_WHITE = 255
"""White in the units that the constants of VIF are made for."""


def named_metric(name: str) -> ImageMetric:
    """An image metric from torchmetrics: scores `(B,)`, float64, each image scored by itself.

    | name | measures | better | paper |
    |---|---|---|---|
    | `lpips` | distance of AlexNet's features, version 0.1 | lower | Zhang, Isola, Efros, Shechtman and Wang, 2018 |
    | `dists` | structure and texture in VGG16's features | lower | Ding, Ma, Wang and Simoncelli, 2020 |
    | `ms_ssim` | SSIM at five scales; at least 176 pixels a side | higher | Wang, Simoncelli and Bovik, 2003 |
    | `vif` | visual information fidelity of pixels; at least 41 | higher | Sheikh and Bovik, 2006 |
    | `uqi` | universal quality index, SSIM without constants | higher | Wang and Bovik, 2002 |
    | `scc` | correlation of high-pass filtered images | higher | Zhou, Civco and Silander, 1998 |
    | `sam` | angle between colours, in radians; colour only | lower | Yuhas, Goetz and Boardman, 1992 |

    Any other function of `torchmetrics.functional.image` whose only required arguments are `preds` and `target` is
    available by its own name. The data range is 1, except for `vif`, which gets grey levels of 255. `lpips` and `dists`
    get images clamped to [0, 1] in float32, grey images with three equal channels; all others get float64.

    Args:
        name: a name of the table, or of a function.

    Raises:
        DenoiserError: there is no such metric, or every evaluation has it already (exit code 2); the weights of its
            network are not on this machine and cannot be downloaded (3). The metric raises it for images of a size or
            number of channels that it does not support.
    """
    if name in BUILT_IN:
        raise DenoiserError(f"every evaluation reports {name} already (metrics)", f"remove {name} from metrics")
    short = next((key for key, function in SHORT_NAMES.items() if function == name), name)
    if short in NETWORKS:
        network = _network(short)
        return lambda image, clean: _per_image(short, lambda x, y: _distance(network, x, y), image, clean)
    function = getattr(functional, SHORT_NAMES.get(short, short)) if short in _available() else None
    if function is None:
        near = nearest(name, _available()) or "lpips"
        raise DenoiserError(f"no metric '{name}' (metrics)", f"metrics=[{near}], of {', '.join(_available())}")
    options = {"data_range": 1.0} if "data_range" in inspect.signature(function).parameters else {}
    scale = VIF_WHITE if short == "vif" else 1
    return lambda image, clean: _per_image(
        short, lambda x, y: function(x.double() * scale, y.double() * scale, **options), image, clean
    )


def _available() -> list[str]:
    """The short names, then the functions of torchmetrics without a short name."""
    rest = [name for name in functional.__all__ if name not in (*SHORT_NAMES.values(), *BUILT_IN)]
    return [*SHORT_NAMES, *(name for name in rest if _takes_two_images(getattr(functional, name)))]


def _takes_two_images(function: Callable[..., Any]) -> bool:
    parameters = list(inspect.signature(function).parameters.values())
    required = [item.name for item in parameters if item.default is item.empty and item.name != "data_range"]
    return required == ["preds", "target"]


def _per_image(name: str, metric: ImageMetric, image: Tensor, clean: Tensor) -> Tensor:
    """Score each image by itself: some functions of torchmetrics pool over the batch."""
    try:
        values = [metric(x[None], y[None]) for x, y in zip(image, clean, strict=True)]
    except (RuntimeError, ValueError, TypeError) as error:  # an image is too small or has other channels
        size = "x".join(map(str, image.shape[-2:]))
        raise DenoiserError(
            f"{name} does not support images of {size} pixels with {image.shape[1]} channel(s): {error} (metrics)",
            f"remove {name} from metrics",
        ) from error
    return torch.stack([value.detach().double().reshape(()) for value in values])


def _distance(network: nn.Module, image: Tensor, clean: Tensor) -> Tensor:
    x, y = (picture.float().clamp(0, 1).expand(-1, 3, -1, -1) for picture in (image, clean))
    with torch.no_grad():
        return network.to(image.device)(x, y)  # type: ignore[no-any-return]


class _Lpips(nn.Module):
    """LPIPS of images in [0, 1]; loads its network once, unlike the function of torchmetrics."""

    def __init__(self) -> None:
        from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

        super().__init__()
        self.network = LearnedPerceptualImagePatchSimilarity(net_type="alex").net

    def forward(self, image: Tensor, clean: Tensor) -> Tensor:
        return self.network(image, clean, normalize=True)  # type: ignore[no-any-return]


class _AfterConnecting:
    """A stream for the progress bar of torch.hub that first prints `line`, the name of the download.

    Without a connection there is no progress, and neither is printed.
    """

    def __init__(self, stream: TextIO, line: StringIO) -> None:
        self.stream, self.line = stream, line

    def write(self, text: str) -> int:
        self.stream.write(self.line.getvalue() + text)
        self.line.seek(0)
        self.line.truncate()
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _network(name: str) -> nn.Module:
    from torchmetrics.functional.image.dists import DISTSNetwork
    from torchvision.models import AlexNet_Weights, VGG16_Weights

    weights = {"lpips": AlexNet_Weights, "dists": VGG16_Weights}[name].DEFAULT
    makers: dict[str, Callable[[], nn.Module]] = {"lpips": _Lpips, "dists": DISTSNetwork}
    try:
        with redirect_stdout(StringIO()) as line, redirect_stderr(_AfterConnecting(sys.stderr, line)):
            return makers[name]().eval()
    except Exception as error:  # no connection, a full disk, or a damaged file
        file = f"{torch.hub.get_dir()}/checkpoints/{weights.url.rpartition('/')[2]}"
        raise DenoiserError(
            f"{name} requires torchvision's weights of {NETWORKS[name]}: {error} ({file})",
            f"download {weights.url} to that path",
            ENVIRONMENT,
        ) from error
