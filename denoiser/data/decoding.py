"""Reading pictures from files, into memory if they fit, else into temporary files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from denoiser.data import own_depth
from denoiser.data.depth import held_as
from denoiser.data.own_depth import Stored
from denoiser.data.pairs import Pictures
from denoiser.data.scratch import decoded_once
from denoiser.errors import number, require


class DecodedOnUse(Sequence[Tensor]):
    """Pictures that are decoded on every access.

    Args:
        files: the file of each picture, or several files of one size whose channels are stacked.
        channels: channels of each file, 3 or 1.
        stored: of each file, see `own_depth.stored`.
    """

    def __init__(self, files: Sequence[Sequence[Path]], channels: int, stored: Sequence[Sequence[Stored]]) -> None:
        self.files, self.channels, self.stored = files, channels, stored

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.files)

    def __getitem__(self, index: int) -> Tensor:  # type: ignore[override]
        """The picture at `index`, `(C, H, W)` at its own depth."""
        return own_depth.read(self.files[index], self.channels, self.stored[index])


def read_files(
    files: Sequence[Sequence[Path]],
    root: Path | Sequence[str],
    channels: int,
    cache_gb: float = 4,
    stored: Mapping[Path, Stored] | None = None,
) -> Pictures:
    """Pictures from files at their own depth, in memory if they need at most `cache_gb` GB (1e9 bytes).

    Larger sets are decoded into temporary files, see `DecodedOnce`.

    Args:
        files: what each picture is decoded from: one file, or several of one size whose channels are stacked.
        root: the folder of the files; keys are paths relative to it without suffix, of the last file of a picture. Or
            the keys themselves.
        channels: channels of each file, 3 or 1.
        cache_gb: memory limit for the decoded pictures.
        stored: of each file, where they are some of a dataset, see `own_depth.stored`.

    Raises:
        DenoiserError: a file cannot be read.
    """
    keys = (
        [paths[-1].relative_to(root).with_suffix("").as_posix() for paths in files] if isinstance(root, Path) else root
    )
    known = own_depth.stored([path for paths in files for path in paths]) if stored is None else stored
    headers = [[known[path] for path in paths] for paths in files]
    sizes = [(len(several) * channels, several[0].height, several[0].width) for several in headers]
    lazy, dtypes = DecodedOnUse(files, channels, headers), [held_as([one.bits for one in each]) for each in headers]
    needed = sum(math.prod(size) * dtype.itemsize for size, dtype in zip(sizes, dtypes, strict=True))
    return Pictures(keys, list(lazy) if needed <= cache_gb * 1e9 else decoded_once(lazy, sizes, dtypes), sizes)


def check_cache(cache_gb: object) -> float:
    """The memory limit of decoded pictures in GB.

    Raises:
        DenoiserError: it is no number, or negative.
    """
    require(number(cache_gb) and float(cache_gb) >= 0, "data.cache_gb", cache_gb, "not a number of GB", "4")  # type: ignore[arg-type]
    return float(cache_gb)  # type: ignore[arg-type]
