"""Lightning's loop over pictures: a failure costs one picture, and memory stays within its budget."""

import errno
import os
import sys
import weakref

import pytest
import torch
from helpers.dimmer import array, files, picture

from denoiser.data.images import writing
from denoiser.photos.batch import predict
from denoiser.photos.batch.plan import Job
from denoiser.photos.batch.progress import BatchProgress
from denoiser.photos.batch.reader import FileOptions


class Copier:
    """Stands in for models: returns pictures unchanged, and counts the others in memory."""

    name, device = "copier", torch.device("cpu")

    def __init__(self, bad=()):
        self.bad, self.known, self.others = bad, [], []

    def denoise(self, photo):
        self.others.append(sum(one() is not None for one in self.known))
        if len(self.others) - 1 in self.bad:
            raise ZeroDivisionError("a fault")
        after = photo.with_pixels(photo.pixels.copy())
        self.known += [weakref.ref(one.pixels) for one in (photo, after)]
        return after, self.name


@pytest.fixture
def jobs(tmp_path):
    sources = [picture(tmp_path / "in" / f"{number}.png") for number in range(8)]
    return [Job(str(source), str(tmp_path / "out" / source.name), 1) for source in sources]


def run(models, jobs, plain=None):
    with BatchProgress(len(jobs), len(jobs), shown=False) as pace:
        return predict.run(models, jobs, pace, FileOptions(10**6), plain=plain), pace


def test_a_picture_is_let_go_of_as_soon_as_it_is_written(jobs, monkeypatch):
    monkeypatch.setattr(predict, "MEMORY", (100, 100))  # which each of them needs for itself
    models, plain = Copier(), Copier()
    writer, pace = run(models, jobs, plain)
    assert models.others == plain.others == [0] * len(jobs) and not writer.failures
    assert pace.done == len(jobs)
    assert all((array(job.target) == array(job.source)).all() for job in jobs)


def test_a_fault_with_one_picture_is_reported_and_the_others_are_done(jobs, tmp_path):
    writer, pace = run(Copier(bad=(2, 5)), jobs)
    assert len(writer.failures) == 2 and (pace.done, pace.failed) == (6, 2)
    for failure in writer.failures:
        assert "ZeroDivisionError: a fault" in failure.error.what and failure.source in failure.error.what
    assert len(files(tmp_path / "out")) == 6


def test_nothing_to_do_is_done_at_once():
    writer, pace = run(Copier(), [])
    assert not writer.failures and pace.done == 0


def test_no_further_picture_is_begun_once_none_can_be_written(jobs, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(predict, "MEMORY", (100, 100))  # one after the other
    monkeypatch.setattr(writing, "write", full)
    models = Copier()
    with pytest.raises(OSError, match="No space left"):
        run(models, jobs)
    assert 1 <= len(models.others) < len(jobs)


def test_processes_share_a_machines_memory(jobs, monkeypatch):
    limits = []
    budget = predict.Budget
    monkeypatch.setattr(predict, "free", lambda device: 16 * 10**9)
    monkeypatch.setattr(predict, "Budget", lambda limit: limits.append(limit) or budget(limit))
    for count in (1, 4):
        with BatchProgress(0, 0, shown=False) as pace:
            predict.run(Copier(), [], pace, FileOptions(10**6), local_world_size=count)
    assert limits == [2 * 10**9, 5 * 10**8]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_a_result_is_as_private_as_its_picture(jobs):
    os.chmod(jobs[0].source, 0o600)
    run(Copier(), jobs[:2])
    assert os.stat(jobs[0].target).st_mode & 0o777 == 0o600
    assert os.stat(jobs[1].target).st_mode == os.stat(jobs[1].source).st_mode
