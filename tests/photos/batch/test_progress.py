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
    with BatchProgress(4, 3996, shown=False) as counted:
        assert str(counted) == "0/4 pictures"
        clock[0] += 15  # of which some was loading
        counted.add(999, 24.0)
        assert str(counted) == "1/4 pictures, 1.6 MP/s"
        clock[0] += 10
        counted.add(999, None)
        assert str(counted) == "1/4 pictures, 1 failed, 0.96 MP/s, 0:00:20 left"
        clock[0] += 5
        counted.add(999, 12.0)
        assert str(counted) == "2/4 pictures, 1 failed, 1.2 MP/s, 0:00:08 left"
        counted.add(999, 12.0)
    assert str(counted).endswith("0:00:00 left")
    assert counted.summary() == "3 pictures, 48.0 megapixels in 0:00:30 (1.6 MP/s)"


@pytest.mark.parametrize(
    ("size", "words"), [(0.00412, "0.0041"), (0.25, "0.25"), (0.000064, "0.000064"), (0, "0.0"), (12, "12.0")]
)
def test_a_small_picture_has_a_size(size, words):
    with BatchProgress(1, 999, shown=False) as counted:
        counted.add(999, size)
    assert f"1 picture, {words} megapixels in" in counted.summary()


def test_a_small_first_picture_does_not_set_the_time_of_a_large_one(clock):
    with BatchProgress(3, 40_020_000, shown=False) as counted:
        for _ in range(2):
            clock[0] += 4
            counted.add(10_000, 0.01)
            assert "left" not in str(counted)  # by these, 4 hours
        large = counted.picture(40_000_000, 30.0, parts=1)
        large.expect(1000)
        clock[0] += 5
        large.add(100)
        assert str(counted) == "2/3 pictures, 3.0 of 30.0 MP of the next, 0.23 MP/s, 0:01:21 left"


def test_one_large_picture_shows_what_of_it_is_done(clock):
    with BatchProgress(1, 1000, shown=False) as counted:
        picture = counted.picture(1000, 12.0, parts=2)  # colours and a band
        for part in (0, 1):
            picture.expect(100)
            clock[0] += 8
            picture.add(50)
            if part == 0:
                assert str(counted) == "0/1 pictures, 3.0 of 12.0 MP of the next, 0.38 MP/s"
            clock[0] += 8
            picture.add(60)  # 10 of them were in the tile before
        assert str(counted) == "0/1 pictures, 0.38 MP/s, 0:00:00 left"
        counted.add(1000, 12.0)
        assert str(counted) == "1/1 pictures, 0.38 MP/s, 0:00:00 left"


def test_a_log_gets_a_line_now_and_then(clock, capsys):
    with BatchProgress(100, 100) as counted:
        for _ in range(100):
            clock[0] += 1
            counted.add(1, 1.0)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"{n}/100 pictures, 1 MP/s, 0:0{(100 - n) // 60}:{(100 - n) % 60:02d} left" for n in (30, 60, 90)]


def test_a_log_gets_a_line_while_a_large_picture_is_denoised(clock, capsys):
    with BatchProgress(1, 100) as counted:
        picture = counted.picture(100, 50.0, parts=1)
        picture.expect(100)
        for _ in range(4):
            clock[0] += 20
            picture.add(20)
    assert capsys.readouterr().err.splitlines() == [
        "0/1 pictures, 20.0 of 50.0 MP of the next, 0.5 MP/s, 0:01:01 left",
        "0/1 pictures, 40.0 of 50.0 MP of the next, 0.5 MP/s, 0:00:21 left",
    ]


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


def test_pages_are_counted(clock):
    with BatchProgress(2, 1000, shown=False) as counted:
        file = counted.picture(500, 12.0, parts=3)
        for page in (1, 2):
            counted.at_page(page, 3)
            file.expect(100)
            clock[0] += 8
            file.add(50)
            assert str(counted).startswith(f"0/2 pictures, page {page} of 3 of the next, ")
        counted.add(500, None)
        assert "page" not in str(counted)
