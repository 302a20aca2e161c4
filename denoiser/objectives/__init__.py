"""Objectives, what a network is trained to do, a file for each: `denoiser.objectives.Supervised`, ...

The classes that `conf/objective/` names are attributes of this package; their modules are imported on first use.
"""

from typing import Any

BASES = {"Objective": "denoiser.objectives.base"}
"""The module of each name that no configuration holds."""


def __getattr__(name: str) -> Any:
    from denoiser.config import public

    return public(__name__, "objective", name, BASES)


def __dir__() -> list[str]:
    from denoiser.config import targets

    return sorted({*globals(), *targets("objective"), *BASES})
