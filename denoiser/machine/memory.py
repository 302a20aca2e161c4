"""How much memory is free, how much a function needs, and which errors say that there is not enough."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

Result = TypeVar("Result")
EXHAUSTED = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "not enough memory",
    "defaultcpuallocator",
    "alloc_failed",
    "could not create a memory object",
)
"""Of messages: torch's own on CPUs and accelerators, cuDNN's and cuBLAS's ALLOC_FAILED, oneDNN's; in lower case."""
KEPT = {-1: 2 * 10**9, -3: 2 * 10**8}
"""Bytes by option of glibc's malloc.h: up to M_TRIM_THRESHOLD of free memory is kept, and blocks up to
M_MMAP_THRESHOLD, which features of tiles are and large pictures are not."""
V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
V2 = ("memory.max", "memory.current", "inactive_file")


def is_exhausted(error: BaseException) -> bool:
    """Whether an error says that memory, of any device, did not suffice."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in EXHAUSTED)


def release(device: torch.device) -> None:
    """Give back what a failed attempt holds, so that the next finds it."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def keep_blocks() -> bool:
    """Let the C library keep large freed blocks for the next tensors of this process; whether it can.

    glibc gives blocks above 32 MB back at once, and the kernel hands them out again page by page, zeroed: 646,000 page
    faults for a square of 2000 pixels by the network that ships, 4.5 s, and none and 2.7 s when they are kept; a
    training step of 16 patches of 96 pixels took 0.34 s instead of 0.37 (one thread, AMD EPYC, bfloat16). The process
    grows for it: glibc before 2.38 seldom fits an aligned block into the place of an equal one.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # other C libraries than glibc
        return False
    return all([mallopt(option, most) == 1 for option, most in KEPT.items()])


def peak(function: Callable[[], Result]) -> tuple[Result, int]:
    """A function's result, and the most bytes that tensors made in it held at a time.

    Buffers within an operation, such as oneDNN's reordered copies, are not seen: measured resident memory of
    convolutional networks was 1.0 to 1.65 times this, in float32 and bfloat16, contiguous and channels_last.
    """
    with _Live() as live:
        result = function()
    return result, live.peak


class _Live(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's
    """Counts the bytes of storages from the operation that makes them to their end."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now, self.peak = 0, 0
        self.known: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                self._count(tensor.untyped_storage())
        self.peak = max(self.peak, self.now)
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        if storage._cdata not in self.known:
            self.known.add(storage._cdata)
            self.now += storage.nbytes()
            weakref.finalize(storage, self._ended, storage._cdata, storage.nbytes())

    def _ended(self, name: int, size: int) -> None:
        self.known.discard(name)
        self.now -= size


def free(device: torch.device) -> int:
    """Bytes that may still be taken there; `sys.maxsize` where nothing tells."""
    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + kept
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()
    return min(_available(Path("/proc")), _within_group(Path("/sys/fs/cgroup"), Path("/proc")), _within_limit())


def _available(proc: Path) -> int:
    """Of the machine: free, or held by caches that give way."""
    return _entries(proc / "meminfo").get("MemAvailable:", sys.maxsize // 1024) * 1024


def _within_group(root: Path, proc: Path) -> int:
    """Of the process's control groups (v1 and v2) and all above them, as containers and batch systems set them."""
    bounds = [left for folder, names in _groups(root, proc) for left in _left(folder, names)]
    return max(0, min(bounds, default=sys.maxsize))


def _groups(root: Path, proc: Path) -> Iterator[tuple[Path, tuple[str, str, str]]]:
    try:
        lines = (proc / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return
    for number, controllers, path in (line.split(":", 2) for line in lines):
        inside = Path(path.strip("/"))
        for folder in (inside, *inside.parents):
            if number == "0":
                yield root / folder, V2
            elif "memory" in controllers.split(","):
                yield root / "memory" / folder, V1


def _left(folder: Path, names: tuple[str, str, str]) -> Iterator[int]:
    limit, usage, cache = names
    # No such group here, no limit ("max"), or not ours to read: then it does not bound.
    with contextlib.suppress(OSError, ValueError):
        left = int((folder / limit).read_text()) - int((folder / usage).read_text())
        yield left + _entries(folder / "memory.stat").get(cache, 0)


def _within_limit() -> int:
    """Of the address space, where `ulimit -v` bounds it."""
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        return sys.maxsize if limit == resource.RLIM_INFINITY else max(0, limit - pages * resource.getpagesize())
    except (ImportError, OSError):
        return sys.maxsize


def _entries(path: Path) -> dict[str, int]:
    """The lines `name number` of a file of the kernel's; none where it is not there."""
    try:
        fields = (line.split() for line in path.read_text().splitlines())
    except OSError:
        return {}
    return {field[0]: int(field[1]) for field in fields if len(field) > 1 and field[1].isdigit()}
