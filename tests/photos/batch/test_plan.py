import os
import tempfile
from pathlib import Path

import pytest

from denoiser.errors import DenoiserError
from denoiser.photos.batch.plan import Job, plan


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def picture(name, content=b"a picture"):
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)


def refused(reason, paths, out, code=2, **options):
    with pytest.raises(DenoiserError, match=rf"^error: [^\n]*{reason}[^\n]*\nfix: .+$") as raised:
        plan(paths, Path(out), **options)
    assert raised.value.code == code
    return raised.value


def planned(paths, out, **options):
    return [(job.source, job.target) for job in plan(paths, Path(out), **options).jobs]


def test_a_folder_keeps_its_tree_and_a_file_its_name():
    sources = [picture("in/a.png"), picture("in/deep/b.jpg", b"123"), picture("c.tif")]
    result = plan(["in", "c.tif"], Path("out"))
    assert result.jobs == [
        Job(sources[0], "out/a.png", 9),
        Job(sources[1], "out/deep/b.jpg", 3),
        Job(sources[2], "out/c.tif", 9),
    ]
    assert (result.kept, result.unread, result.leftovers) == ([], [], [])
    assert not Path("out").exists()


def test_out_is_a_file_for_one_picture_and_an_image_name_only():
    one, two = picture("a.png"), picture("b.png")
    assert planned([one], "out.jpg") == [(one, "out.jpg")]
    assert planned([one], "out.v2") == [(one, "out.v2/a.png")]
    Path("album.png").mkdir()
    assert planned([one], "album.png") == [(one, "album.png/a.png")]
    assert planned([one, two], "album.png") == [(one, "album.png/a.png"), (two, "album.png/b.png")]


def test_a_format_changes_the_suffix_unless_it_is_one_of_its_own():
    one, two, three = picture("in/a.png"), picture("in/b.JPEG"), picture("scan")
    jpeg = (".jpg", ".jpeg")
    assert planned(["in", three], "out", suffixes=jpeg) == [
        (one, "out/a.jpg"),
        (two, "out/b.JPEG"),
        (three, "out/scan.jpg"),
    ]
    assert planned([one], "out.jpeg", suffixes=jpeg) == [(one, "out.jpeg")]
    assert refused("two formats are given", [one], "out.png", suffixes=jpeg).fix == "leave out --format"


def test_a_format_that_brings_two_pictures_together():
    picture("in/a.png"), picture("in/a.tif")
    refused(r"one file: in/a\.png and in/a\.tif \(out/a\.jpg\)", ["in"], "out", suffixes=(".jpg",))


def test_what_is_there_is_done_unless_it_may_be_overwritten():
    source, other, _ = picture("in/a.png"), picture("in/b.png"), picture("out/a.png")
    result = plan(["in"], Path("out"))
    assert (result.kept, result.jobs) == ([Job(source, "out/a.png", 9)], [Job(other, "out/b.png", 9)])
    result = plan(["in"], Path("out"), overwrite=True)
    assert (result.kept, [job.source for job in result.jobs]) == ([], [source, other])


def test_each_process_gets_every_so_manieth_picture_and_the_first_what_is_none():
    picture("out/0.png")
    for number in range(8):
        picture(f"in/{number}.png")
    result = plan(["in"], Path("out"))
    shares = result.shares(3)
    assert sorted(job for share in shares for job in share.jobs) == result.jobs
    assert [len(share.jobs) for share in shares] == [3, 2, 2]
    assert [len(share.kept) for share in shares] == [1, 0, 0]


def other_name(kind):
    Path("links").mkdir()
    other = Path("links/other.png")
    if kind == "symbolic link":
        other.symlink_to(Path("in/a.png").absolute())
    if kind == "hard link":
        os.link("in/a.png", other)
    return {"itself": "in/a.png", "through ..": "links/../in/a.png"}.get(kind, other)


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("kind", ["itself", "through ..", "symbolic link", "hard link"])
def test_a_picture_is_never_written_onto_itself(kind, overwrite):
    picture("in/a.png")
    refused(r"would replace the picture itself \(in/a\.png\)", ["in/a.png"], other_name(kind), overwrite=overwrite)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_picture_is_never_written_onto_another_that_is_read(overwrite):
    picture("in/a.png")
    picture("in/deep/a.png")
    picture("other/a.png")
    refused(r"would replace the picture itself \(in/a\.png\)", ["in"], "in", overwrite=overwrite)
    refused(r"would replace the picture itself \(in/deep/a\.png\)", ["in/deep"], "in/deep", overwrite=overwrite)
    refused("two pictures would become one file", ["in", "other"], "in", overwrite=overwrite)


def test_a_picture_is_never_written_onto_another_through_a_link():
    picture("in/a.png"), picture("b.png"), Path("out").mkdir()
    os.link("b.png", "out/a.png")
    refused(r"out/a\.png would replace the picture itself \(b\.png\)", ["in", "b.png"], "out", overwrite=True)


def test_a_symbolic_link_that_leads_nowhere_is_not_replaced():
    picture("in/a.png")
    Path("out.png").symlink_to("nowhere.png")
    refused(r"the output path is a broken link \(out\.png\)", ["in/a.png"], "out.png")


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
    assert planned(["x", source, "x", "./x", "x/*"], "out") == [(source, "out/a.png")]


def test_a_format_that_is_not_written_is_the_plans_only_where_the_user_named_the_file():
    for name, out, why in [("a.png", "out.psd", "are not written"), ("a.gif", "out.gif", "are read, but not written")]:
        assert ".png" in refused(why, [picture(name)], out).fix
    assert planned(["a.gif", picture("a")], "out") == [("a.gif", "out/a.gif"), ("a", "out/a")]


def test_results_that_are_older_than_their_pictures_are_kept_and_counted():
    for name in ("a", "b", "c"):
        os.utime(picture(f"in/{name}.png"), (100, 100))
        os.utime(picture(f"out/{name}.png"), (50, 50) if name == "b" else (100, 100))
    result = plan(["in"], Path("out"))
    assert (len(result.kept), result.older) == (3, 1)


def test_kinds_that_are_not_read_are_counted():
    picture("in/a.png"), picture("in/b.NEF"), picture("in/deep/c.heic")
    result = plan(["in", "in/*"], Path("out"))
    assert len(result.jobs) == 1 and result.skipped.counted() == "a camera's raw file, a HEIC picture"


def test_a_place_that_cannot_be_written(here, monkeypatch):
    def read_only(dir):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", read_only)
    refused(rf"Read-only file system \({here}\)", [picture("a.png")], "new/out", code=3)
    assert not Path("new").exists()


def test_a_place_where_nothing_is_to_be_written_need_not_be_writable(monkeypatch):
    source, _ = picture("a.png"), picture("out/a.png")
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda dir: pytest.fail("it was tried"))
    assert len(plan([source], Path("out")).kept) == 1


def test_a_file_or_a_folder_in_the_way():
    source = picture("a.png")
    Path("file").touch()
    refused("the output folder is an existing file", [source], "file/out")
    Path("out/a.png").mkdir(parents=True)
    refused("the output path is an existing folder", [source], "out")


@pytest.mark.parametrize("suffix", [".heic", ".jxl", ".gif", ".psd", ".xyz", ".EXR", ".docx", ".mp4", ".3fr"])
def test_a_file_of_a_kind_that_is_not_written_is_no_folder(suffix):
    refused(rf"{suffix.lower()} files are (read, but )?not written \(-o clean", [picture("a.png")], f"clean{suffix}")
    Path(f"clean{suffix}").mkdir()  # which is one
    assert planned(["a.png"], f"clean{suffix}") == [("a.png", f"clean{suffix}/a.png")]


def test_many_pictures_do_not_become_one_file_nor_a_folder_of_its_name():
    picture("in/a.png"), picture("b.png")
    for paths in (["in"], ["in/a.png", "b.png"]):
        for out in ("out.png", "x/out.TIFF", "out.heic"):
            assert "mkdir" in refused("several pictures cannot become one file", paths, out).fix
    assert not Path("out.png").exists()
    Path("out.png").mkdir()
    assert planned(["in"], "out.png") == [("in/a.png", "out.png/a.png")]


@pytest.mark.parametrize("out", ["cleaned", "2026.11.27", "John S. Bach", "v1.5", "a.b"])
def test_folders_with_a_dot_in_their_names_are_folders(out):
    assert planned([picture("a.png")], out) == [("a.png", f"{out}/a.png")]


@pytest.mark.parametrize(
    ("paths", "reason", "fix"),
    [
        (["nosuch.png"], r"no such picture or folder \(nosuch.png\)", ""),
        (["a.png", "nosuch.png"], "nosuch.png", ""),
        (["a.png", "trust=[mypkg,other]"], "no KEY=VALUE", "DENOISER_TRUST=mypkg,other denoiser denoise"),
        (["a.png", "noise.sigma=25"], "no KEY=VALUE", "denoiser denoise --help"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_word_that_is_no_picture_is_the_reason_and_not_the_number_of_pictures(paths, reason, fix):
    picture("a.png")
    assert fix in refused(reason, paths, "y.png").fix


def test_a_picture_whose_name_looks_like_a_setting_is_a_picture():
    assert planned([picture("a=b.png")], "y.png") == [("a=b.png", "y.png")]
