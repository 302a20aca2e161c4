"""Several sources of pictures in one training, each with its share of the crops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any

from torch import Tensor

from denoiser.data.base import CROPS, PairsDataModule
from denoiser.data.from_config import mix_source
from denoiser.data.pairs import Pictures
from denoiser.data.sampling import EpochSampler, ShareSampler
from denoiser.data.store.catalogue import Card, dataset_class
from denoiser.errors import DenoiserError, nearest, number, require
from denoiser.search_path import options as choices

EXAMPLE = "[DIR,synthetic]"


class Joined(Sequence[Tensor]):
    """The pictures of several sequences, one after another; those that are not in memory stay where they are."""

    def __init__(self, parts: Sequence[Tensor | Sequence[Tensor]]) -> None:
        self.places = [(part, i) for part in parts for i in range(len(part))]

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.places)

    def __getitem__(self, index: int) -> Tensor:  # type: ignore[override]
        """The picture at `index`, `(C, H, W)`."""
        part, i = self.places[index]
        return part[i]


class Mix(PairsDataModule):
    """Trains on several sources, validates on the validation pictures of all of them, tests on `data.test`.

    An epoch has as many crops as the sources have training pictures, times `crops_per_image`. Each crop is of a source
    that is drawn with the probability `shares`; within a source, all pictures have equally many crops.

    Args:
        sources: names of datasets, or paths of folders; each is split as by itself.
        shares: a number for each source, of any sum; None for shares in proportion to the numbers of pictures.
        images: number of pictures that a source of drawn pictures has.
        split_seed: seed of the splits, and of drawn pictures.
        cache_gb: memory limit in GB for the decoded pictures; each source that reads files has an equal part of it.
        **options: see `PairsDataModule`; `test` is required.

    Raises:
        DenoiserError: a source does not exist or cannot be trained on or be mixed; or the shares are not possible.
    """

    card = Card("several sources (data.sources)", "that of each source", availability="yours")

    def __init__(
        self,
        sources: Sequence[str] | None,
        shares: Sequence[float] | None = None,
        images: int = 256,
        split_seed: int = 0,
        cache_gb: float = 4,
        **options: Any,
    ) -> None:
        super().__init__(**{**CROPS, **options})
        names = _checked_sources(sources)
        self.shares, self.split_seed = _checked_shares(shares, len(names)), split_seed
        limit = cache_gb / len(names)
        passed = {"channels": self.channels, "images": images, "split_seed": split_seed, "cache_gb": limit}
        self.sources = {
            label: mix_source(name, self.protocol, passed) for label, name in zip(_labels(names), names, strict=True)
        }

    def prepare_data(self) -> None:
        """Download the sources that are missing."""
        super().prepare_data()
        for source in self.sources.values():
            source.prepare_data()

    def pictures(self, split: str) -> Pictures:
        """The pictures of `train` or `val` of all sources; keys begin with the name of the source.

        Raises:
            DenoiserError: `split` is `test`: `data.test` has to name another dataset.
        """
        if split == "test":
            raise DenoiserError("a mix is not a test set (data.test)", "data.test=photos")
        parts = {label: source.split(split) for label, source in self.sources.items()}
        keys = [f"{label}/{key}" for label, part in parts.items() for key in part.keys]
        images = Joined([part.images for part in parts.values()])
        held = all(isinstance(part.images, Tensor | list) for part in parts.values())
        return Pictures(keys, list(images) if held else images, [s for part in parts.values() for s in part.shapes])

    def sampler(self, length: int, rank: int, world_size: int) -> EpochSampler:
        """The order of an epoch, with the shares of the sources."""
        counts = [len(source.split("train")) for source in self.sources.values()]
        return ShareSampler(length, self.protocol.seed, rank, world_size, counts, self.shares or counts)


def _checked_sources(sources: Any) -> list[str]:
    """The sources as strings.

    Raises:
        DenoiserError: there are none, one cannot be mixed, or two are the same.
    """
    if sources is None or sources == []:
        raise DenoiserError("data=mix requires datasets or folders (data.sources)", f"'data.sources={EXAMPLE}'")
    require(isinstance(sources, list | tuple), "data.sources", sources, "not a list", f"[{sources}]")
    names = [str(name) for name in sources]
    for name in names:
        _check_source(name)
    places = Counter(name if name in choices("data") else str(Path(name).expanduser().resolve()) for name in names)
    if twice := [place for place, times in places.items() if times > 1]:
        raise DenoiserError(f"a source is named twice: {twice[0]} (data.sources)", "name it once, with a larger share")
    return names


def _check_source(name: str) -> None:
    if name in choices("data"):
        if refusal := _refusal(name):
            raise DenoiserError(f"{refusal[0]} (data.sources)", refusal[1])
    elif not name or not Path(name).expanduser().is_dir():
        known = [choice for choice in choices("data") if choice != "folder" and _can_be_source(choice)]
        near = nearest(name, known)
        fix = f"did you mean {near}?" if near else f"a folder that exists, or one of {', '.join(known)}"
        raise DenoiserError(f"no dataset and no folder '{name}' (data.sources)", fix)


def _can_be_source(name: str) -> bool:
    try:
        return _refusal(name) is None
    except DenoiserError:  # it is of a package that is not trusted
        return False


def _refusal(name: str) -> tuple[str, str] | None:
    """Why a dataset cannot be a source, and what helps; None if it can."""
    dataset = dataset_class(name)
    if dataset is Mix:
        return "a mix cannot be a source of another", "name its sources themselves"
    if dataset.real_pairs:
        return f"{name} has real noise, and the other sources have noise that is added", "train with data=pairs alone"
    if dataset.test_only:
        return f"{name} is for testing only", f"data.test={name}, without it among the sources"
    if name == "folder":
        return "a folder is a source by its path", f"'data.sources={EXAMPLE}'"
    return None


def _checked_shares(shares: Any, sources: int) -> list[float] | None:
    """The shares as numbers; None stays None.

    Raises:
        DenoiserError: they are not one number of at least 0 for each source, or their sum is 0.
    """
    if shares is None:
        return None
    example = f"[{','.join(['1'] * sources)}]"
    text = str(shares).replace(" ", "")
    whole = isinstance(shares, list | tuple) and len(shares) == sources
    require(whole, "data.shares", text, f"not a list of {sources}, one number for each of data.sources", example)
    require(all(number(x) and x >= 0 for x in shares), "data.shares", text, "not a list of numbers from 0 up", example)
    require(max(shares) > 0, "data.shares", text, "0 in the sum", example)
    return [x / max(shares) for x in shares]  # so that no sum overflows


def _labels(names: Sequence[str]) -> list[str]:
    """A short unique label of each source: a dataset's name, or a folder's name, with a number if two are the same."""
    labels: list[str] = []
    for name in names:
        short = name if name in choices("data") else Path(name).expanduser().resolve().name
        numbered = (f"{short}-{number}" for number in count(2))
        labels.append(next(label for label in chain([short], numbered) if label not in labels))
    return labels
