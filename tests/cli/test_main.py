"""The `denoiser` script: its version, and the nearest verb or option."""

import sys

import pytest

from denoiser.cli import arguments as parsing
from denoiser.cli import main as cli


def script(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["denoiser", *arguments])
    code = cli.main()
    return code, capsys.readouterr()


def test_the_script_prints_its_version(monkeypatch, capsys):
    monkeypatch.setattr(parsing.importlib.metadata, "version", {"denoiser-lightning": "1.2.3"}.__getitem__)
    assert script(monkeypatch, capsys, "--version") == (0, ("1.2.3\n", ""))
    monkeypatch.undo()
    monkeypatch.setattr(parsing, "DISTRIBUTION", "denoiser-that-nobody-has-installed")
    assert script(monkeypatch, capsys, "--version") == (0, ("unknown\n", ""))


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_prints_the_version_even_where_arguments_are_missing(verb, monkeypatch, capsys):
    monkeypatch.setattr(parsing.importlib.metadata, "version", {"denoiser-lightning": "1.2.3"}.__getitem__)
    with pytest.raises(SystemExit) as end:
        script(monkeypatch, capsys, verb, "--version")
    assert not end.value.code and capsys.readouterr() == ("1.2.3\n", "")


@pytest.mark.parametrize(
    ("arguments", "problem", "fix"),
    [("--versoin", "no option '--versoin'", "denoiser --version"), ("rum", "no verb 'rum'", "denoiser run")],
)
def test_the_script_names_the_nearest_verb_or_option(arguments, problem, fix, monkeypatch, capsys):
    code, output = script(monkeypatch, capsys, arguments)
    assert code == 2 and output.err.startswith(f"error: {problem}") and output.err.endswith(f"fix: {fix}\n")
