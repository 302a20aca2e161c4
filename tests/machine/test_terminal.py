"""What is printed: names cannot control the terminal, and a reader that ends early ends the command quietly."""

import ast
import io
import os
import subprocess
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from PIL import Image

import denoiser
from denoiser import denoise, evaluate, export, report, run
from denoiser.bench import __main__ as bench
from denoiser.cli import failures
from denoiser.data import __main__ as data
from denoiser.machine import terminal
from denoiser.machine.terminal import CLOSED, printable, say

EVIL = "a\x1b]0;owned\x07\x1b[2J\x9b1m\u202egpj.png"
SAFE = "a?]0;owned??[2J?1m?gpj.png"


def test_signs_that_a_terminal_lacks_or_obeys_become_question_marks():
    assert printable("a − b ± \udcff", "ascii") == "a ? b ? ?" and printable("− ±", "utf-8") == "− ±"  # noqa: RUF001
    assert printable(EVIL, "utf-8") == SAFE
    assert printable("größe 猫 👩‍👩‍👧 עברית\n\t", "utf-8") == "größe 猫 👩‍👩‍👧 עברית\n\t"


def test_say_prints_to_either_stream_and_never_raw(capsys):
    say(EVIL, 2, sep="-", end="\r")
    say(Path(EVIL), error=True)
    assert capsys.readouterr() == (f"{SAFE}-2\r", f"{SAFE}\n")


def test_nothing_is_printed_in_another_way():
    package = Path(denoiser.__file__).parent
    for path in package.rglob("*.py"):
        if path != Path(terminal.__file__):
            calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
            assert not [f.id for f in calls if isinstance(f, ast.Name) and f.id == "print"], path


@pytest.fixture
def closed():
    """A stream whose reader has ended."""
    reading, writing = os.pipe()
    os.close(reading)
    with io.TextIOWrapper(os.fdopen(writing, "wb"), encoding="utf-8") as stream:
        yield stream  # closing it writes what is left, as Python does when it ends


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("L", (16, 16)).save(tmp_path / "a.png")
    return tmp_path


COMMANDS = [
    (denoise, ["--help"]),
    (denoise, ["a.png", "-o", "out", "--dry-run"]),
    (denoise, ["a.png", "-o", "out"]),
    (evaluate, ["--help"]),
    (evaluate, ["--cfg", "job"]),
    (run, ["--help"]),
    (run, ["--cfg", "job"]),
    (run, ["--cfg", "hydra"]),
    (report, ["--help"]),
    (export, ["--help"]),
    (bench, ["--help"]),
    (data, ["list"]),
    (data, ["--help"]),
]


@pytest.mark.parametrize(("command", "arguments"), COMMANDS, ids=lambda value: getattr(value, "__name__", None))
def test_every_command_ends_quietly_where_nobody_reads(command, arguments, closed, pictures, capfd):
    with redirect_stdout(closed):
        assert command.main(arguments) == CLOSED
    assert capfd.readouterr().err == ""


def test_a_run_that_nobody_reads_any_more_is_interrupted_and_can_be_resumed(closed, pictures, capfd, small_run):
    with redirect_stdout(closed):
        assert run.main([*small_run, "hydra.run.dir=run"]) == CLOSED
    assert '"status": "interrupted"' in (pictures / "run" / "results.json").read_text()
    assert "error" not in capfd.readouterr().err


@pytest.fixture
def small_run():
    return [
        "trainer=smoke",
        "model=cifar_shallow",
        "data=synthetic",
        "data.images=4",
        "data.size=32",
        "data.patch_size=16",
    ]


def test_an_error_that_nobody_reads_is_no_other_error(closed):
    with redirect_stderr(closed):
        assert denoise.main(["nowhere.png", "-o", "out"]) == CLOSED


def test_python_itself_does_not_complain_at_the_end():
    code = "import sys; from denoiser.cli.main import main; sys.exit(main())"
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-c", code, "--help"], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (CLOSED, "")


def test_warnings_are_a_line_that_no_terminal_obeys():
    before, texts = warnings.formatwarning, []

    def form():
        for file in (f"{os.sep}denoiser{os.sep}data.py", "library.py"):
            texts.append(warnings.formatwarning(f"copies of {EVIL}", UserWarning, file, 7, ""))
        return 0

    assert failures.guarded(form) == 0 and warnings.formatwarning is before
    assert texts == [f"warning: copies of {SAFE}\n", f"library.py:7: UserWarning: copies of {SAFE}\n"]


def test_names_in_errors_notes_and_lists_are_harmless(pictures, capsys):
    (pictures / "in").mkdir()
    (pictures / "a.png").rename(pictures / "in" / EVIL)
    (pictures / "in" / f"empty{EVIL}").touch()
    assert denoise.main(["in", "-o", f"{EVIL}-out", "--dry-run"]) == 1
    assert denoise.main([f"missing{EVIL}", "-o", "out"]) == 2
    assert report.main([f"run{EVIL}"]) == 2
    assert run.main([f"model={EVIL}"]) == 2
    assert data.main(["path", EVIL]) == 2
    output = "".join(capsys.readouterr())
    assert not set(EVIL) - set(SAFE) & set(output)
    assert output.count("]0;owned??[2J?1m") >= 6
