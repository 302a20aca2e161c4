"""`noise=mixed`: each picture gets one of several noises, drawn by their shares."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar

import torch
from torch import Tensor

from denoiser import build
from denoiser.config import choice
from denoiser.errors import DenoiserError, nearest, number
from denoiser.noise.base import Noise
from denoiser.noise.mirror import mirrored
from denoiser.noise.streams import Source, Streams, choices, draw_pairs
from denoiser.search_path import options
from denoiser.trust import names_of_choice

EXAMPLE = "{camera:0.6,gaussian:0.4}"


@dataclass(frozen=True)
class Mixed(Noise):
    """Each picture of a batch gets one of several noises, which is drawn by its share.

    Args:
        parts: the share of each noise, by its name in `conf/noise`; or its share and its keys, as in
            `{"camera": 0.6, "gaussian": {"share": 0.4, "sigma_range": [0, 55]}}`. Shares are relative to their sum. A
            noise takes `clip` from here unless it has its own.

    Raises:
        DenoiserError: there are no parts, one does not exist or has a wrong key, or the shares are no shares.

    >>> noise, clean = Mixed(parts={"gaussian": 0.6, "none": 0.4}), torch.full((1000, 1, 4, 4), 0.5)
    >>> generator = torch.Generator().manual_seed(0)
    >>> noisy, target = noise.pair(clean, noise.draw_levels(1000, generator), generator)
    >>> print(f"{(noisy != target).flatten(1).any(1).float().mean():.1f}")
    0.6
    """

    parts: Mapping[str, Any] | None = None
    name: ClassVar[str] = "mixed"
    takes_streams: ClassVar[bool] = True

    def _check(self) -> None:
        quoted = f"'noise.parts={EXAMPLE}'"
        if not isinstance(self.parts, Mapping) or not self.parts:
            raise DenoiserError("noise=mixed needs the shares of its parts (noise.parts)", quoted)
        for name, share in zip(self.parts, self.shares, strict=True):
            if not number(share) or share < 0:
                raise DenoiserError(f"the share of {name} is {share}, not a number from 0 up (noise.parts)", quoted)
        if not max(self.shares) > 0:
            raise DenoiserError("the shares of the parts sum to 0 (noise.parts)", quoted)
        list(self.noises)  # makes them all, so that one that is wrong is told now

    @property
    def shares(self) -> Sequence[Any]:
        """The share of each part, as given."""
        return [keys.get("share") if isinstance(keys, Mapping) else keys for keys in (self.parts or {}).values()]

    @cached_property
    def noises(self) -> Sequence[Noise]:
        """The noise of each part."""
        return [_noise(name, keys, self.clip) for name, keys in (self.parts or {}).items()]

    @property
    def stored(self) -> bool:
        """Whether any part is: then all are clipped in validation and test."""
        return any(noise.stored for noise in self.noises)

    @property
    def border(self) -> int:
        """The widest border of the parts."""
        return max(noise.border for noise in self.noises)

    @property
    def shrink(self) -> float:
        """The largest factor of the parts."""
        return max(noise.shrink for noise in self.noises)

    def pair(self, clean: Tensor, level: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Pairs of the noise that each picture draws, at a training level of that noise: see `Noise.pair`."""
        relative = [share / max(self.shares) for share in self.shares]  # so that none over- or underflows
        shares = torch.tensor(relative, dtype=torch.float32, device=generator.device)
        chosen = choices(shares, len(clean), generator)
        size = self.pair_size(clean.shape[2]), self.pair_size(clean.shape[3])
        noisy, target = (clean.new_empty((*clean.shape[:2], *size)) for _ in range(2))
        for i, noise in enumerate(self.noises):
            pictures = (chosen == i).nonzero()[:, 0]
            if len(pictures):
                sources = _middle(clean[pictures], noise.source_size(size[0]), noise.source_size(size[1]))
                noisy[pictures], target[pictures] = _part(noise, sources, generator, pictures)
        return noisy, target

    def _add(self, clean: Tensor, level: Tensor, generator: torch.Generator) -> Tensor:
        height, width = (self.source_size(self.whole_size(side)) for side in clean.shape[2:])
        return self.pair(mirrored(clean, height, width), level, generator)[0]

    def __str__(self) -> str:
        """The name in tables, with the shares and the given keys of the parts."""
        parts = zip(self.parts or {}, self.shares, (self.parts or {}).values(), strict=True)
        return f"{self.name}({', '.join(' '.join([name, f'{share:g}', *_given(keys)]) for name, share, keys in parts)})"


def _part(noise: Noise, sources: Tensor, source: Source, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """The pairs of the pictures of a part; `pictures` `(n,)` are their indices in the batch."""
    if isinstance(source, Streams):
        return draw_pairs(noise, sources, source.select(pictures))[:2]
    return noise.pair(sources, noise.draw_levels(len(sources), source), source)


def _given(keys: Any) -> list[str]:
    """The keys of a part as text."""
    others = {key: value for key, value in keys.items() if key != "share"} if isinstance(keys, Mapping) else {}
    return [f"{key}={str(value).replace(' ', '')}" for key, value in others.items()]


def _middle(pictures: Tensor, height: int, width: int) -> Tensor:
    """The middle `height` x `width` pixels."""
    top, left = (pictures.shape[2] - height) // 2, (pictures.shape[3] - width) // 2
    return pictures[:, :, top : top + height, left : left + width]


def _noise(name: str, keys: Any, clip: bool) -> Noise:
    """The noise of a part: its YAML, with the keys of the part.

    Raises:
        DenoiserError: there is no such noise or key, or a value is not valid.
    """
    names = [option for option in options("noise") if option != Mixed.name]
    name = str(name)
    if name not in names:
        raise DenoiserError(f"no noise '{name}' (noise.parts)", f"noise.parts={{{nearest(name, names) or 'camera'}:1}}")
    chosen = choice("noise", name)
    config = build.plain(chosen.noise)
    with names_of_choice(chosen.get("trust")):
        noise = build.target("noise", config.pop("_target_"))
    known = [one.name for one in fields(noise)]
    others = {key: value for key, value in keys.items() if key != "share"} if isinstance(keys, Mapping) else {}
    for key in others:
        if key not in known:
            near = nearest(key, known) or known[-1]
            what = f"noise={name} has no key '{key}' (noise.parts)"
            raise DenoiserError(what, f"'noise.parts={{{name}:{{share:1,{near}:...}}}}'")
    try:
        built: Noise = noise(**{**config, **others})
    except DenoiserError as error:
        raise _of_part(name, error) from error
    return built if "clip" in others else built.clipped(clip)


def _of_part(name: str, error: DenoiserError) -> DenoiserError:
    """The error of a noise as that of a part; `noise=mixed` has none of the keys that it names."""
    what = re.sub(r"\(noise\.\w+\)", "(noise.parts)", error.what).replace("noise.", f"{name}.", 1)
    what = what.replace(f"({name}.parts)", "(noise.parts)")
    key = re.search(r"noise\.(\w+)=([^ ;]+)", error.fix)
    fix = f"'noise.parts={{{name}:{{share:1,{key[1]}:{key[2]}}}}}'" if key else error.fix
    return DenoiserError(what, fix, error.code)
