"""Anyone's folder of clean pictures, of any mix of sizes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from denoiser.data.base import PairsDataModule, Protocol
from denoiser.data.decoding import read_files
from denoiser.data.images import eight_bit
from denoiser.data.pairs import Pictures
from denoiser.data.splits import split_indices
from denoiser.data.store.catalogue import Card
from denoiser.errors import DenoiserError


class Folder(PairsDataModule):
    """The pictures below a folder, 80 / 10 / 10 by a hash of their paths; an evaluation takes them all.

    Args:
        protocol: how pictures become pairs.
        path: the folder, searched with its subfolders.
        split_seed: of the split, apart from `seed`, so that seed sweeps keep the split.
        cache_gb: how much memory the decoded pictures may take; beyond it they are decoded on use.
        **options: see `PairsDataModule`.

    Raises:
        DenoiserError: no path is given.
    """

    evaluation_split = "all"
    card = Card("pictures of a folder (data.path)", "yours", availability="yours")

    def __init__(
        self, protocol: Protocol, path: str | None, split_seed: int = 0, cache_gb: float = 4, **options: Any
    ) -> None:
        super().__init__(protocol, **options)
        if path is None:
            raise DenoiserError("data=folder needs a folder (data.path)", "data.path=DIR")
        self.path, self.split_seed, self.cache_gb = Path(path).expanduser(), split_seed, cache_gb
        self.folder_name = self.path.absolute().name

    def pictures(self, split: str) -> Pictures:
        """The pictures of `train`, `val`, `test` or `all`.

        Keys are their paths without suffix, but for those that then would have one name: a.png and a.jpg keep theirs.
        """
        paths = eight_bit.find(self.path)
        # Without suffix, so that a photo and its copy in another format stay on one side of the split.
        stems = [path.relative_to(self.path).with_suffix("").as_posix() for path in paths]
        indices = split_indices(stems, split, self.split_seed)
        found = read_files([[paths[i]] for i in indices], self.path, self.channels, self.cache_gb)
        keys = _told_apart(stems, [path.relative_to(self.path).as_posix() for path in paths])
        return replace(found, keys=[keys[i] for i in indices])


def _told_apart(stems: list[str], names: list[str]) -> list[str]:
    """A key for each picture, no two alike: its stem, or its name where another has that stem, as name or as stem."""
    counts, taken = Counter(stems), set(names)
    return [name if counts[stem] > 1 or stem in taken else stem for stem, name in zip(stems, names, strict=True)]


class RealPairs(PairsDataModule):
    """Noisy pictures and their clean twins in two folders, matched by path without suffix.

    80 / 10 / 10 like `Folder`; an evaluation takes them all.

    Args:
        protocol: how pictures become pairs; its noise is none, since these are noisy already.
        noisy: the folder of noisy pictures.
        clean: the folder of clean pictures.
        split_seed: of the split, apart from `seed`, so that seed sweeps keep the split.
        cache_gb: how much memory the decoded pictures may take; beyond it they are decoded on use.
        **options: see `PairsDataModule`.

    Raises:
        DenoiserError: a folder is not given, or noise would be added to real noise.
    """

    real_pairs = True
    evaluation_split = "all"
    card = Card("real pairs of two folders (data.noisy, data.clean)", "yours", availability="yours")

    def __init__(
        self,
        protocol: Protocol,
        noisy: str | None,
        clean: str | None,
        split_seed: int = 0,
        cache_gb: float = 4,
        **options: Any,
    ) -> None:
        super().__init__(protocol, **options)
        if noisy is None or clean is None:
            raise DenoiserError(
                "data=pairs needs two folders (data.noisy, data.clean)", "data.noisy=DIR data.clean=DIR"
            )
        if protocol.noise.name != "none":
            raise DenoiserError(f"data=pairs is noisy already (noise={protocol.noise.name})", "noise=none")
        self.noisy, self.clean = Path(noisy).expanduser(), Path(clean).expanduser()
        self.split_seed, self.cache_gb, self.folder_name = split_seed, cache_gb, self.clean.absolute().name

    def pictures(self, split: str) -> Pictures:
        """The pairs of `train`, `val`, `test` or `all`, each `(2C, H, W)`: noisy, then clean.

        Raises:
            DenoiserError: a picture has no twin, or one of another size.
        """
        noisy, clean = _by_key(self.noisy), _by_key(self.clean)
        if alone := sorted(noisy.keys() ^ clean.keys()):
            missing, there = (self.clean, noisy) if alone[0] in noisy else (self.noisy, clean)
            raise DenoiserError(
                f"{len(alone)} picture(s) without a twin, the first has none in {missing} ({there[alone[0]]})",
                "give both folders pictures of the same names, or remove those without a twin",
            )
        keys = sorted(clean)
        for key in keys:
            _check_size(noisy[key], clean[key])
        wanted = [(noisy[keys[i]], clean[keys[i]]) for i in split_indices(keys, split, self.split_seed, "data.clean")]
        return read_files(wanted, self.clean, self.channels, self.cache_gb)


def _by_key(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in eight_bit.find(folder):
        first = found.setdefault(path.relative_to(folder).with_suffix("").as_posix(), path)
        if first != path:
            raise DenoiserError(f"two pictures of one name: {first.name} and {path.name} ({folder})", f"mv {path} away")
    return found


def _check_size(noisy: Path, clean: Path) -> None:
    (height, width), expected = eight_bit.size(noisy), eight_bit.size(clean)
    if (height, width) != expected:
        raise DenoiserError(
            f"{height}x{width} is not the {expected[0]}x{expected[1]} of its clean twin ({noisy})",
            f"give {noisy.name} and {clean.name} one size",
        )
