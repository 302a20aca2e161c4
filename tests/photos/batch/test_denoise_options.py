"""Options that cannot have an effect are refused; one picture that cannot be denoised is no failure among many."""

import numpy as np
import pytest
from helpers.dimmer import error_output, files, picture, run


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--axes", "HWC"], "--axes is for arrays in .npy files, and there is none (--axes HWC)"),
        (["--texture", "0.5", "--chroma-only"], "--texture has no effect where the brightness is kept (--texture 0.5)"),
        (["--texture", "1", "--strength", "0"], "--texture has no effect where the brightness is kept (--texture 1)"),
        (
            ["--strength", "2", "--chroma-only", "--chroma-strength", "1.5"],
            "--strength has no effect with --chroma-only and --chroma-strength (--strength 2)",
        ),
    ],
)
def test_an_option_without_an_effect_is_refused(options, what, here, model, capsys):
    picture(here / "a.png", 3)
    err = error_output(capsys, 2, ["a.png", "-o", "out", "--checkpoint", model, *options])
    assert err.splitlines() == [f"error: {what}", f"fix: leave out {options[0]}"]
    assert files(here) == ["a.png"]


def test_axes_are_those_of_the_arrays_among_pictures_whatever_their_names(here, model):
    picture(here / "in" / "a.png")
    np.save(here / "in" / "b.npy", np.full((3, 12, 17), 100, np.uint8))
    (here / "in" / "b.npy").rename(here / "in" / "b.tif")
    assert run("in", "-o", "out", "--checkpoint", model, "--axes", "NHW", "--format", "tiff") == 0
    assert files(here / "out") == ["a.tif", "b.tif"]


def test_one_named_picture_that_fails_is_not_one_of_many(here, model, capsys):
    (here / "in").mkdir()
    (here / "in" / "bad.png").write_text("no picture")
    rest = ["-o", "out", "--checkpoint", model]
    assert "not a picture (in/bad.png)" in error_output(capsys, 2, ["in/bad.png", *rest])
    assert "not a picture (in/bad.png)" in error_output(capsys, 2, ["in/bad.png", *rest, "--dry-run"])
    assert "not a picture (in/bad.png)" in error_output(capsys, 1, ["in", *rest])
    picture(here / "good.png")
    assert "not a picture (in/bad.png)" in error_output(capsys, 1, ["in/bad.png", "good.png", *rest])


def test_a_name_without_an_ending_is_said_in_plain_words(here, model, capsys):
    picture(here / "a.png").rename(here / "scan")
    err = error_output(capsys, 2, ["scan", "-o", "out", "--checkpoint", model])
    assert "the name of the output has no ending such as .png, which says the format (out/scan)" in err
    assert "fix: a name ending in .png as -o, or --format png for a folder" in err
    assert run("scan", "-o", "out", "--checkpoint", model, "--format", "png") == 0


def test_an_empty_output_is_not_the_working_folder(here, capsys, no_model):
    picture(here / "in" / "a.png")
    assert "the path is empty" in error_output(capsys, 2, ["in", "-o", ""])
    assert files(here) == ["in/a.png"]
