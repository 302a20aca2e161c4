"""The pictures that a path means: a file, a folder or a pattern, whatever its name."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from denoiser.data.images.skipped import Skipped
from denoiser.errors import DenoiserError
from denoiser.photos import comparison_folder
from denoiser.photos.batch import inputs

NOWHERE = Path("nowhere")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(*names):
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")


def find(path, results=NOWHERE):
    def unread(folder, error):
        raise error

    return {source.path: source.name for source in inputs.find(path, results, unread)}


def refused(path):
    with pytest.raises(DenoiserError) as raised:
        find(path)
    return raised.value


def test_a_folder_gives_its_pictures_in_the_order_of_names_without_hidden_ones():
    files("in/b.png", "in/a/z.JPG", "in/a.TIF", "in/.git/c.png", "in/.d.png", "in/notes.txt", "in/a.png/e.webp")
    sources = list(inputs.find("in", NOWHERE, print))
    assert [source.name for source in sources] == ["a.TIF", "b.png", "a/z.JPG", "a.png/e.webp"]
    assert {source.size for source in sources} == {5} and len({source.identity for source in sources}) == 4


def test_a_link_to_a_picture_is_followed_and_one_to_a_folder_is_not():
    files("in/a.png", "elsewhere/b.png")
    Path("in/up").symlink_to(Path.cwd() / "in")
    Path("in/link.png").symlink_to(Path.cwd() / "elsewhere/b.png")
    Path("in/broken.png").symlink_to("nothing.png")
    assert find("in") == {"in/a.png": "a.png", "in/link.png": "link.png"}


def test_results_in_a_folder_inside_are_no_pictures_to_denoise():
    files("in/a.png", "in/clean/a.png", "in/clean/deep/b.png")
    assert find("in", Path("in/clean")) == find("in/**", Path("in/clean")) == {"in/a.png": "a.png"}
    assert find("in/clean", Path("in/clean")) == {"in/clean/a.png": "a.png", "in/clean/deep/b.png": "deep/b.png"}


def test_a_pattern_keeps_the_tree_below_what_it_does_not_leave_open():
    files("in/x/raw.png", "in/y/raw.png", "in/y/raw.txt", "in/y/deep/raw.png")
    assert find("in/*/raw.*") == {"in/x/raw.png": "x/raw.png", "in/y/raw.png": "y/raw.png"}
    everything = {"in/x/raw.png": "x/raw.png", "in/y/raw.png": "y/raw.png", "in/y/deep/raw.png": "y/deep/raw.png"}
    assert find("in/**/*.png") == find("in/*") == find("in") == everything
    assert set(find("*/x/raw.png").values()) == {"in/x/raw.png"}
    assert set(find(f"{Path.cwd()}/in/[x]/*").values()) == {"x/raw.png"}


def test_what_is_there_by_that_name_is_meant_and_no_pattern():
    files("a[1].png", "a1.png", "in [2024]*/b.png")
    assert find("a[1].png") == {"a[1].png": "a[1].png"}
    assert find("in [2024]*") == {"in [2024]*/b.png": "b.png"}
    assert find("a[12].png") == {"a1.png": "a1.png"}


@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_of_any_name_is_found_by_it_and_in_its_folder(name):
    name += ".png"
    if len(name.encode()) > 200:
        return
    files(f"in/{name}")
    try:
        assert find(f"in/{name}") == {f"in/{name}": name}
        hidden = name.startswith(".")
        assert list(inputs.find("in", NOWHERE, print)) if not hidden else refused("in")
    finally:
        Path("in", name).unlink()


def test_a_name_that_is_no_unicode_is_found():
    folder = Path("in")
    folder.mkdir()
    name = os.fsdecode(b"\xff.png")
    (folder / name).write_bytes(b"1")
    assert find("in") == {f"in/{name}": name}


def test_a_path_that_is_not_there_gets_the_nearest_name(here):
    files("holiday/beach.png")
    assert f"{here / 'holiday' / 'beach.png'}?" in refused("holiday/baech.png").fix
    assert f"{here / 'holiday'}?" in refused("holliday/beach.png").fix


def test_nothing_to_denoise(here):
    files("in/notes.txt")
    assert refused("in").what == "no picture in the folder (in)"
    assert refused("in/*").what == "no picture matches (in/*)"
    assert refused("").what == "a path is empty (PATH)"
    os.mkfifo("pipe.png")
    assert refused("pipe.png").what == "neither a file nor a folder (pipe.png)"


def test_a_folder_that_cannot_be_read_is_reported_and_the_others_are_searched(monkeypatch):
    files("in/a.png", "in/closed/b.png", "in/open/c.png")
    scandir, unread_folders = os.scandir, []

    def refusing(path):
        if os.fspath(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    sources = inputs.find("in", NOWHERE, lambda folder, error: unread_folders.append((folder, error.strerror)))
    assert [source.name for source in sources] == ["a.png", "open/c.png"]
    assert unread_folders == [("in/closed", "Permission denied")]


READ = ("a.apng", "b.dib", "c.gif", "d.jfif", "e.jpe", "f.mpo", "g.pnm")


def test_whatever_can_be_read_is_found():
    files(*(f"in/{name}" for name in READ))
    assert list(find("in").values()) == list(READ)


def test_kinds_that_are_not_read_are_counted_once_with_what_converts_them():
    files("in/a.png", "in/b.HEIC", "in/deep/c.nef", "in/deep/d.txt", "in/deep/.e.nef", "in/g.dng", "raw/f.cr3")
    others = Skipped()
    for pattern in ("in", "in/**", Path.cwd() / "in"):
        list(inputs.find(str(pattern), NOWHERE, print, others))
    heic, raw = others.messages()
    assert heic.startswith("left out: a HEIC picture (in/b.HEIC); ") and "magick FILE" in heic
    assert raw.startswith("left out: 2 raw files of cameras (.dng, .nef); dcraw_emu") and "16-bit TIFF" in raw
    error = refused("raw")
    assert error.what == "no picture in the folder, but a camera's raw file (raw)" and "dcraw_emu" in error.fix


def test_pictures_without_a_suffix_or_with_a_wrong_one_are_mentioned():
    files("in/a.png", "in/readme", "in/notes.txt", "in/BMW", "in/P5 is a state")
    Path("in/BMW").write_text("BMW has many models")
    Path("in/P5 is a state").write_text("P5")
    for name in ("IMG_0001", "scan.dat", "x.jpg_original", "y.bak"):
        Image.new("L", (9, 9)).save(Path("in", name), "PNG")
    Path("in/photo").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1")
    os.mkfifo("in/pipe")  # which nobody writes to: reading it would never end
    others = Skipped()
    assert [source.name for source in inputs.find("in", NOWHERE, print, others)] == ["a.png"]
    heic, unnamed = sorted(others.messages(), key=lambda line: "HEIC" not in line)
    assert heic.startswith("left out: a HEIC picture (in/photo); ")
    assert unnamed == (
        "left out: 4 pictures whose names do not end as a picture's (in/IMG_0001, in/scan.dat, "
        "in/x.jpg_original, ...); add .jpg, .png or .tif to their names"
    )


def test_a_page_of_before_and_after_holds_no_pictures_unless_it_is_named():
    files("in/a.png", "in/out/b.png", f"in/out/compare/{comparison_folder.COMPARED}", "in/out/compare/b.jpg")
    files("in/out/compare/parts/b/after.png")
    assert find("in") == find("in/**") == {"in/a.png": "a.png", "in/out/b.png": "out/b.png"}
    assert list(find("in/out/compare").values()) == ["b.jpg", "parts/b/after.png"]


def test_a_pattern_that_leads_up_again_names_nothing_beside_the_results():
    files("a/x/c.png", "b/p.png", "b/deep/q.png")
    assert list(find("a/*/../../b/*.png").values()) == ["p.png"]
    assert sorted(find("a/*/../../b").values()) == ["b/deep/q.png", "b/p.png"]


def test_linked_folders_are_left_out_and_reported():
    files("in/a.png", "else/b.png")
    Path("in/link").symlink_to(Path("else").absolute())
    others = Skipped()
    assert [source.name for source in inputs.find("in", NOWHERE, print, others)] == ["a.png"]
    assert list(others.messages()) == ["left out: 1 linked folder (in/link/)"]
