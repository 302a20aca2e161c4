"""`--compare`: every picture that is done is on the page, whatever came between, and the page's path is printed."""

import json
from pathlib import Path

import pytest
from helpers.dimmer import array, dimmed, error_output, files, picture, run

from denoiser.data.images import writing
from denoiser.photos.before_after import BeforeAfterPages


@pytest.fixture(autouse=True)
def here(here):
    for name in ("a.png", "b.png"):
        picture(here / "in" / name)
    return here


@pytest.fixture
def arguments(model):
    return ["in", "-o", "out", "--checkpoint", model, "--compare"]


def test_a_picture_that_is_there_is_on_the_page_however_the_work_ended(here, arguments, monkeypatch):
    once, seen = writing.write, []

    def write(path, *rest):  # at each moment, as if the process were killed in it
        seen.append(len(list(Path("out/compare/parts").glob(f"{path.stem}-*/picture.json"))))
        return once(path, *rest)

    monkeypatch.setattr(writing, "write", write)
    assert run(*arguments) == 0
    assert seen == [1, 1]


def test_a_page_that_cannot_be_written_is_noted_and_costs_no_picture(here, arguments, capsys):
    (here / "out").mkdir()
    (here / "out" / "compare").touch()
    assert run(*arguments) == 0
    for name in ("a.png", "b.png"):
        assert (array(here / "out" / name) == dimmed(here / "in" / name)).all()
    output = capsys.readouterr()
    assert "note: not on the before/after page: " in output.out and "(2 pictures)" in output.out
    assert "index.html" not in output.out and not output.err


def test_the_page_is_reported_and_made_again_where_everything_is_done(here, arguments, capsys):
    assert run(*arguments) == 0
    (here / "out" / "compare" / "index.html").unlink()
    (here / "out" / "c.png").write_bytes(picture(here / "in" / "c.png").read_bytes())
    capsys.readouterr()
    assert run(*arguments) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "1 output is not on the before/after page; --overwrite denoises it again",
        "before and after: out/compare/index.html",
        "out",
    ]
    assert "a.png" in (here / "out" / "compare" / "index.html").read_text()


def test_no_page_is_made_of_nothing(here, arguments, capsys):
    assert run(*arguments[:-1]) == 0
    capsys.readouterr()
    assert run(*arguments) == 0
    assert "2 outputs are not on the before/after page; --overwrite denoises them again" in capsys.readouterr().out
    assert files(here / "out") == ["a.png", "b.png"]


def test_the_page_of_one_file_is_found_again(here, model, capsys):
    for _ in range(2):
        assert run("in/a.png", "-o", "b.png", "--checkpoint", model, "--compare") == 0
        assert "before and after: b-compare/index.html" in capsys.readouterr().out.splitlines()


def test_what_the_page_shows_is_not_denoised_by_a_later_run(here, model):
    assert run("in", "-o", "in/out", "--checkpoint", model, "--compare") == 0
    assert run("in", "-o", "in/out2", "--checkpoint", model) == 0
    assert files(here / "in" / "out2") == ["a.png", "b.png", "out/a.png", "out/b.png"]


def test_a_stop_while_the_page_is_made_is_reported_in_two_lines(here, arguments, capsys, monkeypatch):
    def finish(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(BeforeAfterPages, "finish", finish)
    assert error_output(capsys, 130, arguments).splitlines() == [
        "error: interrupted: every file written so far is complete",
        "fix: the same command resumes",
    ]


def test_a_folder_of_that_name_which_holds_something_else_is_left_alone(here, arguments, capsys):
    (here / "out" / "compare").mkdir(parents=True)
    (here / "out" / "compare" / "index.html").write_text("mine")
    assert "fix: give another -o" in error_output(capsys, 2, arguments)
    assert files(here / "out") == ["compare/index.html"]
    assert (here / "out" / "compare" / "index.html").read_text() == "mine"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--strength", 0.5], "strength 0.5"),
        (["--strength", 2, "--texture", 0.5], "strength 2, texture 0.5"),
        (["--chroma-strength", 0.5], "chroma strength 0.5"),
        ([], None),
    ],
)
def test_the_page_shows_the_settings_and_the_models_own_output(here, arguments, options, said):
    assert run(*arguments, *options) == 0
    page = (here / "out" / "compare" / "index.html").read_text()
    outputs = sorted((here / "out" / "compare" / "parts").glob("*/network.png"))
    if said is None:
        assert outputs == [] and "strength" not in page
        return
    assert f"· {said} (" in page and len(outputs) == 2
    for shown, name in zip(outputs, ("a.png", "b.png"), strict=True):
        top, left, side = json.loads(shown.with_name("picture.json").read_text())["block"]
        expected = dimmed(here / "in" / name)[top : top + side, left : left + side]
        assert (array(shown) == expected).all()
