"""Datasets of pairs of noisy and clean pictures, one file each: `denoiser.data.Folder`, `denoiser.data.BSDS500`, ...

The classes that `conf/data/` names are attributes of this package; their modules are imported on first use.
"""

from typing import Any

BASES = {"PairsDataModule": "denoiser.data.base", "Pictures": "denoiser.data.pairs", "Batch": "denoiser.data.batch"}
"""The module of each name that no configuration holds."""


def __getattr__(name: str) -> Any:
    from denoiser.config import public

    return public(__name__, "data", name, BASES)


def __dir__() -> list[str]:
    from denoiser.config import targets

    return sorted({*globals(), *targets("data"), *BASES})
