"""Tilings that are fitted once for the weights of a model, and anew when these change."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from torch import Tensor

from denoiser.inference.tile_layout import Tiling


class FittedTilings:
    """The tilings of one model, by what they depend on besides its weights: channels, device and settings."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[Any, Tiling]] = {}

    def __len__(self) -> int:
        """How many are kept; those of earlier weights are not."""
        return len(self._kept)

    def get(self, weights: Iterable[Tensor], key: Hashable, fit: Callable[[], Tiling]) -> Tiling:
        """The tiling for the present weights.

        Args:
            weights: the tensors of the model.
            key: what the tiling depends on besides.
            fit: returns the tiling, where none is kept.
        """
        versions = tuple(map(_version, weights))
        fitted_for, tiling = self._kept.get(key, (None, None))
        if tiling is None or fitted_for != versions:
            tiling = fit()
            self._kept[key] = versions, tiling
        return tiling

    def replace(self, old: Tiling, new: Tiling) -> None:
        """Keep another tiling instead of one that `get` has returned."""
        self._kept.update({key: (kept[0], new) for key, kept in self._kept.items() if kept[1] is old})


def _version(weight: Tensor) -> tuple[int, int, int]:
    """What changes when a weight is replaced, moved or changed in place; values are not read.

    A change through `weight.data` leaves no trace, nor does one of a tensor made in inference mode.
    """
    return id(weight), weight.data_ptr(), 0 if weight.is_inference() else getattr(weight, "_version", 0)
