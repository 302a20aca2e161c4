import subprocess
import sys
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
import torch
from helpers.lively import CPU, lively, picture, tiled
from helpers.tiny import names
from hypothesis import given, settings
from hypothesis import strategies as st

from denoiser.errors import DenoiserError
from denoiser.inference import tiling
from denoiser.inference.function import TileFunction
from denoiser.inference.padding import padded_side
from denoiser.inference.tile_layout import BAND_BYTES, CPU_BYTES, LEAST_BYTES, Tiling, blend_weights
from denoiser.machine import memory

SMALLER = {
    "bsds_deep": ["model.network.widths=[8,8,8,8]"],
    "cifar_early": ["model.network.widths=[8,8,8]"],
    "cifar_strided": ["model.network.widths=[8,8,8]"],
    "dncnn": ["model.network.nc=8"],
    "unet": ["model.network.widths=[8,8,8]"],
}


@pytest.fixture(autouse=True)
def release(monkeypatch):
    """Memory that is released is not collected: that takes longer than all tiles of a test."""
    released = mock.Mock()
    monkeypatch.setattr(memory, "release", released)
    return released


@pytest.mark.parametrize("name", names("model"))
def test_tiled_equals_whole_for_every_model(name):
    model = lively(name, *SMALLER.get(name, []))
    function = model.function()
    cut = tiling.fit(function, model.channels, CPU)
    cut = Tiling(cut.smallest, cut.overlap, cut.multiple)
    image = picture(model.channels, 2 * cut.tile - 13, cut.tile + 91)
    whole = function(image[None])[0]
    assert (whole - image).abs().mean() > 0.01  # it does something
    out, used = tiled(function, image, cut)
    assert used == cut
    assert (out - whole).abs().max() < 1e-4
    careless, _ = tiled(function, image, Tiling(64, 0, 1))
    assert (careless - whole).abs().max() > 1e-3  # seams would be seen here


def test_bfloat16_keeps_seams_below_one_grey_level_and_fits_larger_tiles(monkeypatch):
    monkeypatch.setattr(memory, "free", lambda device: 10**9)
    model = lively("unet", *SMALLER["unet"])
    function = model.function(precision="bf16")
    cut, exact = (tiling.fit(f, 3, CPU, precision=p) for f, p in ((function, "bf16"), (model.function(), "32")))
    assert cut.overlap <= exact.overlap and cut.tile > exact.tile
    image = picture(3, 2 * cut.smallest - 13, 200)
    least = Tiling(cut.smallest, cut.overlap, cut.multiple)
    out, seams = (tiled(f, image, least)[0] for f in (function, function.exact))
    whole = model.function()(image[None])[0]
    rounding = (function(image[None])[0] - whole).abs().max()
    assert (seams - whole).abs().max() < 1 / 255
    assert (out - whole).abs().max() < 2 * rounding  # of a tile's shape other sums, and so other roundings to bfloat16


@pytest.mark.parametrize(("dtype", "white"), [(np.uint8, 255), (np.uint16, 65535), (np.float64, 1), (np.float32, 4)])
def test_any_type_and_strides_are_scaled_to_float32(dtype, white):
    values = (picture(3, 150, 181).clamp(0, 1).numpy() * white).astype(dtype)
    image = torch.from_numpy(np.ascontiguousarray(values.transpose(1, 2, 0))).permute(2, 0, 1)
    inputs = []

    def function(noisy):
        inputs.append((noisy.dtype, noisy.shape[0]))
        return noisy

    out, _ = tiled(function, image, Tiling(64, 16, 4), white)
    assert set(inputs) == {(torch.float32, 1)} and len(inputs) > 6
    torch.testing.assert_close(out, torch.from_numpy((values / white).astype(np.float32)))


@pytest.mark.parametrize(("height", "width"), [(1, 10**6), (10**6, 1), (3, 300_000)])
@pytest.mark.parametrize("multiple", [8, 64])
def test_thin_pictures_stay_in_memory_with_what_they_are_padded_to(height, width, multiple):
    image, function = torch.rand(1, height, width), Small(OUT, 10**6)
    out, _ = tiled(function, image, Tiling(512, 128, multiple))
    torch.testing.assert_close(out, image)
    cells = [padded_side(rows, multiple) * padded_side(columns, multiple) for rows, columns in function.sizes]
    assert 0.3 * 512**2 < max(cells) <= 1.15 * 512**2
    assert len(cells) < 3 * padded_side(height, multiple) * padded_side(width, multiple) / 512**2


def test_thin_pictures_are_halved_by_what_they_are_padded_to():
    def function(noisy):
        if noisy.shape[-1] * 16 > 200**2:
            raise OUT
        return noisy.clone()

    image = torch.rand(1, 1, 30_000)
    out, used = tiled(function, image, Tiling(4096, 16, 16))
    assert torch.allclose(out, image) and 150 < used.tile < 300


class Small:
    """The identity, for as many pixels as its memory holds; it changes its mind after some calls."""

    def __init__(self, error, largest, calls=0):
        self.error, self.largest, self.calls = error, largest, calls
        self.sizes, self.failed = [], False

    def __call__(self, noisy):
        height, width = noisy.shape[-2:]
        self.sizes.append((height, width))
        if len(self.sizes) > self.calls and height * width > self.largest**2:
            self.failed = True
            raise self.error
        return noisy.clone()


OUT = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")


@settings(deadline=None, max_examples=25)
@given(height=st.integers(1, 700), width=st.integers(1, 300), largest=st.integers(80, 400), calls=st.integers(0, 9))
def test_without_memory_tiles_are_halved_and_no_row_is_taken_twice(height, width, largest, calls):
    image = torch.rand(1, height, width)
    function = Small(OUT, largest, calls)
    with mock.patch.object(memory, "release") as released:
        out, used = tiled(function, image, Tiling(512, 32, 8))
    assert bool(released.call_count) == function.failed
    torch.testing.assert_close(out, image)
    assert used.overlap == 32
    assert (used.tile < 512) == function.failed
    assert not (function.failed and calls == 0 and height * width <= largest**2)


@pytest.mark.parametrize("cost", [0, 1])
def test_a_tile_is_halved_down_to_the_smallest_and_no_further(cost):
    image, first = torch.rand(1, 400, 300), Tiling(150, 32, 8, cost)
    out, used = tiled(Small(OUT, 66), image, first)  # 75 is too large, 37 too small
    assert used.tile == first.smallest == 64
    torch.testing.assert_close(out, image)


def test_rows_that_were_written_before_memory_ran_out_stay():
    image, function = torch.rand(1, 900, 90), Small(OUT, 90, calls=2)
    out, used = tiled(function, image, Tiling(150, 32, 8))
    assert function.failed and used.tile < 150
    torch.testing.assert_close(out, image)


@pytest.mark.parametrize("turned", [False, True])
def test_neighbouring_tiles_fade_into_one_another(turned):
    calls = []

    def function(noisy):
        calls.append(noisy.shape)
        return torch.full_like(noisy, len(calls))

    image = torch.rand(1, 40, 150)
    out, _ = tiled(function, image.mT if turned else image, Tiling(64, 32))
    line = (out.mT if turned else out)[0]
    assert len(calls) == 2 and (line == line[0]).all() and line[0, 0] == 1 and line[0, -1] == 2
    between = line[0][(line[0] > 1) & (line[0] < 2)]
    torch.testing.assert_close(between, 1 + blend_weights(4))


def test_when_not_even_the_smallest_tile_fits():
    with pytest.raises(DenoiserError, match=r"^error: a picture of 300x200 pixels is too large for the mem.*\nfix: "):
        tiled(Small(OUT, 40), torch.rand(1, 200, 300), Tiling(256, 32, 8))
    with pytest.raises(DenoiserError, match="256x256 pixels is too large"):
        tiling.fit(TileFunction(Small(MemoryError(), 40), 16), 1, CPU)


@pytest.mark.parametrize(("device", "fix"), [("cpu", "close other programs"), ("meta", "--device cpu")])
def test_what_has_more_memory_is_advised(device, fix):
    with pytest.raises(DenoiserError, match="too large for the memory") as caught:
        tiling.denoise(Small(OUT, 40), torch.rand(1, 200, 300), 1.0, Tiling(256, 32, 8), torch.device(device), print)
    assert caught.value.fix.startswith(fix)


def test_tiles_are_computed_on_the_device_and_come_back():
    def function(noisy):
        assert noisy.device.type == "meta"
        return torch.full(noisy.shape, 0.25)

    rows = []
    tiling.denoise(
        function, torch.rand(1, 90, 70), 1.0, Tiling(64, 16), torch.device("meta"), lambda *row: rows.append(row[1])
    )
    torch.testing.assert_close(torch.cat(rows, 1), torch.full((1, 90, 70), 0.25))


@pytest.mark.parametrize(("budget", "most"), [(4 * 3 * 50 * 5, 5), (1, 1)])
def test_few_rows_are_written_at_a_time(monkeypatch, budget, most):
    monkeypatch.setattr(tiling, "STRIP_BYTES", budget)
    image, written = torch.rand(3, 64, 50), []
    tiling.denoise(lambda x: x, image, 1.0, Tiling(64, 0), CPU, lambda top, rows: written.append((top, rows)))
    assert [top for top, _ in written] == list(range(0, 64, most))
    assert all(rows.equal(image[:, top : top + most]) for top, rows in written)


def test_other_errors_are_not_taken_for_it():
    with pytest.raises(RuntimeError, match="must match"):
        tiled(Small(RuntimeError("Sizes must match"), 40), torch.rand(1, 200, 300), Tiling(256, 32, 8))
    with pytest.raises(MemoryError):  # of the function that writes the rows
        tiling.denoise(
            lambda x: x, torch.rand(1, 9, 9), 1.0, Tiling(64, 0), CPU, lambda *_: (_ for _ in ()).throw(MemoryError)
        )


def test_the_tile_goes_by_free_memory(monkeypatch):
    function = lively("unet", *SMALLER["unet"]).function()
    monkeypatch.setattr(memory, "free", lambda device: 10**8)
    chosen = tiling.fit(function, 3, CPU)
    image = torch.zeros(1, 3, chosen.tile, chosen.tile)
    needed = memory.peak(lambda: function(image))[1] * tiling.HIDDEN_CPU
    assert 0.9 * tiling.FREE_SHARE * 10**8 < needed <= 1.05 * tiling.FREE_SHARE * 10**8
    monkeypatch.setattr(memory, "free", lambda device: 0)
    least = tiling.fit(function, 3, CPU)
    assert least.tile == least.smallest


def test_on_a_cpu_the_tile_shares_a_budget_with_the_picture_and_its_copies(monkeypatch):
    monkeypatch.setattr(memory, "free", lambda device: 10**12)
    monkeypatch.setattr(tiling, "LONGEST", 10**6)
    chosen = tiling.fit(lively("unet", *SMALLER["unet"]).function(), 3, CPU)
    small, large, huge = (torch.empty(3, side, side, dtype=torch.uint8) for side in (9, 8000, 20000))
    for image in (small, large):
        taken = chosen.tile_beside(image) ** 2 * chosen.cost + 3 * image.numel() + min(4 * image.numel(), BAND_BYTES)
        assert 0.99 * CPU_BYTES < taken <= CPU_BYTES
    assert 0.99 * LEAST_BYTES < chosen.tile_beside(huge) ** 2 * chosen.cost <= LEAST_BYTES
    assert Tiling(5000, 16).tile_beside(huge) == 5000  # a tile that the user chose


def test_a_tile_that_is_asked_for():
    function = lively("unet", *SMALLER["unet"]).function()
    chosen = tiling.fit(function, 3, CPU, tile=451)
    assert chosen.tile == 448 and chosen.multiple == 8 and chosen.overlap % 16 == 0
    with pytest.raises(
        DenoiserError,
        match=rf"a tile of 40 is smaller than the model's receptive field allows.*\nfix: --tile {chosen.smallest}$",
    ):
        tiling.fit(function, 3, CPU, tile=40)


def test_a_declared_receptive_field_bounds_the_overlap():
    function = TileFunction(lambda noisy: noisy - noisy.mean(), multiple=4)
    assert tiling.fit(function, 1, CPU).overlap == 296
    assert tiling.fit(replace(function, receptive_field=43), 1, CPU).overlap == 48


LARGE = """
import pathlib, re, torch
from torch import nn
from denoiser.inference import tiling
from denoiser.inference.function import TileFunction

def resident(key):
    return 1024 * int(re.search(key + r":\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])

torch.set_num_threads(1)
cpu = torch.device("cpu")
network = nn.Sequential(nn.Conv2d(3, 6, 1), nn.Conv2d(6, 3, 1))  # little work, much memory
with torch.inference_mode():
    network(torch.rand(1, 3, 64, 64))
function = TileFunction(network, 8)
before = resident("VmRSS")
image = torch.full((10_000, 10_000, 3), 200, dtype=torch.uint8)
result = torch.zeros_like(image)

def take(top, rows):
    result[top : top + rows.shape[1]] = (rows.permute(1, 2, 0) * 255).round_().clamp_(0, 255)

tiling.denoise(function, image.permute(2, 0, 1), 255.0, tiling.fit(function, 3, cpu), cpu, take)
print(resident("VmHWM") - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's largest size in /proc")
@pytest.mark.timeout(900)  # ten seconds of work, which takes long where cores are shared
def test_a_picture_of_100_megapixels_takes_less_than_2_gb_with_its_result():
    done = subprocess.run([sys.executable, "-c", LARGE], capture_output=True, text=True, check=True)
    assert 0.6e9 < int(done.stdout) < 1.7e9  # which leaves room for a file's decoder and encoder
