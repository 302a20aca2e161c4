"""Free memory, the memory that a function needs, and the errors that mean that it is exhausted."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import torch

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
"""Parts of the messages of torch, cuDNN, cuBLAS and oneDNN, in lower case."""
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Option numbers in glibc's malloc.h."""
MALLOC_OPTIONS = {M_TRIM_THRESHOLD: 2 * 10**9, M_MMAP_THRESHOLD: 3 * 10**8}
"""Bytes for each option: how much free memory the process keeps, and the largest block that is kept. The features of
a tile are below that size, large pictures above."""


class Group(NamedTuple):
    """The names in a control group's folder: files of the limit and the usage, and the key of reclaimable caches."""

    limit: str
    usage: str
    cache: str


V1 = Group("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
V2 = Group("memory.max", "memory.current", "inactive_file")


def is_exhausted(error: BaseException) -> bool:
    """Whether an error means that memory is exhausted, on any device."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error).lower() for text in EXHAUSTED)


def release(device: torch.device) -> None:
    """Free what a failed attempt still holds, before the next attempt."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def keep_blocks() -> bool:
    """Let glibc keep large freed blocks for the next tensors of this process. Returns whether it does.

    By default glibc returns blocks above 32 MB to the kernel at once, which then provides them page by page, zeroed.
    For 2000x2000 pixels and the shipped network this causes 646,000 page faults and takes 4.5 s; with kept blocks there
    are none and it takes 2.7 s. A training step of 16 patches of 96 pixels takes 0.34 s instead of 0.37 s (one thread,
    AMD EPYC, bfloat16). The process becomes larger: glibc before 2.38 seldom reuses an aligned block for an equal one.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # another C library than glibc
        return False
    return all([mallopt(option, size) == 1 for option, size in MALLOC_OPTIONS.items()])


def peak(function: Callable[[], Result]) -> tuple[Result, int | None]:
    """The result of a function, and the most bytes that its new tensors held at any time; None where torch cannot say.

    Buffers within an operation, such as oneDNN's reordered copies, are not counted. The measured resident memory of
    convolutional networks is 1.0 to 1.65 times this, in float32 and bfloat16, contiguous and channels_last.
    """
    try:
        from denoiser.machine.storages import StorageCounter
    except ImportError:  # a torch whose private class has another name
        return function(), None
    with StorageCounter() as counter:
        result = function()
    return result, counter.peak


def free(device: torch.device) -> int:
    """Bytes that this process can still allocate on a device; `sys.maxsize` if that is unknown."""
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + cached
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()
    return min(
        _free_of_machine(Path("/proc")), _free_of_groups(Path("/sys/fs/cgroup"), Path("/proc")), _free_addresses()
    )


def _free_of_machine(proc: Path) -> int:
    """Free bytes of the machine, with caches that the system can drop."""
    if sys.platform != "linux":
        import psutil

        return int(psutil.virtual_memory().available)
    return _entries(proc / "meminfo").get("MemAvailable:", sys.maxsize // 1024) * 1024


def _free_of_groups(root: Path, proc: Path) -> int:
    """Free bytes within the limits of control groups (v1 and v2), which containers and batch systems set."""
    limits = [free for folder, names in _groups(root, proc) for free in _free_of_group(folder, names)]
    return max(0, min(limits, default=sys.maxsize))


def _groups(root: Path, proc: Path) -> Iterator[tuple[Path, Group]]:
    """The control groups of this process and all above them."""
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


def _free_of_group(folder: Path, names: Group) -> Iterator[int]:
    # The group does not exist here, has no limit ("max"), or cannot be read: then it sets no limit.
    with contextlib.suppress(OSError, ValueError):
        unused = int((folder / names.limit).read_text()) - int((folder / names.usage).read_text())
        yield unused + _entries(folder / "memory.stat").get(names.cache, 0)


def _free_addresses() -> int:
    """Free bytes of the address space, if `ulimit -v` limits it."""
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        return sys.maxsize if limit == resource.RLIM_INFINITY else max(0, limit - pages * resource.getpagesize())
    except (ImportError, OSError):
        return sys.maxsize


def _entries(path: Path) -> dict[str, int]:
    """The lines `name number` of a file of the kernel; empty if the file does not exist."""
    try:
        fields = (line.split() for line in path.read_text().splitlines())
    except OSError:
        return {}
    return {field[0]: int(field[1]) for field in fields if len(field) > 1 and field[1].isdigit()}
