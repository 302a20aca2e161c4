"""A count of the memory of new tensors, by a class that torch has for its own tools."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode


class StorageCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]  # of torch
    """Counts the bytes of storages from the operation that creates them to their deletion.

    Attributes:
        current: bytes that are held now.
        peak: the most bytes that were held at any time.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.current, self.peak = 0, 0
        self._alive: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Run an operation and count its results."""
        result = func(*args, **(kwargs or {}))
        for tensor in _tensors(result):
            self._count(tensor.untyped_storage())
        self.peak = max(self.peak, self.current)
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        address, size = storage.data_ptr(), storage.nbytes()
        if size and address not in self._alive:
            self._alive.add(address)
            self.current += size
            weakref.finalize(storage, self._forget, address, size)

    def _forget(self, address: int, size: int) -> None:
        self._alive.discard(address)
        self.current -= size


def _tensors(result: Any) -> Iterator[Tensor]:
    """The tensors among the results of an operation, which may be in lists and tuples."""
    if isinstance(result, Tensor):
        yield result
    elif isinstance(result, list | tuple):
        for each in result:
            yield from _tensors(each)
