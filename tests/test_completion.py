"""Completion in a shell: verbs, groups, choices and keys."""

import shutil
import subprocess
import sys

import pytest

from denoiser.cli.main import VERBS
from denoiser.completion import SCRIPTS, main, words


def test_verbs_groups_choices_and_keys():
    assert words("denoiser ") == list(VERBS) and words("denoiser e") == ["evaluate", "export"]
    assert words("denoiser evaluate data=bsd") == ["data=bsd68", "data=bsds500"]
    assert "model=" in words("denoiser run noise.sigma=3 mod")
    assert words("denoiser run noise.sigma_r") == ["noise.sigma_range="]
    assert words("denoiser denoise ph") == []  # the shell's own completion of files


@pytest.mark.parametrize("shell", SCRIPTS)
def test_a_script_for_each_shell(shell, capsys):
    assert main([shell]) == 0
    assert "denoiser completion words" in capsys.readouterr().out


def test_no_such_shell(capsys):
    assert main(["tcsh"]) == 2
    error, fix = capsys.readouterr().err.splitlines()
    assert "tcsh" in error and fix.startswith("fix: ")


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("denoiser run model=cifar_s", ["model=cifar_shallow", "model=cifar_strided"]),
        ("denoiser denoise --mod", ["--model"]),
        ("denoiser evaluate baseline=[nlm,b", ["baseline=[nlm,bm3d"]),
    ],
)
def test_bash_completes(line, completed, tmp_path):
    command = tmp_path / "denoiser"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m denoiser.cli.main "$@"\n')
    command.chmod(0o755)
    script = f"""
        PATH={tmp_path}:$PATH
        eval "$(denoiser completion bash)"
        COMP_LINE='{line}' COMP_POINT={len(line)} COMP_WORDS=({line}) COMP_CWORD=2
        _denoiser
        echo "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == completed
