"""Ctrl-C, SIGTERM and SIGKILL in the middle: every file is complete, and the same command resumes."""

import os
import signal
import subprocess
import sys
import time

import pytest
from helpers.dimmer import array, dimmed, error_output, files, picture, run

from denoiser.photos import restore

COUNT = 12


@pytest.fixture(autouse=True)
def here(here):
    for number in range(COUNT):
        picture(here / "in" / f"{number:02d}.png", seed=number)
    return here


def interrupt(monkeypatch, number, by):
    """Send a signal while so many pictures are done; returns a function that undoes it."""
    once, calls = restore.Restorer.__call__, []

    def denoise(self, photo, way):
        calls.append(photo)
        if len(calls) == number + 1:
            os.kill(os.getpid(), by)
        return once(self, photo, way)

    monkeypatch.setattr(restore.Restorer, "__call__", denoise)
    return lambda: monkeypatch.setattr(restore.Restorer, "__call__", once)


def assert_whole(here, count):
    assert len(files(here / "out")) == count
    assert all((array(here / "out" / name) == dimmed(here / "in" / name)).all() for name in files(here / "out"))


@pytest.mark.parametrize(("by", "code", "how"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated")])
def test_a_signal_in_the_middle(here, model, capsys, monkeypatch, by, code, how):
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    undo = interrupt(monkeypatch, 5, getattr(signal, by))
    arguments = ["in", "-o", "out", "--checkpoint", model, "--precision", "32"]
    err = error_output(capsys, code, arguments)
    assert err.splitlines()[-2:] == [
        f"error: {how}: 5 of {COUNT} pictures are done (out)",
        "fix: the same command resumes with the others",
    ]
    assert_whole(here, 5)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    undo()
    assert run(*arguments) == 0
    assert capsys.readouterr().out.startswith("5 outputs exist already")
    assert_whole(here, COUNT)


def test_an_interruption_that_a_library_swallows_is_one_all_the_same(here, model, capsys, monkeypatch):
    def denoise(self, photo, way):
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            raise RuntimeError("something else") from None

    monkeypatch.setattr(restore.Restorer, "__call__", denoise)
    assert "interrupted: 0 of 12" in error_output(capsys, 130, ["in", "-o", "out", "--checkpoint", model])


SLOW = """
import os, sys, time
from denoiser import denoise
fsync = os.fsync
def slow(file):  # a file is half-written for long, so that killing finds one
    fsync(file)
    time.sleep(0.3)
os.fsync = slow
sys.exit(denoise.main(sys.argv[1:]))
"""


def test_a_process_that_is_killed_leaves_no_half_picture_and_the_same_command_does_the_rest(here, model, capsys):
    arguments = ["in", "-o", "out", "--checkpoint", model, "--precision", "32"]
    process = subprocess.Popen([sys.executable, "-c", SLOW, *arguments], stdout=subprocess.DEVNULL)
    out = here / "out"
    deadline = time.monotonic() + 200
    while not (list(out.glob("[!.]*")) and list(out.glob(".*.part"))):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.wait()
    done = [path for path in files(out) if not path.startswith(".")]
    assert 0 < len(done) < COUNT
    assert len(files(out)) > len(done)
    assert run(*arguments) == 0
    assert capsys.readouterr().out.startswith(f"{len(done)} output")
    assert_whole(here, COUNT)  # and nothing else
