"""Failures of any kind become two lines on stderr and an exit code."""

import errno

import pytest

from denoiser.cli import failures
from denoiser.config import compose
from denoiser.errors import DenoiserError
from denoiser.search_path import PACKAGE


def failing(error):
    def command():
        raise error

    return command


def called_by(module, file="/somewhere/file.py"):
    """A function `call(function)` of a module, as if it were defined in a file."""
    names = {"__name__": module}
    exec(compile("class Mine:\n    def call(self, function):\n        return function()", file, "exec"), names)
    return names["Mine"]().call


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


@pytest.fixture
def not_of_the_test(monkeypatch):
    """Functions of this file count as those of a library."""
    monkeypatch.setattr(failures, "LIBRARIES", {*failures.LIBRARIES, __name__.partition(".")[0]})


def test_a_bug_is_two_lines_and_a_traceback_on_request(not_of_the_test, monkeypatch, capsys):
    assert failures.guarded(failing(ZeroDivisionError("division by zero"))) == 1
    problem, fix = capsys.readouterr().err.splitlines()
    assert problem == "error: ZeroDivisionError: division by zero (a bug in denoiser)" and "DENOISER_DEBUG=1" in fix
    monkeypatch.setenv("DENOISER_DEBUG", "1")
    assert failures.guarded(failing(ZeroDivisionError())) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("inner", ["torch.nn.modules.module", "denoiser.inference.function", "collections", None])
def test_an_error_in_a_class_of_ones_own_names_it(inner, not_of_the_test, capsys):
    """Also where it calls a library, or denoiser itself, with what they do not take."""
    fails = failing(ValueError("no such thing"))
    inside = (lambda: called_by(inner, str(PACKAGE / "x.py"))(lambda: 1 / 0)) if inner else fails
    assert failures.guarded(lambda: called_by("torch.nn")(lambda: called_by("mypkg.net")(inside))) == 1
    problem, fix = capsys.readouterr().err.splitlines()
    words = "ValueError: no such thing" if inner is None else "ZeroDivisionError: division by zero"
    assert problem == f"error: {words} (mypkg.net.Mine.call, line 3 of /somewhere/file.py)"
    assert fix == "fix: DENOISER_DEBUG=1 before the command prints a traceback"


def test_errors_of_hydra_are_explained(capsys):
    assert failures.guarded(lambda: compose(["data=bsd500"])) == 2
    assert "fix: data=bsds500, of " in capsys.readouterr().err


def test_a_command_without_failure_keeps_its_code():
    assert failures.guarded(lambda: 7) == 7
