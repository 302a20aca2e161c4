"""The command: its inputs, its outputs and its messages."""

import os
import re

import numpy as np
import pytest
import torch
from helpers.dimmer import FACTOR, array, checkpoint, dimmed, error_output, files, picture, run
from PIL import Image

from denoiser.photos import model_choice
from denoiser.photos.batch.progress import BatchProgress
from denoiser.photos.model_choice import Models
from denoiser.photos.noise_measure import MeasuredNoise

ONE_KEPT = "1 output exists already and is kept, whatever its options were; --overwrite replaces it"


@pytest.fixture(scope="module")
def colour(tmp_path_factory):
    return checkpoint(tmp_path_factory.mktemp("colour") / "run", 3)


@pytest.mark.parametrize("channels", [1, 3])
def test_one_picture_to_one_file(here, capsys, request, channels):
    source = picture(here / "a.png", channels)
    model = request.getfixturevalue("model" if channels == 1 else "colour")
    assert run(str(source), "-o", "out.png", "--checkpoint", model) == 0
    assert (array(here / "out.png") == dimmed(source)).all()
    output = capsys.readouterr()
    first, last = output.out.splitlines()
    assert re.match(r"1 picture, 0\.0+[1-9]\d megapixels in ", first) and last == "out.png"
    assert not output.err
    assert files(here) == ["a.png", "out.png"]  # no logs, no checkpoints


def test_folders_files_and_patterns_into_a_folder_with_their_tree(here, model, capsys):
    picture(here / "photos" / "a.png")
    picture(here / "photos" / "deep" / "b.TIF")
    picture(here / "photos" / ".hidden" / "c.png")
    picture(here / "d.bmp")
    picture(here / "more" / "2" / "e.png")
    assert run("photos", "d.bmp", "-o", "out", "--checkpoint", model, "more/*/e.png") == 0
    assert files(here / "out") == ["2/e.png", "a.png", "d.bmp", "deep/b.TIF"]
    assert capsys.readouterr().out.splitlines()[-1] == "out"


NAMES = ["with space.png", "a=b.png", "[x]*?.png", "größe 猫.png", "-o.png", "line\nbreak.png", "100%.png", "'\"$.png"]


def test_names_of_every_kind_just_work(here, model, capsys):
    sources = [picture(here / "in [1]" / name) for name in NAMES]
    assert run("in [1]", "-o", "out = x", "--checkpoint", model) == 0
    assert files(here / "out = x") == sorted(NAMES)
    names = [str(source.relative_to(here)) for source in sources]
    assert run("-o", "out2", "--checkpoint", model, *names) == 0
    assert all((array(here / "out2" / name) == dimmed(here / "in [1]" / name)).all() for name in NAMES)
    picture(here / "-leading.png")
    assert run("-o", "out3", "--checkpoint", model, "--", "-leading.png") == 0
    assert files(here / "out3") == ["-leading.png"]
    assert not capsys.readouterr().err


def test_a_name_that_is_no_unicode_can_be_reported(here, model, capsys):
    picture(here / "in" / "\udcff.png")
    assert run("in", "-o", "\udcfe", "--checkpoint", model) == 0
    assert files(here / "\udcfe") == ["\udcff.png"]
    assert capsys.readouterr().out.splitlines()[-1] == "?"


def test_the_format_is_that_of_the_file_to_write_or_the_one_asked_for(here, model):
    assert run(str(picture(here / "a.png")), "-o", "out.tif", "--checkpoint", model) == 0
    with Image.open(here / "out.tif") as written:
        assert (written.format, written.mode) == ("TIFF", "L")
    assert run("a.png", "-o", "out", "--checkpoint", model, "--format", "webp") == 0
    assert files(here / "out") == ["a.webp"]


def test_what_is_done_already_is_left_alone_unless_it_may_be_overwritten(here, model, capsys, monkeypatch):
    picture(here / "in" / "a.png")
    picture(here / "in" / "b.png")
    old = picture(here / "out" / "a.png")
    before = old.read_bytes()
    arguments = ["in", "-o", "out", "--checkpoint", model]
    assert run(*arguments) == 0
    assert capsys.readouterr().out.startswith(f"{ONE_KEPT}\n1 picture, ")
    assert old.read_bytes() == before and files(here / "out") == ["a.png", "b.png"]
    assert run(*arguments, "--overwrite") == 0
    assert (array(old) == dimmed(here / "in" / "a.png")).all()
    monkeypatch.setattr(model_choice.Models, "restorer", lambda self, channels: pytest.fail("a model was loaded"))
    assert run(*arguments) == 0
    kept = "2 outputs exist already and are kept, whatever their options were; --overwrite replaces them"
    assert capsys.readouterr().out.splitlines()[-2:] == [kept, "out"]


def test_a_dry_run_says_what_would_be_done_and_does_nothing(here, model, capsys):
    picture(here / "in" / "a.png", 3)
    picture(here / "in" / "b.png")
    (here / "in" / "c.png").write_text("no picture")
    picture(here / "out" / "b.jpg")
    before = files(here)
    arguments = ["in", "-o", "out", "--checkpoint", model, "--dry-run", "--format", "jpeg"]
    assert run(*arguments) == 1
    output = capsys.readouterr()
    assert output.out.splitlines() == [
        ONE_KEPT,
        f"in/a.png -> out/a.jpg (17x12, colour, 8 bits, model {model}, its channels (R, G, B) one by one)",
        "out",
    ]
    assert output.err.startswith("error: not a picture (in/c.png)\n")
    assert files(here) == before


@pytest.mark.parametrize(("white", "name"), [(False, "camera"), (True, "photo")])
def test_a_verbose_dry_run_measures_each_picture_and_lists_the_model_for_its_noise(
    white, name, here, capsys, monkeypatch
):
    picture(here / "a.png", 3)
    noise = MeasuredNoise((4.1, 3.4, 5.2), 1.71, white)
    monkeypatch.setattr(Models, "measured", lambda self, photo, equal_channels=False: noise)
    assert run("a.png", "-o", "out", "--dry-run", "-v") == 0
    line = f"a.png -> out/a.png (17x12, colour, 8 bits, model {name}; {noise})"
    assert capsys.readouterr().out.splitlines() == [line] and not (here / "out").exists()


def test_a_model_of_other_channels_takes_the_picture_and_says_so_once(here, model, colour, capsys):
    picture(here / "in" / "a.png", 3)
    picture(here / "in" / "b.png", 3)
    assert run("in", "-o", "out", "--checkpoint", model) == 0
    assert (array(here / "out" / "a.png") == dimmed(here / "in" / "a.png")).all()
    note = "of a colour picture it denoised its channels (R, G, B) one by one (2 pictures)"
    assert note in capsys.readouterr().out.splitlines()[0]


def test_strength_is_how_much_of_the_denoising_there_is(here, model):
    source = picture(here / "a.png", side=90)
    assert run("a.png", "-o", "out.png", "--checkpoint", model, "--strength", "0.5", "--tile", "64") == 0
    expected = array(source) * (0.5 + 0.5 * FACTOR)
    assert np.abs(array(here / "out.png") - expected).max() < 0.51


def test_comparing_writes_a_page_and_bits_are_as_asked_for(here, model, capsys):
    picture(here / "in" / "a.png")
    arguments = ["in", "-o", "out", "--checkpoint", model, "--compare", "--bits", "16"]
    assert run(*arguments) == 0
    assert "before and after: out/compare/index.html" in capsys.readouterr().out.splitlines()
    assert "a.png" in (here / "out" / "compare" / "index.html").read_text()
    deep = array(here / "out" / "a.png")
    assert deep.dtype == np.uint16 and (deep % 257).any()  # denoised at 16 bits, not rounded to 8 in between
    assert np.abs(deep - array(here / "in" / "a.png") * 257.0 * FACTOR).max() <= 1
    assert run("in/a.png", "-o", "b.png", "--checkpoint", model, "--compare") == 0
    assert (here / "b-compare" / "index.html").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.png", "-o", "out", "--overwite"], "did you mean --overwrite?"),
        (["-o", "out"], "PATH"),
        (["a.png"], "-o"),
        (["a.png", "-o"], "expected one argument"),
        (["a.png", "-o", "out", "--sigma", "0.1"], "did you mean 25.5?"),
        (["a.png", "-o", "out", "--sigma", "much"], "neither auto nor a number: much"),
        (["a.png", "-o", "out", "--tile", "0"], "not above 0"),
        (["a.png", "-o", "out", "--strength", "2.5"], "--strength 2.5"),
        (["a.png", "-o", "out", "--chroma-strength", "nan"], "--chroma-strength nan"),
        (["a.png", "-o", "out", "--texture", "2"], "--texture 2"),
        (["a.png", "-o", "out", "--chroma-strength", "much"], "--chroma-strength"),
        (["a.png", "-o", "out", "-v"], "--dry-run -v"),
        (["a.png", "-o", "out", "--precision", "half"], "--precision half"),
        (["a.png", "-o", "out", "--device", "tpu9"], "--device cpu"),
        (["a.png", "-o", "out", "--format", "gif"], "--format"),
        (["a.png", "-o", "out", "--checkpoint", "x", "--model", "y"], "several models are named"),
    ],
)
def test_wrong_arguments_are_reported_in_two_lines(here, capsys, no_model, arguments, said):
    picture(here / "a.png")
    err = error_output(capsys, 2, arguments)
    assert said in err and len(err.splitlines()) == 2
    assert not (here / "out").exists()


def test_a_model_that_is_not_there_gets_the_nearest_name(here, model, capsys):
    picture(here / "a.png")
    assert f"did you mean {model}?" in error_output(capsys, 2, ["a.png", "-o", "out", "--checkpoint", f"{model}s"])
    assert "nonsuch.pth" in error_output(capsys, 2, ["a.png", "-o", "out", "--weights", "nonsuch.pth"])
    assert "leave out --sigma" in error_output(
        capsys, 2, ["a.png", "-o", "out", "--checkpoint", model, "--sigma", "25"]
    )
    assert not (here / "out").exists()


def test_a_model_that_gives_no_numbers_writes_nothing(here, tmp_path_factory, capsys):
    run = checkpoint(tmp_path_factory.mktemp("broken") / "run", 1)
    file = f"{run}/checkpoints/best.ckpt"
    content = torch.load(file, weights_only=True)
    content["state_dict"]["network.weight"].fill_(torch.nan)
    torch.save(content, file)
    picture(here / "a.png")
    assert "not finite (a.png)" in error_output(capsys, 2, ["a.png", "-o", "out", "--checkpoint", run])
    assert not (here / "out").exists()


LONG = ["a" * 236 + ".png", "b" * 237 + ".png", "c" * 251 + ".png", "写" * 81 + ".png"]


def test_names_up_to_the_limit_of_the_file_system(here, model, capsys):
    for name in LONG:
        picture(here / "in" / name)
    assert run("in", "-o", "out", "--checkpoint", model, "--compare") == 0
    assert {name for name in files(here / "out") if "/" not in name} == set(LONG)
    (here / "longest").mkdir()
    target = here / "longest" / ("d" * 251 + ".png")
    assert run(here / "in" / LONG[0], "-o", target, "--checkpoint", model, "--compare") == 0
    assert len([path for path in (here / "longest").iterdir() if path.is_dir()]) == 1 and target.is_file()
    capsys.readouterr()


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_a_name_that_the_new_suffix_makes_too_long_is_named_in_time(dry, here, model, capsys):
    picture(here / "in" / LONG[2])
    assert run("in", "-o", "out", "--format", "tiff", "--checkpoint", model, *dry) == 0
    picture(here / "in" / ("c" * 250 + ".webp"))
    (here / "in" / ("c" * 250 + ".webp")).rename(here / "in" / ("e" * 251 + ".bmp"))
    assert run("in", "-o", "out", "--format", "webp", "--checkpoint", model, *dry) == 1
    assert "the name has 256 bytes, and 255 are possible" in capsys.readouterr().err


YEARS_AGO = 1_300_000_000_123_456_789


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        (["in"], True),
        (["in/*.png"], True),
        (["in/a.png"], False),
        (["in", "--no-keep-times"], False),
        (["in/a.png", "--keep-times"], True),
    ],
)
def test_outputs_of_folders_keep_the_time_of_their_pictures(here, model, arguments, kept):
    source = picture(here / "in" / "a.png")
    os.utime(source, ns=(YEARS_AGO, YEARS_AGO))
    assert run(*arguments, "-o", "out", "--checkpoint", model) == 0
    assert ((here / "out" / "a.png").stat().st_mtime_ns == source.stat().st_mtime_ns) == kept


def test_an_output_that_kept_its_time_is_done_until_the_picture_changes(here, model, capsys):
    source = picture(here / "in" / "a.png")
    command = "in", "-o", "out", "--checkpoint", model
    assert run(*command) == run(*command) == 0
    assert ONE_KEPT in capsys.readouterr().out
    os.utime(source)
    assert run(*command) == 0
    assert "though older than its picture" in capsys.readouterr().out


def test_a_picture_in_tiles_shows_how_much_of_it_is_done(here, colour, monkeypatch):
    shares, reach = [], BatchProgress.reach
    monkeypatch.setattr(BatchProgress, "reach", lambda self, *call: shares.append(call[-1]) or reach(self, *call))
    picture(here / "a.png", 3, side=150)
    assert run("a.png", "-o", "out", "--checkpoint", colour, "--tile", "64") == 0
    assert shares == sorted(shares) and len(shares) >= 6 and shares[0] < 0.3 and shares[-1] == 1
