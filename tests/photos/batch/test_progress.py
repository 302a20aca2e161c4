"""Progress by a clock of the test's own."""

import pytest

from denoiser.photos.batch import progress
from denoiser.photos.batch.progress import BatchProgress


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until it is set."""
    now = [1000.0]
    monkeypatch.setattr(progress, "monotonic", lambda: now[0])
    return now


def test_time_left_is_by_the_bytes_that_are_left(clock):
    with BatchProgress(3, 2997, shown=False) as counted:
        assert str(counted) == "0/3 pictures"
        clock[0] += 10
        counted.add(999, 24.0)
        assert str(counted) == "1/3 pictures, 2.4 MP/s, 0:00:20 left"
        clock[0] += 10
        counted.add(999, None)
        assert str(counted) == "1/3 pictures, 1 failed, 1.2 MP/s, 0:00:10 left"
        counted.add(999, 12.0)
    assert str(counted).endswith("0:00:00 left")
    assert counted.summary() == "2 pictures, 36.0 megapixels in 0:00:20 (1.8 MP/s)"


def test_a_log_gets_a_line_now_and_then(clock, capsys):
    with BatchProgress(100, 100) as counted:
        for _ in range(100):
            clock[0] += 1
            counted.add(1, 1.0)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"{n}/100 pictures, 1 MP/s, 0:0{(100 - n) // 60}:{(100 - n) % 60:02d} left" for n in (30, 60, 90)]


def test_a_terminal_gets_a_bar_that_is_gone_afterwards(clock, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with BatchProgress(2, 10) as counted:
        clock[0] += 1
        counted.add(5, 2.0)
    err = capsys.readouterr().err
    assert "1/2 pictures, 2 MP/s" in err and err.rstrip().endswith("\x1b[2K")


def test_nothing_is_shown_where_it_is_not_wanted(clock, capsys):
    with BatchProgress(2, 10, shown=False) as counted:
        clock[0] += 100
        counted.add(5, 2.0)
    assert capsys.readouterr() == ("", "")
