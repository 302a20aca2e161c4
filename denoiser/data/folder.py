"""Folders of the user: clean pictures of any sizes, or real pairs."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from denoiser.data import own_depth
from denoiser.data.base import CROPS, PairsDataModule, check_no_noise
from denoiser.data.decoding import read_files
from denoiser.data.images import search
from denoiser.data.images.skipped import Skipped
from denoiser.data.own_depth import Stored
from denoiser.data.pairs import Pictures
from denoiser.data.splits import split_indices
from denoiser.data.store.catalogue import Card
from denoiser.errors import DenoiserError


class Folder(PairsDataModule):
    """The pictures in a folder, split 80 / 10 / 10 by a hash of their paths; an evaluation uses all of them.

    Args:
        path: the folder; subfolders are included.
        split_seed: seed of the split, separate from `seed`, so that seed sweeps keep the split.
        cache_gb: memory limit in GB for the decoded pictures; larger sets are decoded into temporary files.
        **options: see `PairsDataModule`.

    Raises:
        DenoiserError: `path` is None.
    """

    evaluation_split = "all"
    card = Card("pictures of a folder (data.path)", "yours", availability="yours")

    def __init__(
        self, path: str | os.PathLike[str] | None, split_seed: int = 0, cache_gb: float = 4, **options: Any
    ) -> None:
        super().__init__(**{**CROPS, **options})
        if path is None:
            raise DenoiserError("data=folder requires a folder (data.path)", "data.path=DIR")
        self.path, self.split_seed, self.cache_gb = Path(path).expanduser(), split_seed, cache_gb
        self.folder_name = self.path.absolute().name

    @cached_property
    def _files(self) -> dict[Path, Stored]:
        """All pictures, found once; warns of what is left out."""
        (paths,) = _found(self.path)
        return own_depth.stored(paths)

    def pictures(self, split: str) -> Pictures:
        """The pictures of `train`, `val`, `test` or `all`.

        Keys are paths without suffix, except where two would be equal: a.png and a.jpg keep their suffixes.
        """
        paths = list(self._files)
        # Without suffix, so that a photo and its copy in another format stay on one side of the split.
        stems = [path.relative_to(self.path).with_suffix("").as_posix() for path in paths]
        indices = split_indices(stems, split, self.split_seed)
        cache_gb = self.cache_gb * len(indices) / len(paths)  # all splits together need at most cache_gb
        pictures = read_files([[paths[i]] for i in indices], self.path, self.channels, cache_gb, self._files)
        keys = _unique_keys(stems, [path.relative_to(self.path).as_posix() for path in paths])
        return replace(pictures, keys=[keys[i] for i in indices])


def _unique_keys(stems: list[str], names: list[str]) -> list[str]:
    """A unique key for each picture: its stem, or its name where another stem or name is equal to the stem."""
    counts, taken = Counter(stems), set(names)
    return [name if counts[stem] > 1 or stem in taken else stem for stem, name in zip(stems, names, strict=True)]


class RealPairs(PairsDataModule):
    """Noisy pictures and their clean counterparts in two folders, matched by path without suffix.

    The split is that of `Folder`; an evaluation uses all pairs.

    Args:
        noisy: the folder of noisy pictures.
        clean: the folder of clean pictures.
        split_seed: seed of the split, separate from `seed`, so that seed sweeps keep the split.
        cache_gb: memory limit in GB for the decoded pictures; larger sets are decoded into temporary files.
        **options: see `PairsDataModule`.

    Raises:
        DenoiserError: a folder is None, or noise would be added to real noise.
    """

    real_pairs = True
    evaluation_split = "all"
    card = Card("real pairs of two folders (data.noisy, data.clean)", "yours", availability="yours")

    def __init__(
        self,
        noisy: str | os.PathLike[str] | None,
        clean: str | os.PathLike[str] | None,
        split_seed: int = 0,
        cache_gb: float = 4,
        **options: Any,
    ) -> None:
        super().__init__(**{**CROPS, **options})
        if noisy is None or clean is None:
            raise DenoiserError(
                "data=pairs requires two folders (data.noisy, data.clean)", "data.noisy=DIR data.clean=DIR"
            )
        check_no_noise("pairs", self.protocol)
        self.noisy, self.clean = Path(noisy).expanduser(), Path(clean).expanduser()
        self.split_seed, self.cache_gb, self.folder_name = split_seed, cache_gb, self.clean.absolute().name

    @cached_property
    def _files(self) -> tuple[dict[str, Path], dict[str, Path], dict[Path, Stored]]:
        """The noisy and the clean pictures by key, and all of them, found once; warns of what is left out."""
        noisy, clean = _found(self.noisy, self.clean)
        return _by_key(noisy, self.noisy), _by_key(clean, self.clean), own_depth.stored([*noisy, *clean])

    def pictures(self, split: str) -> Pictures:
        """The pairs of `train`, `val`, `test` or `all`, each `(2C, H, W)`: noisy, then clean.

        Raises:
            DenoiserError: a picture has no counterpart, or one of another size.
        """
        noisy, clean, files = self._files
        if unmatched := sorted(noisy.keys() ^ clean.keys()):
            first = unmatched[0]
            folder, path = (self.clean, noisy[first]) if first in noisy else (self.noisy, clean[first])
            raise DenoiserError(
                f"{len(unmatched)} picture(s) without a counterpart, the first has none in {folder} ({path})",
                "give both pictures of a pair one name, each in its folder",
            )
        keys = sorted(clean)
        for key in keys:
            _check_size(noisy[key], clean[key], files)
        pairs = [(noisy[keys[i]], clean[keys[i]]) for i in split_indices(keys, split, self.split_seed, "data.clean")]
        cache_gb = self.cache_gb * len(pairs) / len(keys)  # all splits together need at most cache_gb
        return read_files(pairs, self.clean, self.channels, cache_gb, files)


def _found(*folders: Path) -> list[list[Path]]:
    """The pictures in each folder; warns once of each kind of files that are left out."""
    skipped = Skipped()
    found = [search.find(folder, skipped) for folder in folders]
    for message in skipped.messages():
        warnings.warn(message, stacklevel=2)
    return found


def _by_key(found: Sequence[Path], folder: Path) -> dict[str, Path]:
    paths: dict[str, Path] = {}
    for path in found:
        first = paths.setdefault(path.relative_to(folder).with_suffix("").as_posix(), path)
        if first != path:
            names = f"{first.name} and {path.name}"
            raise DenoiserError(f"two pictures of one name: {names} ({folder})", "give each pair a name of its own")
    return paths


def _check_size(noisy: Path, clean: Path, files: Mapping[Path, Stored]) -> None:
    (height, width), expected = files[noisy][:2], files[clean][:2]
    if (height, width) != expected:
        raise DenoiserError(
            f"{height}x{width} is not the {expected[0]}x{expected[1]} of its clean picture ({noisy})",
            f"use the same size for {noisy.name} and {clean.name}",
        )
