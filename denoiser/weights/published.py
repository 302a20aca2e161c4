"""Published weights of architectures that spandrel knows, loaded without executing anything that the file holds."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from denoiser.errors import DenoiserError
from denoiser.inference.picture_model import PictureModel
from denoiser.noise.levels import GREY_LEVELS
from denoiser.runs import checkpoint
from denoiser.weights import published_files, tensors
from denoiser.weights.pickles import AGAIN, FIX, unpack

DENOISERS = ("DnCNN", "DRUNet", "NAFNet", "SCUNet", "SwinIR")
"""Architectures of denoisers with published weights; spandrel knows more."""


class Published(PictureModel):
    """A network with published weights, called with noisy pictures and their noise levels.

    Neither input nor output is clamped, as spandrel's own call would do. A network that takes a noise level gets the
    true one, where spandrel's call always gives 15.

    Args:
        descriptor: spandrel's description of a network with scale 1 and as many channels out as in.
        name: name of its rows in tables.
        sha256: sha256 of the file, in hexadecimal.

    Attributes:
        architecture: name of the architecture and the library it is from.
        channels: channels of its pictures, 3 or 1.
        takes_sigma: whether it takes a noise level.
        multiple: sides are padded to a multiple of this, in pixels.
        smallest: shortest side that is not padded, in pixels.
    """

    def __init__(self, descriptor: Any, name: str, sha256: str) -> None:
        super().__init__()
        self.name, self.sha256 = name, sha256
        architecture = "FDnCNN" if "FDnCNN" in descriptor.tags else descriptor.architecture.name
        self.architecture = f"{architecture} (spandrel)"
        self.channels, self.takes_sigma = descriptor.output_channels, architecture in ("FDnCNN", "DRUNet")
        sizes = descriptor.size_requirements
        self.multiple, self.smallest, self.square = sizes.multiple_of, max(1, sizes.minimum), sizes.square
        self.network = descriptor.model.float().requires_grad_(False)
        # The call without spandrel's clamping; where it has another name, its public one, which clamps.
        self._call = getattr(descriptor, "_call_fn", None) or (lambda network, noisy: descriptor(noisy))
        self.eval()

    def run_network(self, noisy: Tensor, sigma: Tensor | None) -> Tensor:
        """The network's own call; those of KAIR take the noise level as a further channel (Zhang et al. 2018, 2021)."""
        if sigma is None or not self.takes_sigma:
            return self._call(self.network, noisy)  # type: ignore[no-any-return]
        level = (sigma.to(noisy) / GREY_LEVELS).view(-1, 1, 1, 1)
        channel = level.expand(len(noisy), 1, *noisy.shape[-2:])
        return self.network(torch.cat([noisy, channel], dim=1))  # type: ignore[no-any-return]


def read(path: Path) -> Published:
    """Load the network in a file of published weights, on the CPU, in float32 and evaluation mode.

    Reads zips and old pickles of torch.save, and safetensors. In zips any damage is found. In old pickles and
    safetensors only damage that breaks their structure or leaves weights that are not finite is, unless the file is
    one that `published.json` lists: then its blocks are compared.

    Args:
        path: the file.

    Raises:
        DenoiserError: the file is missing, no file of weights, damaged, or holds more than tensors and plain values;
            or spandrel does not know the network, or it scales the picture or changes the number of channels.
    """
    if not path.exists():
        raise published_files.missing_file(path)
    content = checkpoint.content_of(path, "file of weights", FIX)
    sha256 = hashlib.sha256(content).hexdigest()
    published_files.check_unaltered(content, sha256, path)
    descriptor = _descriptor(_weights(unpack(content, path), path), path)
    return Published(descriptor, path.stem, sha256)


def _weights(content: Any, path: Path) -> dict[str, Tensor]:
    """The tensors by name, taken out of the dictionaries that usually wrap them; all are dense and finite."""
    from spandrel import canonicalize_state_dict

    if checkpoint.is_ours(content) and "objective" in content["hyper_parameters"]:  # other users of Lightning lack it
        raise DenoiserError(f"this is a checkpoint of `denoiser run` ({path})", f"checkpoint={path}")
    keyed_by_name = isinstance(content, dict) and all(isinstance(key, str) for key in content)
    weights = canonicalize_state_dict(content) if keyed_by_name else None
    if not isinstance(weights, dict) or not weights or not all(map(_is_named_tensor, weights.items())):
        keys = ", ".join(map(str, list(content)[:3])) if isinstance(content, dict) else None
        actual = type(content).__name__ if keys is None else f"a dictionary of {keys}"
        raise DenoiserError(f"no tensors by name, but {actual} ({path})", FIX)
    if problem := tensors.find_unsupported_tensor(weights):
        raise DenoiserError(f"{problem}; {tensors.SUPPORTED} ({path})", FIX)
    for name, tensor in weights.items():
        if not torch.isfinite(tensor).all():
            raise DenoiserError(f"the weights are not finite, first {name} ({path})", AGAIN)
    return weights


def _is_named_tensor(item: tuple[Any, Any]) -> bool:
    return isinstance(item[0], str) and isinstance(item[1], Tensor)


def _descriptor(weights: Mapping[str, Tensor], path: Path) -> Any:
    """Spandrel's description of the network, which it recognises by the names and shapes of its weights."""
    from spandrel import ImageModelDescriptor, ModelLoader, UnsupportedModelError

    first = ", ".join(f"{name} {'x'.join(map(str, tensor.shape))}" for name, tensor in list(weights.items())[:3])
    fix = f"give weights of {', '.join(DENOISERS)}, ..."
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings about the code of the networks' authors
            descriptor = ModelLoader().load_from_state_dict(dict(weights))
    except UnsupportedModelError as error:
        raise DenoiserError(f"no known architecture has these weights: {first}, ... ({path})", fix) from error
    except Exception as error:  # architectures fail in many ways on shapes they do not expect
        raise DenoiserError(f"weights that do not fit their architecture: {first}, ... ({path})", fix) from error
    if problem := tensors.find_unsupported_tensor(weights, descriptor.model.state_dict()):
        raise DenoiserError(f"{problem}; {tensors.SUPPORTED} ({path})", FIX)
    name, purpose, scale = descriptor.architecture.name, descriptor.purpose, descriptor.scale
    channels = descriptor.input_channels, descriptor.output_channels
    fix = "give weights of a denoiser: the same size in and out, 1 or 3 channels"
    if not isinstance(descriptor, ImageModelDescriptor) or purpose != "Restoration" or scale != 1:
        raise DenoiserError(f"{name} for {purpose} at {scale}x, not for restoration ({path})", fix)
    if channels not in ((1, 1), (3, 3)):
        what = f"spandrel takes it for {name} with {channels[0]} channels in and {channels[1]} out"
        raise DenoiserError(f"{what} ({path})", fix)
    return descriptor
