"""Published weights of networks that spandrel knows, loaded without running anything that the file holds."""

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
from denoiser.weights import known_files
from denoiser.weights.pickles import AGAIN, FIX, unpacked

DENOISERS = ("DnCNN", "DRUNet", "NAFNet", "SCUNet", "SwinIR")
"""Of the architectures that are known, those that a user of denoisers is likely to have weights of."""


class Published(PictureModel):
    """A network with published weights, called with noisy pictures and their noise levels.

    Neither input nor output is clamped, as spandrel's own call would do. A network that takes a noise level is told the
    true one, where spandrel says 15. Sizes that the network does not take are padded by repeating the border.

    Args:
        descriptor: spandrel's, of a network with one scale and equal channels in and out.
        name: of its rows in tables.
        sha256: of the file, hexadecimal.

    Attributes:
        architecture: in words.
        channels: that it takes.
        takes_sigma: whether it is told the noise level.
        multiple: that sides are padded to.
        smallest: side that is not padded, in pixels.
    """

    padding = "replicate"

    def __init__(self, descriptor: Any, name: str, sha256: str) -> None:
        super().__init__()
        self.name, self.sha256 = name, sha256
        words = "FDnCNN" if "FDnCNN" in descriptor.tags else descriptor.architecture.name
        self.architecture = f"{words} (spandrel)"
        self.channels, self.takes_sigma = descriptor.output_channels, words in ("FDnCNN", "DRUNet")
        sizes = descriptor.size_requirements
        self.multiple, self.smallest, self.square = sizes.multiple_of, max(1, sizes.minimum), sizes.square
        self.network = descriptor.model.float().requires_grad_(False)
        self._call = descriptor._call_fn  # the call without spandrel's clamping
        self.eval()

    def run_network(self, noisy: Tensor, sigma: Tensor | None) -> Tensor:
        """The network's own call; those of KAIR take the noise level as a further channel (Zhang et al. 2018, 2021)."""
        if sigma is None or not self.takes_sigma:
            return self._call(self.network, noisy)  # type: ignore[no-any-return]
        level = (sigma.to(noisy) / GREY_LEVELS).view(-1, 1, 1, 1)
        channel = level.expand(len(noisy), 1, *noisy.shape[-2:])
        return self.network(torch.cat([noisy, channel], dim=1))  # type: ignore[no-any-return]


def read(path: Path) -> Published:
    """The network in a file of published weights, on the CPU, in float32 and evaluation mode.

    Zips and old pickles of torch.save and safetensors are read. Of damage, zips tell any, and old pickles and
    safetensors only what breaks their structure or leaves weights that are not finite; but a file that
    `published.json` lists is known block by block.

    Args:
        path: the file.

    Raises:
        DenoiserError: the file is missing, no file of weights, damaged, or holds more than tensors and plain values;
            or the network is not known, scales the picture, or changes the number of channels.
    """
    if not path.exists():
        raise known_files.absent(path)
    content = checkpoint.content_of(path, "file of weights", FIX)
    digest = hashlib.sha256(content).hexdigest()
    known_files.refuse_altered(content, digest, path)
    descriptor = _descriptor(_weights(unpacked(content, path), path), path)
    return Published(descriptor, path.stem, digest)


def _weights(found: Any, path: Path) -> dict[str, Tensor]:
    """The tensors by name, out of the wrappings that are usual; not finite ones are refused."""
    from spandrel import canonicalize_state_dict

    if checkpoint.is_ours(found) and "objective" in found["hyper_parameters"]:  # Lightning's other users lack it
        raise DenoiserError(f"this is a checkpoint of `denoiser run` ({path})", f"checkpoint={path}")
    named = isinstance(found, dict) and all(isinstance(key, str) for key in found)
    weights = canonicalize_state_dict(found) if named else None
    if not isinstance(weights, dict) or not weights or not all(map(_is_named_tensor, weights.items())):
        told = f"a dictionary of {', '.join(map(str, list(found)[:3]))}" if isinstance(found, dict) else type(found)
        raise DenoiserError(f"no tensors by name, but {getattr(told, '__name__', told)} ({path})", FIX)
    if odd := checkpoint.oddity(weights):
        raise DenoiserError(f"{odd}; {checkpoint.WEIGHTS} ({path})", FIX)
    for name, tensor in weights.items():
        if not torch.isfinite(tensor).all():
            raise DenoiserError(f"the weights are not finite, first {name} ({path})", AGAIN)
    return weights


def _is_named_tensor(item: tuple[Any, Any]) -> bool:
    return isinstance(item[0], str) and isinstance(item[1], Tensor)


def _descriptor(weights: Mapping[str, Tensor], path: Path) -> Any:
    """Spandrel's description of the network, which it knows by the names and shapes of its weights."""
    from spandrel import ImageModelDescriptor, ModelLoader, UnsupportedModelError

    seen = ", ".join(f"{name} {'x'.join(map(str, tensor.shape))}" for name, tensor in list(weights.items())[:3])
    fix = f"give weights of {', '.join(DENOISERS)}, ..."
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what the networks' authors call, which is theirs to mend
            found = ModelLoader().load_from_state_dict(dict(weights))
    except UnsupportedModelError as error:
        raise DenoiserError(f"weights of no architecture that is known: {seen}, ... ({path})", fix) from error
    except Exception as error:  # each architecture trusts the shapes in its own way
        raise DenoiserError(f"weights that do not fit their architecture: {seen}, ... ({path})", fix) from error
    if odd := checkpoint.oddity(weights, found.model.state_dict()):
        raise DenoiserError(f"{odd}; {checkpoint.WEIGHTS} ({path})", FIX)
    name, ends = found.architecture.name, (found.input_channels, found.output_channels)
    fix = "give weights of a denoiser: the same size in and out, 1 or 3 channels"
    if not isinstance(found, ImageModelDescriptor) or found.purpose != "Restoration" or found.scale != 1:
        raise DenoiserError(f"{name} for {found.purpose} at {found.scale}x, not for restoration ({path})", fix)
    if ends not in ((1, 1), (3, 3)):
        raise DenoiserError(f"spandrel takes it for {name} with {ends[0]} channels in and {ends[1]} out ({path})", fix)
    return found
