"""From a composed configuration to the data of a training or an evaluation."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig

from denoiser import build
from denoiser.config import compose, options
from denoiser.data.base import PairsDataModule, Protocol
from denoiser.errors import DenoiserError, nearest
from denoiser.metrics.protocols import PROTOCOLS
from denoiser.noise.base import Noise


def protocol_name(cfg: DictConfig) -> str:
    """`published` or `clipped`: as asked for, else clipped if the noise of training is, or is a camera's.

    Raises:
        DenoiserError: it is neither, or real noise is to be unclipped.
    """
    real = build.target("data", cfg.data["_target_"]).real_pairs and cfg.data.get("test") is None
    name = cfg.protocol or ("clipped" if cfg.noise.clip or real else "published")
    if real and name == "published":
        raise DenoiserError(f"real noise is clipped by its camera (protocol={name})", "protocol=clipped")
    if name not in PROTOCOLS:
        raise DenoiserError(
            f"no protocol '{name}' (protocol)", f"protocol={nearest(str(name), PROTOCOLS) or next(iter(PROTOCOLS))}"
        )
    return str(name)


def protocol(cfg: DictConfig) -> Protocol:
    """How pictures become noisy pairs in this run.

    Raises:
        DenoiserError: the noise or a noise level cannot be meant.
    """
    if cfg.test is None:
        raise DenoiserError("test has no keys (test=null)", "test.sigma=null, or leave it out")
    noise: Noise = build.make("noise", cfg.noise)
    levels = noise.levels(build.plain(cfg.test.sigma))
    return Protocol(noise, int(cfg.seed), levels, clip=protocol_name(cfg) == "clipped")


def training_data(cfg: DictConfig) -> PairsDataModule:
    """The data of training, with the named set that it is tested on.

    Raises:
        DenoiserError: the data is for testing only, or its channels are not the model's.
    """
    made = _dataset(cfg.data, protocol(cfg))
    if made.test_only:
        raise DenoiserError(f"data={made.name} is for testing only (data)", f"data=synthetic data.test={made.name}")
    if made.channels != cfg.model.channels:
        other = cfg.model.channels
        fix = f"data.channels={other}" if other in made.allowed_channels else f"model=unet, which takes {made.channels}"
        raise DenoiserError(
            f"model={cfg.model.name} takes {other} channel(s) and data={made.name} has {made.channels} (data.channels)",
            fix,
        )
    return made


def evaluation_data(cfg: DictConfig) -> PairsDataModule:
    """The pictures of an evaluation: `data.test` where it is given, else the data itself.

    Raises:
        DenoiserError: the data, the noise or the protocol is not possible.
    """
    made = _dataset(cfg.data, protocol(cfg))
    made.prepare_data()
    return made.test or made


def _dataset(config: DictConfig, how: Protocol) -> PairsDataModule:
    given: dict[str, Any] = build.plain(config)
    name, test = given.pop("name"), given.pop("test", None)
    made: PairsDataModule = build.make("data", given, protocol=how)
    made.name = name
    made.test = None if test is None else _test_set(test, made.channels, how)
    return made


def _test_set(name: str, channels: int, how: Protocol) -> PairsDataModule:
    known = options("data")
    if name not in known:
        raise DenoiserError(f"no data '{name}' (data.test)", f"data.test={nearest(name, known) or 'photos'}")
    config = compose([f"data={name}", f"data.channels={channels}"]).data
    return _dataset(config, how)
