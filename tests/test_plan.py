import os
import tempfile
from pathlib import Path

import pytest

from denoiser.errors import DenoiserError
from denoiser.plan import Job, check, plan


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def picture(name):
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"a picture")
    return path


def refused(reason, paths, out, overwrite=False, code=2):
    with pytest.raises(DenoiserError, match=rf"^error: [^\n]*{reason}[^\n]*\nfix: .+$") as raised:
        check(plan([Path(path) for path in paths], Path(out)), overwrite)
    assert raised.value.code == code
    return raised.value


def test_a_folder_keeps_its_tree_and_a_file_its_name():
    sources = [picture("in/a.png"), picture("in/deep/b.jpg"), picture("c.tif")]
    jobs = plan([Path("in"), Path("c.tif")], Path("out"))
    assert jobs == [
        Job(sources[0], Path("out/a.png")),
        Job(sources[1], Path("out/deep/b.jpg")),
        Job(sources[2], Path("out/c.tif")),
    ]
    check(jobs, overwrite=False)
    assert not Path("out").exists()


def test_out_is_a_file_for_one_picture_and_an_image_name_only():
    one, two = picture("a.png"), picture("b.png")
    assert plan([one], Path("out.jpg")) == [Job(one, Path("out.jpg"))]
    assert plan([one], Path("out.v2")) == [Job(one, Path("out.v2/a.png"))]
    Path("album.png").mkdir()
    assert plan([one], Path("album.png")) == [Job(one, Path("album.png/a.png"))]
    assert [job.target for job in plan([one, two], Path("out.jpg"))] == [Path("out.jpg/a.png"), Path("out.jpg/b.png")]


def test_a_file_that_exists_needs_overwrite():
    source, target = picture("in/a.png"), picture("out/a.png")
    assert "--overwrite" in refused(r"the file exists \(out/a\.png\)", ["in"], "out").fix
    check([Job(source, target)], overwrite=True)


def other_name(kind):
    Path("links").mkdir()
    other = Path("links/other.png")
    if kind == "symbolic link":
        other.symlink_to(Path("in/a.png").absolute())
    if kind == "hard link":
        os.link("in/a.png", other)
    return {"itself": "in/a.png", "through ..": "links/../in/a.png"}.get(kind, other)


@pytest.mark.parametrize("kind", ["itself", "through ..", "symbolic link", "hard link"])
def test_a_picture_is_never_written_onto_itself(kind):
    picture("in/a.png")
    refused(r"would replace the picture itself \(in/a\.png\)", ["in/a.png"], other_name(kind), overwrite=True)


def test_a_picture_is_never_written_onto_another_that_is_read():
    picture("in/a.png")
    picture("in/deep/a.png")
    picture("other/a.png")
    refused(r"would replace the picture itself \(in/a\.png\)", ["in"], "in", overwrite=True)
    refused(r"would replace the picture itself \(in/deep/a\.png\)", ["in/deep"], "in/deep", True)
    refused("two pictures would become one file", ["in", "other"], "in", overwrite=True)


def test_a_symbolic_link_that_leads_nowhere_is_not_replaced():
    picture("in/a.png")
    Path("out.png").symlink_to("nowhere.png")
    refused(r"the file exists \(out\.png\)", ["in/a.png"], "out.png")


def test_two_pictures_that_would_become_one_file():
    refused(
        r"one file: x/a\.png and y/a\.png \(out/a\.png\)",
        [picture("x/a.png"), picture("y/a.png")],
        "out",
        overwrite=True,
    )
    assert not Path("out").exists()


def test_one_picture_given_twice_is_one_job():
    source = picture("x/a.png")
    assert plan([Path("x"), source, Path("x")], Path("out")) == [Job(source, Path("out/a.png"))]


def test_results_in_a_folder_inside_are_no_pictures_to_denoise():
    source = picture("in/a.png")
    picture("in/clean/a.png")
    assert plan([Path("in")], Path("in/clean")) == [Job(source, Path("in/clean/a.png"))]


def test_a_path_that_is_not_there_gets_the_nearest_name(here):
    picture("holiday/beach.png")
    assert f"{here / 'holiday' / 'beach.png'}?" in refused("no such picture", ["holiday/baech.png"], "out").fix
    assert f"{here / 'holiday'}?" in refused("no such picture", ["holliday/beach.png"], "out").fix


def test_a_folder_without_pictures():
    Path("in").mkdir()
    refused(r"no picture in the folder \(in\)", ["in"], "out")


@pytest.mark.parametrize(("name", "out"), [("a.png", "out.psd"), ("a.png", "out.gif"), ("a.gif", "out"), ("a", "out")])
def test_a_format_that_is_not_written(name, out):
    assert ".png" in refused("no format for", [picture(name)], out).fix


def test_a_place_that_cannot_be_written(here, monkeypatch):
    def read_only(dir):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", read_only)
    refused(rf"Read-only file system \({here}\)", [picture("a.png")], "new/out", code=3)
    assert not Path("new").exists()


def test_a_file_or_a_folder_in_the_way():
    source = picture("a.png")
    Path("file").touch()
    refused("a file stands where a folder is needed", [source], "file/out")
    Path("out/a.png").mkdir(parents=True)
    refused("a folder stands where the picture would go", [source], "out", overwrite=True)
