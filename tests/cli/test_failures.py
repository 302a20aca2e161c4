"""Failures of any kind become two lines on stderr and an exit code."""

import errno

import pytest

from denoiser.cli import failures
from denoiser.config import compose
from denoiser.errors import DenoiserError


def failing(error):
    def command():
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (DenoiserError("a problem (a key)", "another key", 4), 4, ["error: a problem (a key)", "fix: another key"]),
        (KeyboardInterrupt(), 130, ["", "interrupted"]),
        (KeyboardInterrupt("terminated"), 143, ["", "terminated"]),
        (
            OSError(errno.ENOSPC, "No space left on device", "out/a.png"),
            3,
            ["error: No space left on device (out/a.png)", "fix: check the path, its permissions and the disk"],
        ),
    ],
)
def test_exit_codes_and_lines(error, code, lines, capsys):
    assert failures.guarded(failing(error)) == code
    assert capsys.readouterr().err.splitlines() == lines


def test_a_bug_is_two_lines_and_a_traceback_on_request(monkeypatch, capsys):
    assert failures.guarded(failing(ZeroDivisionError("division by zero"))) == 1
    problem, fix = capsys.readouterr().err.splitlines()
    assert problem == "error: ZeroDivisionError: division by zero (a bug in denoiser)" and "DENOISER_DEBUG=1" in fix
    monkeypatch.setenv("DENOISER_DEBUG", "1")
    assert failures.guarded(failing(ZeroDivisionError())) == 1
    assert "Traceback" in capsys.readouterr().err


def test_errors_of_hydra_are_explained(capsys):
    assert failures.guarded(lambda: compose(["data=bsd500"])) == 2
    assert "fix: data=bsds500, of " in capsys.readouterr().err


def test_a_command_without_failure_keeps_its_code():
    assert failures.guarded(lambda: 7) == 7
