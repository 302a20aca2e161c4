"""Folders of the user: clean pictures of any sizes."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from denoiser.data import own_depth
from denoiser.data.base import CROPS, PairsDataModule
from denoiser.data.decoding import check_cache, read_files
from denoiser.data.images import search
from denoiser.data.own_depth import Stored
from denoiser.data.pairs import Pictures
from denoiser.data.splits import split_indices
from denoiser.data.store.catalogue import Card
from denoiser.errors import DenoiserError, check_whole


class Folder(PairsDataModule):
    """The pictures in a folder, split 80 / 10 / 10 by a hash of their paths.

    `denoiser evaluate` and `denoiser.score` use all of them, unless `score` gets another split; `Trainer.test` uses the
    test split.

    Args:
        path: the folder; subfolders are included.
        split_seed: seed of the split, separate from `seed`, so that seed sweeps keep the split.
        cache_gb: memory limit in GB for the decoded pictures; larger sets are decoded into temporary files.
        **options: see `PairsDataModule`.

    Raises:
        DenoiserError: `path` is None, or the seed or limit is no such number.
    """

    evaluation_split = "all"
    card = Card("pictures of a folder (data.path)", "yours", availability="yours")

    def __init__(
        self, path: str | os.PathLike[str] | None, split_seed: int = 0, cache_gb: float = 4, **options: Any
    ) -> None:
        super().__init__(**{**CROPS, **options})
        if path is None:
            raise DenoiserError("data=folder requires a folder (data.path)", "data.path=DIR")
        self.path, self.cache_gb = Path(path).expanduser(), check_cache(cache_gb)
        self.split_seed = check_whole("data.split_seed", split_seed, 0)
        self.folder_name = self.path.absolute().name

    @cached_property
    def _files(self) -> dict[Path, Stored]:
        """All pictures, found once; warns of what is left out."""
        (paths,) = search.find_all(self.path)
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
