"""Bad files in folders: each is named with its reason, and the others are denoised."""

import os
import tempfile

import numpy as np
import pytest
import tifffile
from helpers.dimmer import array, error_output, files, picture, run
from PIL import Image

from denoiser.data.images import writing


def truncated(path):
    whole = picture(path.with_name("whole.jpg"), side=60).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    path.with_name("whole.jpg").unlink()


def with_nan(path):
    pixels = np.zeros((20, 20), np.float32)
    pixels[3, 4] = np.nan
    tifffile.imwrite(path, pixels)


def frames(path):
    pictures = [Image.fromarray(np.full((9, 9), value, np.uint8)) for value in (100, 200)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:])


def cut_page(path):
    frames(path)
    path.write_bytes(path.read_bytes()[:-9])


def locked(path):
    picture(path).unlink()
    path.symlink_to("/proc/self/mem")  # which nobody reads from its start, root neither


BAD = {
    "empty.png": (lambda path: path.touch(), "the file is empty"),
    "text.png": (lambda path: path.write_text("dear diary"), "not a picture"),
    "half.jpg": (truncated, "the file is cut off"),
    "bomb.png": (lambda path: picture(path, side=99), "104 x 99 = 10296 pixels, and the limit is 5000"),
    "nan.tif": (with_nan, "1 values are NaN or infinite"),
    "raw.png": (lambda path: path.write_bytes(b"FUJIFILMCCD-RAW " + bytes(99)), "raw file"),
    "pages.tif": (cut_page, "cut off"),
    "moves.webp": (frames, "animation"),
    "unreadable.png": (locked, "unreadable picture"),
}


def test_bad_pictures_are_named_at_the_end_and_the_rest_is_done(here, model, capsys):
    picture(here / "in" / "a.png")
    for name, (make, _) in BAD.items():
        make(here / "in" / name)
    picture(here / "in" / "z.png")
    err = error_output(capsys, 1, ["in", "-o", "out", "--checkpoint", model, "--max-pixels", 5000])
    lines = err.splitlines()
    assert len(lines) == len(BAD) + 2
    for name, (_, reason) in BAD.items():
        (line,) = (line for line in lines if line.startswith("failed: ") and f"(in/{name}); " in line)
        assert reason in line
    assert lines[-2].startswith(f"error: {len(BAD)} of {len(BAD) + 2} pictures could not be denoised (in/")
    assert files(here / "out") == ["a.png", "z.png"]


def test_a_single_bad_picture_is_reported_in_two_lines(here, model, capsys):
    picture(here / "a.png", side=99)
    err = error_output(capsys, 2, ["a.png", "-o", "out", "--checkpoint", model, "--max-pixels", 9])
    pixels = 99 * (99 + 5)
    assert err.splitlines() == [
        f"error: 104 x 99 = {pixels} pixels, and the limit is 9 (a.png)",
        f"fix: --max-pixels {pixels}",
    ]
    assert run("a.png", "-o", "out", "--checkpoint", model, "--max-pixels", pixels) == 0


def test_odd_pictures_are_denoised_all_the_same(here, model, capsys):
    (here / "in").mkdir()
    for name, shape in [("1x1.png", (1, 1)), ("1xN.png", (1, 300)), ("Nx1.png", (300, 1))]:
        Image.fromarray(np.full(shape, 100, np.uint8)).save(here / "in" / name)
    Image.fromarray(np.full((9, 9), 100, np.uint8)).save(here / "in" / "in-truth.png", format="BMP")
    assert run("in", "-o", "out", "--checkpoint", model) == 0
    assert files(here / "out") == files(here / "in")
    for name in files(here / "in"):
        assert (array(here / "out" / name) == 40).all(), name
    assert "note: a BMP file whose name ends in '.png'" in capsys.readouterr().out


def test_depth_is_not_lowered_unasked(here, model, capsys):
    (here / "in").mkdir()
    tifffile.imwrite(here / "in" / "deep.tif", np.full((9, 9), 60000, np.uint16))
    picture(here / "in" / "flat.tif")
    arguments = ["in", "-o", "out", "--checkpoint", model, "--format", "jpeg"]
    assert "--bits 8" in error_output(capsys, 1, arguments)
    assert files(here / "out") == ["flat.jpg"]
    assert run(*arguments, "--bits", "8") == 0
    assert array(here / "out" / "deep.jpg").mean() == pytest.approx(60000 / 257 * 0.4, abs=1)


def test_what_is_wrong_with_names_is_found_before_a_model_is_loaded(here, capsys, no_model):
    source = picture(here / "in" / "a.png")
    before = source.read_bytes()
    assert "would replace" in error_output(capsys, 2, ["in", "-o", "in", "--checkpoint", "run", "--overwrite"])
    assert "did you mean" in error_output(capsys, 2, ["im", "-o", "out", "--checkpoint", "run"])
    picture(here / "in2" / "a.png")
    assert "two pictures would become one file" in error_output(
        capsys, 2, ["in", "in2", "-o", "out", "--checkpoint", "run"]
    )
    assert source.read_bytes() == before and not (here / "out").exists()


def test_results_in_the_folder_of_the_pictures_are_not_denoised_again(here, model):
    picture(here / "in" / "a.png")
    arguments = ["in", "-o", "in/clean", "--checkpoint", model]
    assert run(*arguments) == 0
    picture(here / "in" / "b.png")
    assert run(*arguments) == 0
    assert files(here / "in") == ["a.png", "b.png", "clean/a.png", "clean/b.png"]


def test_a_place_that_cannot_be_written_is_found_before_a_model_is_loaded(here, capsys, no_model, monkeypatch):
    def read_only(dir):
        raise OSError(30, "Read-only file system")

    picture(here / "a.png")
    monkeypatch.setattr(tempfile, "TemporaryFile", read_only)
    assert "Read-only file system" in error_output(capsys, 3, ["a.png", "-o", "out"])


def test_a_full_disk_ends_the_work_and_leaves_nothing_half_written(here, model, capsys, monkeypatch):
    fsync, synced = os.fsync, []

    def full(file):
        synced.append(file)
        if len(synced) > 2:
            raise OSError(28, "No space left on device")
        fsync(file)

    for number in range(40):
        picture(here / "in" / f"{number}.png")
    monkeypatch.setattr(os, "fsync", full)
    arguments = ["in", "-o", "out", "--checkpoint", model]
    assert "No space left" in error_output(capsys, 3, arguments)
    done = files(here / "out")
    assert len(done) == 2 and len(synced) < 40
    monkeypatch.setattr(os, "fsync", fsync)
    assert run(*arguments) == 0
    assert capsys.readouterr().out.startswith("2 outputs exist already")
    assert files(here / "out") == files(here / "in")


def test_a_name_that_cannot_be_written_is_one_failure_and_no_full_disk(here, model, capsys, monkeypatch):
    monkeypatch.setattr(writing, "longest_name", lambda folder: 999)  # as if the file system did not say
    picture(here / "in" / "a.png")
    long = picture(here / "in" / ("x" * 251 + ".png"))
    words = ["in", "-o", "out", "--checkpoint", model, "--precision", "32", "--format", "webp"]
    err = error_output(capsys, 1, words)
    assert "File name too long" in err and long.name in err
    assert files(here / "out") == ["a.webp"]
