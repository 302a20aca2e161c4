import math
import subprocess
import sys
import types

import pytest
import torch
from torch import nn

from denoiser.inference import tiling
from denoiser.inference.function import TileFunction
from denoiser.machine import memory

CPU = torch.device("cpu")
MEGABYTE = 2**20


def test_the_peak_is_of_what_lives_together():
    def function():
        a = torch.zeros(MEGABYTE, dtype=torch.uint8)
        b = a + 1
        del a
        view = b.view(2, -1)[0]
        c = view + 1
        return b[:5], c

    (_, c), most = memory.peak(function)
    assert most == 2 * MEGABYTE
    assert len(c) == MEGABYTE // 2


def test_the_peak_of_a_network_is_input_and_two_layers_and_does_not_grow_with_its_depth():
    def needed(depth):
        network = nn.Sequential(*(nn.Conv2d(8, 8, 3, padding=1) for _ in range(depth)))
        with torch.inference_mode():
            return memory.peak(lambda: network(torch.zeros(1, 8, 64, 64)))[1]

    assert needed(3) == needed(9) == 3 * 8 * 64 * 64 * 4


def test_several_results_and_views_of_one_storage_are_counted_once():
    def function():
        halves = torch.zeros(2 * MEGABYTE, dtype=torch.uint8).chunk(2)
        values, order = torch.zeros(MEGABYTE).sort()
        return halves, values, order, torch.empty(0)

    assert memory.peak(function)[1] == (2 + 4 + 4 + 8) * MEGABYTE


def test_memory_that_torch_cannot_count_is_the_usual_one(monkeypatch):
    monkeypatch.setitem(sys.modules, "denoiser.machine.storages", None)
    assert memory.peak(lambda: 7) == (7, None)
    monkeypatch.setattr(memory, "free", lambda device: 10**9)
    side = tiling.fit(TileFunction(lambda noisy: noisy / 2), 1, CPU).tile
    assert side == math.isqrt(int(tiling.FREE_SHARE * 10**9 / (tiling.USUAL_BYTES * tiling.HIDDEN_CPU)))


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_free_memory_of_other_systems_is_that_of_psutil(platform, monkeypatch):
    known = types.SimpleNamespace(virtual_memory=lambda: types.SimpleNamespace(available=12345, free=1))
    monkeypatch.setitem(sys.modules, "psutil", known)
    monkeypatch.setattr(sys, "platform", platform)
    assert memory.free(CPU) == 12345


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("x"), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("not enough memory: you tried to allocate 9 bytes"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("MPS backend out of memory"), True),
        (RuntimeError("Sizes of tensors must match"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_errors_that_say_so(error, expected):
    assert memory.is_exhausted(error) is expected


def test_a_real_allocation_that_fails_is_recognised():
    with pytest.raises(RuntimeError) as raised:
        torch.empty(2**60, dtype=torch.uint8)
    assert memory.is_exhausted(raised.value)


def group(folder, limit, usage, cache, names):
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in zip(names, (limit, usage, f"anon 7\n{names[2]} {cache}\n"), strict=True):
        (folder / (name if name.startswith("memory.") else "memory.stat")).write_text(f"{value}\n")


@pytest.mark.parametrize(
    ("listed", "at", "names"), [("0::/a/b", "a/b", memory.V2), ("4:cpu,memory:/a/b", "memory/a/b", memory.V1)]
)
def test_control_groups_and_those_above_them_bound(tmp_path, listed, at, names):
    root, proc = tmp_path / "group", tmp_path / "proc"
    (proc / "self").mkdir(parents=True)
    assert memory._free_of_groups(root, proc) == sys.maxsize
    (proc / "self" / "cgroup").write_text(f"{listed}\n")
    assert memory._free_of_groups(root, proc) == sys.maxsize
    group(root / at, "max", 500, 0, names)
    assert memory._free_of_groups(root, proc) == sys.maxsize
    group(root / at, 1000, 500, 30, names)
    assert memory._free_of_groups(root, proc) == 530
    group((root / at).parent, 600, 590, 5, names)
    assert memory._free_of_groups(root, proc) == 15
    group((root / at).parent, 600, 700, 5, names)
    assert memory._free_of_groups(root, proc) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_free_memory_of_this_machine_is_plausible():
    assert 2**20 < memory.free(CPU) < 2**46


def test_large_blocks_are_kept_where_the_c_library_can():
    code = (
        "import platform, resource, torch; from denoiser.machine import memory\n"
        "kept = memory.keep_blocks(); assert kept == (platform.libc_ver()[0] == 'glibc')\n"
        "for _ in range(20): torch.ones(10**7)\n"  # glibc before 2.38 seldom fits an aligned block where one was
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "for _ in range(5): torch.ones(10**7)\n"
        "assert not kept or resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 5000"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
