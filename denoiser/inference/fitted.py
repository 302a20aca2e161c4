"""Tilings that are fitted once for the weights of a model, and anew when these change."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any, Protocol

from torch import Tensor, nn

from denoiser.inference.tile_layout import Tiling


class Weights(Protocol):
    """A module with weights."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """Its weights."""

    def buffers(self) -> Iterator[Tensor]:
        """Its other tensors."""


class FittedTilings:
    """The tilings of one model, by what they depend on besides its weights: channels, device and strengths."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[Any, Tiling]] = {}

    def __len__(self) -> int:
        """How many are kept; those of earlier weights are not."""
        return len(self._kept)

    def get(self, model: Weights, key: Hashable, fit: Callable[[], Tiling]) -> Tiling:
        """The tiling for the present weights.

        Args:
            model: whose weights are compared.
            key: what the tiling depends on besides.
            fit: returns the tiling, where none is kept.
        """
        weights = tuple(map(_version, (*model.parameters(), *model.buffers())))
        fitted_for, tiling = self._kept.get(key, (None, None))
        if tiling is None or fitted_for != weights:
            tiling = fit()
            self._kept[key] = weights, tiling
        return tiling


def _version(weight: Tensor) -> tuple[int, int, int]:
    """What changes when a weight is replaced, moved or changed in place; values are not read.

    A change through `weight.data` leaves no trace, nor does one of a tensor made in inference mode.
    """
    return id(weight), weight.data_ptr(), 0 if weight.is_inference() else getattr(weight, "_version", 0)
