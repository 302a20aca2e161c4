"""Real pairs of the user: noisy pictures and their clean counterparts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from denoiser.data import own_depth
from denoiser.data.base import CROPS, PairsDataModule
from denoiser.data.decoding import check_cache, read_files
from denoiser.data.matching import Matched, check_locations, match
from denoiser.data.own_depth import Stored
from denoiser.data.pairs import Pictures
from denoiser.data.protocol import check_no_noise
from denoiser.data.splits import split_indices
from denoiser.data.store.catalogue import Card
from denoiser.errors import DenoiserError, check_whole


class RealPairs(PairsDataModule):
    """Noisy pictures and their clean counterparts, of two folders, one folder with patterns, or a table.

    The split is that of `Folder`, by the clean pictures; an evaluation uses all pairs.

    Args:
        noisy: the folder of noisy pictures, which have the paths of the clean ones, without suffix; or a pattern such
            as `*_real.png`, in which what `*` stands for is the name of the pair and `**/` is any subfolder.
        clean: the same for the clean pictures.
        path: the folder of both; None where `noisy` and `clean` are whole paths.
        csv: instead of these a CSV file with the columns noisy and clean: paths, relative to its folder. One clean
            picture may have several noisy ones.
        split_seed: seed of the split, separate from `seed`, so that seed sweeps keep the split.
        cache_gb: memory limit in GB for the decoded pictures; larger sets are decoded into temporary files.
        **options: see `PairsDataModule`.

    Raises:
        DenoiserError: pictures are not given, or twice; or noise would be added to real noise.
    """

    real_pairs = True
    evaluation_split = "all"
    card = Card("real pairs (data.noisy, data.clean, data.csv)", "yours", availability="yours")

    def __init__(
        self,
        noisy: str | os.PathLike[str] | None = None,
        clean: str | os.PathLike[str] | None = None,
        path: str | os.PathLike[str] | None = None,
        csv: str | os.PathLike[str] | None = None,
        split_seed: int = 0,
        cache_gb: float = 4,
        **options: Any,
    ) -> None:
        super().__init__(**{**CROPS, **options})
        self.locations = noisy, clean, path, csv
        check_locations(*self.locations)
        check_no_noise("pairs", self.protocol)
        self.split_seed, self.cache_gb = check_whole("data.split_seed", split_seed, 0), check_cache(cache_gb)

    @property
    def folder_name(self) -> str:  # type: ignore[override]
        """The name of the folder of clean pictures, or of the table."""
        return self.matched.name

    @cached_property
    def matched(self) -> Matched:
        """The files of the pairs, found once.

        Raises:
            DenoiserError: see `matching.match`.
        """
        return match(*self.locations)

    @cached_property
    def _stored(self) -> dict[Path, Stored]:
        """What the headers of all pictures say."""
        stored = own_depth.stored([file for side in zip(*self.matched.files, strict=True) for file in side])
        for noisy, clean in self.matched.files:
            _check_size(noisy, clean, stored)
        return stored

    def pictures(self, split: str) -> Pictures:
        """The pairs of `train`, `val`, `test` or `all`, each `(2C, H, W)`: noisy, then clean.

        Raises:
            DenoiserError: a picture is missing, has no counterpart, or one of another size.
        """
        matched, stored = self.matched, self._stored
        scenes = list(dict.fromkeys(matched.scenes))
        chosen = {scenes[i] for i in split_indices(scenes, split, self.split_seed, matched.where)}
        indices = [i for i, scene in enumerate(matched.scenes) if scene in chosen]
        files, keys = [matched.files[i] for i in indices], [matched.keys[i] for i in indices]
        cache_gb = self.cache_gb * len(files) / len(matched.files)  # all splits together need at most cache_gb
        return read_files(files, keys, self.channels, cache_gb, stored)


def _check_size(noisy: Path, clean: Path, files: Mapping[Path, Stored]) -> None:
    (height, width), expected = files[noisy][:2], files[clean][:2]
    if (height, width) != expected:
        raise DenoiserError(
            f"{height}x{width} is not the {expected[0]}x{expected[1]} of its clean picture ({noisy})",
            f"use the same size for {noisy.name} and {clean.name}",
        )
