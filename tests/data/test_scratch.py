"""Pictures that do not fit in memory: decoded once into temporary files, which are gone afterwards."""

import gc
import pickle
import shutil
import signal
import subprocess
import sys
import weakref
from collections import Counter, namedtuple
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from denoiser.data.decoding import DecodedOnUse
from denoiser.data.folder import Folder
from denoiser.data.images import reading
from denoiser.data.own_depth import Stored
from denoiser.data.pairs import NoisyPairs, Pictures
from denoiser.data.scratch import PREFIX, DecodedOnce, decoded_once
from denoiser.noise.gaussian import Gaussian


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """The folder for temporary files."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def read(monkeypatch):
    """How often each file was decoded."""
    counts, original = Counter(), reading.read
    monkeypatch.setattr(reading, "read", lambda path: counts.update([path.name]) or original(path))
    return counts


@pytest.fixture
def batches(protocol, pictures_folder):
    """Two epochs of training batches of a folder of 20 pictures, for some `cache_gb`."""
    folder = pictures_folder(20)

    def make(cache_gb, **options):
        data = Folder(
            folder,
            **protocol(),
            channels=3,
            batch_size=4,
            patch_size=16,
            crops_per_image=3,
            cache_gb=cache_gb,
            **options,
        )
        loader = data.train_dataloader()
        for epoch in range(2):
            loader.sampler.set_epoch(epoch)
            yield from ((batch.noisy, batch.clean) for batch in loader)

    return make


def equal(one, other):
    return all(torch.equal(a, b) for pair in zip(one, other, strict=True) for a, b in zip(*pair, strict=True))


def files(scratch):
    return sorted(path.name for path in scratch.rglob("*") if path.is_file() and path.name != "lock")


def test_each_picture_is_decoded_once_and_the_batches_are_those_of_memory(batches, read, scratch):
    held = list(batches(4))
    read.clear()
    assert equal(batches(0), held) and set(read.values()) == {1} and len(read) == 16
    gc.collect()
    assert list(scratch.iterdir()) == [], "the files are removed"


def test_workers_share_the_files(batches, scratch):
    held = list(batches(4))
    running = batches(0, num_workers=2)
    first = next(running)
    assert files(scratch) and equal([first, *running], held)


def test_a_copy_in_a_worker_that_was_not_forked_reads_the_same_files(batches, pictures_folder, read):
    paths = [[path] for path in sorted(pictures_folder(3).iterdir())]
    pictures = decoded_once(DecodedOnUse(paths, 3, [[Stored(24, 32, 8)]] * 3), [(3, 24, 32)] * 3, [torch.uint8] * 3)
    before = [image.clone() for image in pictures]
    read.clear()
    assert all(map(torch.equal, pickle.loads(pickle.dumps(pictures)), before)) and not read
    assert pictures.folder.is_dir(), "the copy has not removed them"


def test_a_full_disk_keeps_its_last_tenth(batches, scratch, monkeypatch, read):
    held = list(batches(4))
    read.clear()
    disk = namedtuple("disk", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: disk(10**6, 0, 10**5 + 24 * 32 * 3 - 1))
    assert equal(batches(0), held) and min(read.values()) == 6 and files(scratch) == []
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: disk(10**6, 0, 10**5 + 24 * 32 * 3))
    read.clear()
    assert equal(batches(0), held) and set(read.values()) == {1}


def test_a_quota_slows_down_and_stops_nothing(batches, scratch, monkeypatch, read):
    def refuse(*_):
        raise OSError(122, "Disk quota exceeded")

    held = list(batches(4))
    read.clear()
    monkeypatch.setattr(shutil, "disk_usage", refuse)
    assert equal(batches(0), held) and min(read.values()) == 6 and files(scratch) == []
    monkeypatch.setattr("denoiser.data.scratch.new_folder", refuse)
    assert equal(batches(0), held)


def test_the_folder_of_a_killed_process_is_removed_by_the_next_and_that_of_a_living_one_is_kept(scratch):
    code = "from denoiser.data.scratch import new_folder; f = new_folder(); print(f[0], flush=True); input()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        folder = process.stdout.readline().strip()
        pictures = decoded_once([torch.zeros(3, 8, 8, dtype=torch.uint8)], [(3, 8, 8)], [torch.uint8])
        assert {str(path) for path in scratch.iterdir()} == {folder, str(pictures.folder)}
        process.send_signal(signal.SIGKILL)
    (scratch / f"{PREFIX}someone").mkdir()
    other = decoded_once([torch.zeros(3, 8, 8, dtype=torch.uint8)], [(3, 8, 8)], [torch.uint8])
    kept = {pictures.folder.name, other.folder.name, f"{PREFIX}someone"}
    assert {path.name for path in scratch.iterdir()} == kept


@pytest.mark.skipif(not Path("/var/tmp").is_dir(), reason="there is no /var/tmp")
def test_files_go_to_a_disk_where_no_folder_is_named(monkeypatch, scratch):
    monkeypatch.delenv("TMPDIR")
    pictures = decoded_once([torch.zeros(3, 8, 8, dtype=torch.uint8)], [(3, 8, 8)], [torch.uint8])
    assert isinstance(pictures, DecodedOnce) and not pictures.folder.is_relative_to(scratch)
    assert str(pictures.folder).startswith(f"/var/tmp/{PREFIX}")


class Counted(Sequence):
    """Pictures made by each access; counts how many exist at most."""

    def __init__(self):
        self.alive, self.most = 0, 0

    def __len__(self):
        return 64

    def __getitem__(self, index):
        picture = torch.full((3, 40, 40), index, dtype=torch.uint8)
        self.alive += 1
        self.most = max(self.most, self.alive)
        weakref.finalize(picture.untyped_storage(), self._freed)
        return picture

    def _freed(self):
        self.alive -= 1


def test_a_batch_of_crops_does_not_keep_the_pictures():
    pictures = Counted()
    pairs = NoisyPairs(Pictures([str(i) for i in range(64)], pictures), Gaussian(), 0, 16, flip=True)
    batch = pairs.__getitems__(list(range(32)))
    assert (batch.clean * 255).round().amax((1, 2, 3)).tolist() == list(range(32))
    assert pictures.most <= 2


@pytest.mark.parametrize("cache", [0.99, 1.01])
def test_the_cache_is_that_of_all_splits_together(cache, protocol, pictures_folder):
    folder = pictures_folder(20)
    data = Folder(folder, **protocol(), channels=3, cache_gb=cache * 20 * 3 * 24 * 32 / 1e9)
    held = [isinstance(data.split(name).images, list) for name in ("train", "val", "test")]
    assert held == [cache > 1] * 3
