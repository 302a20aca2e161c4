"""Noise models, one file for each family: `denoiser.noise.Gaussian`, `denoiser.noise.Camera`, ...

The classes that `conf/noise/` names are attributes of this package; their modules are imported on first use.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    from denoiser.config import public

    return public(__name__, "noise", name)


def __dir__() -> list[str]:
    from denoiser.config import targets

    return sorted({*globals(), *targets("noise")})
