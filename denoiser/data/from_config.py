"""The data of a training or an evaluation from a composed configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from denoiser import build
from denoiser.config import compose
from denoiser.data.base import PairsDataModule
from denoiser.data.protocol import Protocol
from denoiser.data.store.catalogue import dataset_class
from denoiser.errors import DenoiserError, nearest
from denoiser.metrics.protocols import PROTOCOLS
from denoiser.noise.base import Noise
from denoiser.noise.levels import LEVEL_KEYS, LEVEL_KINDS
from denoiser.noise.probing import try_noise
from denoiser.search_path import options
from denoiser.trust import names_of_choice, names_of_command


def protocol_name(cfg: DictConfig) -> str:
    """`published` or `clipped`: the key `protocol`, by default clipped for noise that is clipped or real.

    Raises:
        DenoiserError: there is no such protocol, or it is `published` for noise that a camera has clipped.
    """
    tested = cfg.data.get("test")
    real = build.target("data", cfg.data["_target_"]).real_pairs if tested is None else _has_real_pairs(tested)
    noise: Noise = build.make("noise", cfg.noise)
    stored = real or noise.stored
    name = cfg.protocol or ("clipped" if stored or cfg.noise.get("clip") else "published")
    if stored and name == "published":
        whose = "real" if real else "this"
        raise DenoiserError(f"{whose} noise is clipped by the camera (protocol={name})", "protocol=clipped")
    if name not in PROTOCOLS:
        raise DenoiserError(
            f"no protocol '{name}' (protocol)", f"protocol={nearest(str(name), PROTOCOLS) or next(iter(PROTOCOLS))}"
        )
    return str(name)


def protocol(cfg: DictConfig) -> Protocol:
    """How pictures become noisy pairs in this run.

    Raises:
        DenoiserError: the noise or a noise level is not valid, or the noise fails or makes values that are not finite.
    """
    noise: Noise = build.make("noise", cfg.noise)
    if cfg.test is None:
        raise DenoiserError("test has no keys (test=null)", "test.sigma=null, or leave it out")
    levels = test_levels(build.plain(cfg.test), noise)
    try_noise(noise, levels, cfg.data.get("channels") or 3)
    return Protocol(noise, int(cfg.seed), levels, clip=protocol_name(cfg) == "clipped")


def test_levels(levels: Mapping[str, Any], noise: Noise) -> tuple[float | None, ...]:
    """The levels to test at, of the kind that the noise has.

    Args:
        levels: what is given below `test`, by the key of the kind of level; None for the default.
        noise: the noise.

    Raises:
        DenoiserError: one is not valid, or is of another kind.
    """
    kind = noise.level_kind
    for key in LEVEL_KEYS:
        level = levels.get(key)  # runs of earlier versions lack some
        if key != kind.key and level is not None:
            other = f"test.{kind.key}={kind.example}" if noise.levels(None) != (None,) else f"test.{key}=null"
            words = next(one.words for one in LEVEL_KINDS if one.key == key)
            what = f"test.{key}={level} is not for noise={noise.name}, which has no {words} (test.{key})"
            raise DenoiserError(what, other)
    return noise.levels(levels.get(kind.key))


def training_data(cfg: DictConfig) -> PairsDataModule:
    """The data of a training, with its test set.

    Raises:
        DenoiserError: the data is for testing only, or does not have the channels of the model.
    """
    name = cfg.data.name
    if build.target("data", cfg.data["_target_"]).test_only:
        raise DenoiserError(f"data={name} is for testing only (data)", f"data=synthetic data.test={name}")
    dataset = _dataset(cfg.data, protocol(cfg))
    if dataset.channels != cfg.model.channels:
        model, channels = cfg.model.name, cfg.model.channels
        supported = channels in dataset.allowed_channels
        raise DenoiserError(
            f"model={model} takes {channels} channel(s) and data={name} has {dataset.channels} (data.channels)",
            f"data.channels={channels}" if supported else f"model=unet, which takes {dataset.channels}",
        )
    return dataset


def evaluation_data(cfg: DictConfig) -> PairsDataModule:
    """The data of an evaluation: `data.test`, or the data itself if there is none.

    Raises:
        DenoiserError: the data, the noise or the protocol is not valid.
    """
    dataset = _dataset(cfg.data, protocol(cfg))
    dataset.prepare_data()
    return dataset.test or dataset


def named(name: str | os.PathLike[str], channels: int | None = None) -> PairsDataModule:
    """A dataset by its name, or the pictures of a folder, with the noise that they have by default.

    Args:
        name: the name of a dataset or the path of a folder.
        channels: 3 or 1; None for the default.

    Raises:
        DenoiserError: there is no such dataset and no such folder, or it does not have these channels.
    """
    names = options("data")
    known = str(name) in names
    if not known and not Path(name).expanduser().is_dir():
        near = nearest(str(name), names)
        raise DenoiserError(f"no dataset and no folder '{name}' (data)", f"{near or 'a folder'}, or {', '.join(names)}")
    config = compose([f"data={name if known else 'folder'}"])
    changes: dict[str, Any] = {} if channels is None else {"channels": channels}
    changes |= {} if known else {"path": os.fspath(name)}
    with names_of_command(config.trust):
        return _dataset(OmegaConf.merge(config.data, changes))


def _dataset(config: Any, protocol: Protocol | None = None) -> PairsDataModule:
    arguments: dict[str, Any] = build.plain(config)
    name, test = arguments.pop("name"), arguments.pop("test", None)
    dataset: PairsDataModule = build.make("data", arguments, **(protocol.keywords() if protocol else {}))
    protocol = protocol or dataset.protocol
    dataset.name = name
    dataset.test = None if test is None else _test_set(test, dataset.channels, protocol)
    return dataset


def mix_source(name: str, protocol: Protocol, passed: Mapping[str, Any]) -> PairsDataModule:
    """A source of `data=mix`.

    Args:
        name: a dataset's name, or the path of a folder.
        protocol: how pictures become noisy pairs.
        passed: values for those keys of data that the source has.

    Raises:
        DenoiserError: it does not have these channels.
    """
    named = name in options("data")
    config = compose([f"data={name if named else 'folder'}"])
    changes = {**passed, "test": None, **({} if named else {"path": name})}
    config.data.update({key: value for key, value in changes.items() if key in config.data})
    with names_of_choice(config.trust):
        return _dataset(config.data, protocol)


def _test_set(name: str, channels: int, protocol: Protocol) -> PairsDataModule:
    names = options("data")
    if name not in names:
        raise DenoiserError(f"no data '{name}' (data.test)", f"data.test={nearest(name, names) or 'photos'}")
    config = compose([f"data={name}", f"data.channels={channels}"])
    if _has_real_pairs(name):  # also after a training on noise that was added
        protocol = replace(protocol, noise=Noise(), levels=(None,), clip=True)
    with names_of_choice(config.trust):
        return _dataset(config.data, protocol)


def _has_real_pairs(name: str) -> bool:
    return name in options("data") and bool(dataset_class(name).real_pairs)
