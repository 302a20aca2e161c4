"""Pictures from files: in memory as far as they fit, decoded on use beyond."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from denoiser.data.images import eight_bit
from denoiser.data.pairs import Pictures


class DecodedOnUse(Sequence[Tensor]):
    """Pictures that do not fit in memory: each is decoded whenever it is asked for.

    Args:
        files: what each picture is decoded from: one file, or several of one size whose channels are stacked.
        channels: 3 or 1, of each file.
    """

    def __init__(self, files: Sequence[Sequence[Path]], channels: int) -> None:
        self.files, self.channels = files, channels

    def __len__(self) -> int:
        """How many there are."""
        return len(self.files)

    def __getitem__(self, index: int) -> Tensor:  # type: ignore[override]
        """The picture at `index`, uint8 `(C, H, W)`."""
        return torch.cat([eight_bit.read(path, self.channels) for path in self.files[index]])


def read_files(files: Sequence[Sequence[Path]], root: Path, channels: int, cache_gb: float = 4) -> Pictures:
    """Pictures from files, in memory up to `cache_gb` GB (1e9 bytes) and decoded on use beyond.

    Args:
        files: what each picture is decoded from: one file, or several of one size whose channels are stacked.
        root: keys are the paths of the last files relative to it, without suffix.
        channels: 3 or 1, of each file.
        cache_gb: how much memory the decoded pictures may take.

    Raises:
        DenoiserError: a file cannot be read; names it.
    """
    keys = [paths[-1].relative_to(root).with_suffix("").as_posix() for paths in files]
    sizes = [(len(paths) * channels, *eight_bit.size(paths[0])) for paths in files]
    lazy = DecodedOnUse(files, channels)
    fits = sum(math.prod(size) for size in sizes) <= cache_gb * 1e9
    return Pictures(keys, list(lazy) if fits else lazy, sizes)
