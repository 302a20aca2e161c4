"""Messages about pictures that failed or are skipped, each with a fix that works."""

import errno
import os
import signal

import numpy as np
import pytest
from helpers.dimmer import error_output, files, picture, run
from PIL import Image

from denoiser.photos import model_choice

INSTEAD = "a name ending in .png as -o, or --format png for a folder"


def see_through(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((9, 9, 2), 100, np.uint8), "LA").save(path)


def test_kinds_that_are_read_and_not_written_cost_themselves_alone(here, model, capsys):
    picture(here / "in" / "a.png")
    picture(here / "in" / "b.jpg").rename(here / "in" / "b.jfif")
    picture(here / "in" / "c.gif")
    (here / "in" / "d.NEF").write_bytes(b"raw")
    picture(here / "in" / "e.jp2.gif")
    arguments = ["in", "in/c.gif", "-o", "out", "--checkpoint", model]
    err = error_output(capsys, 1, arguments).splitlines()
    assert sorted(err[:-2]) == [
        f"failed: .gif files are read, but not written (out/{name}.gif) (in/{name}.gif); {INSTEAD}"
        for name in ("c", "e.jp2")
    ]
    assert err[-1] == f"fix: {INSTEAD}"
    assert files(here / "out") == ["a.png", "b.jfif"]
    assert run(*arguments, "--format", "png") == 0
    assert "left out: a camera's raw file (" in capsys.readouterr().out
    assert files(here / "out") == ["a.png", "b.jfif", "b.png", "c.png", "e.jp2.png"]


def test_a_file_that_cannot_hold_the_picture_gets_a_fix_that_works(here, model, capsys):
    see_through(here / "a.png")
    assert (
        error_output(capsys, 2, ["a.png", "-o", "b.jpg", "--checkpoint", model]).splitlines()[-1] == f"fix: {INSTEAD}"
    )
    assert run("a.png", "-o", "b.png", "--checkpoint", model) == 0


def test_each_failure_has_its_own_fix_and_nothing_that_was_not_made_is_reported(here, model, capsys):
    see_through(here / "in" / "a.png")
    (here / "in" / "b.png").touch()
    arguments = ["in", "-o", "out", "--checkpoint", model, "--format", "jpeg"]
    assert run(*arguments) == 1
    output = capsys.readouterr()
    assert sorted(output.err.splitlines()[:2]) == [
        f"failed: JPEG holds no alpha channel (out/a.jpg) (in/a.png); {INSTEAD}",
        "failed: the file is empty (in/b.png); copy that file again from where it came from",
    ]
    assert output.err.splitlines()[-1] == "fix: see the lines above; the same command tries them again"
    assert output.out == ""


def test_a_result_that_is_older_than_its_picture_is_kept_and_reported(here, model, capsys):
    old = picture(here / "out" / "a.png")
    os.utime(old, (1, 1))
    picture(here / "in" / "a.png")
    before = old.read_bytes()
    assert run("in", "-o", "out", "--checkpoint", model) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1 output exists already and is kept, whatever its options were, though older than its picture; "
        "--overwrite replaces it",
        "out",
    ]
    assert old.read_bytes() == before


def test_where_every_picture_fails_for_lack_of_room_it_is_the_environment(here, model, capsys, monkeypatch):
    def too_large(file):
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))

    monkeypatch.setattr(os, "fsync", too_large)
    for name in ("a.png", "b.png"):
        picture(here / "in" / name)
        assert "File too large" in error_output(capsys, 3, ["in", "-o", "out", "--checkpoint", model])
    assert files(here / "out") == []
    (here / "in" / "c.png").touch()
    assert "3 of 3 pictures" in error_output(capsys, 1, ["in", "-o", "out", "--checkpoint", model])


@pytest.mark.parametrize(("by", "code", "how"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated")])
def test_a_stop_before_the_first_picture_is_reported_in_two_lines(here, model, capsys, monkeypatch, by, code, how):
    picture(here / "a.png")
    monkeypatch.setattr(model_choice.Models, "check", lambda self: os.kill(os.getpid(), getattr(signal, by)))
    before = signal.signal(signal.SIGTERM, lambda *_: pytest.fail("nobody heard"))
    try:
        err = error_output(capsys, code, ["a.png", "-o", "out", "--checkpoint", model])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert err.splitlines() == [
        f"error: {how}: every file written so far is complete",
        "fix: the same command resumes",
    ]
    assert not (here / "out").exists()


def test_a_name_says_nothing_to_the_terminal(here, model, capsys):
    picture(here / "in" / "a.png").rename(here / "in" / "a\x1b[2J\n.png")
    assert run("in", "-o", "out", "--checkpoint", model, "--dry-run") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("in/a?[2J?.png -> out/a?[2J?.png (")
