"""Real pairs of the user: what is matched, what is trained and scored, and what is refused."""

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.refusals import refused
from helpers.splits import SPLITS, keys
from PIL import Image

from denoiser import evaluate, run
from denoiser.config import compose
from denoiser.data import matching
from denoiser.data.real_pairs import RealPairs
from denoiser.noise.base import Noise
from denoiser.noise.gaussian import Gaussian
from denoiser.runs.folder import absolute_paths
from denoiser.training import assemble


@pytest.fixture
def real_pairs(protocol, pictures_folder, save_picture, tmp_path):
    """Makes real pairs: the noisy ones are the clean ones inverted, in another format."""
    clean = pictures_folder(20, 24, 32, name="clean")
    save_picture(clean / "sub" / "x.png", 30, 20)
    for path in clean.rglob("*.png"):
        target = (tmp_path / "noisy" / path.relative_to(clean)).with_suffix(".bmp")
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - np.array(Image.open(path))).save(target)

    def make(noise=None, **options):
        return RealPairs(str(tmp_path / "noisy"), str(clean), **protocol(noise or Noise()), channels=3, **options)

    return make


@pytest.mark.parametrize("cache_gb", [4, 0])
def test_real_pairs_stay_together_in_crops_and_whole(real_pairs, cache_gb):
    data = real_pairs(patch_size=16, flip=True, cache_gb=cache_gb, batch_size=4)
    data.setup("fit")
    assert sum(len(data.split(split)) for split in SPLITS) == 21
    for split in SPLITS:
        for batch in getattr(data, f"{split}_dataloader")():
            assert batch.noisy.shape == batch.clean.shape and batch.clean.shape[1] == 3
            assert (batch.noisy + batch.clean).sub(1).abs().max() < 1e-6 and batch.level.isnan().all()
    assert data.split("train").shapes[0][0] == 6


def test_an_evaluation_takes_every_pair(real_pairs, tmp_path):
    data = real_pairs()
    everything = data.pictures(data.evaluation_split)
    assert set(everything.keys) == set.union(*keys(data).values()) and everything.keys == sorted(everything.keys)
    for path in [*(tmp_path / "clean").glob("*.png"), *(tmp_path / "noisy").glob("*.bmp")]:
        path.unlink()
    (noisy_and_clean,) = real_pairs().pictures("all").images
    assert (noisy_and_clean[:3].int() + noisy_and_clean[3:]).unique().tolist() == [255]


def test_what_does_not_match_is_listed_on_both_sides(real_pairs, tmp_path, protocol, save_picture):
    assert "noise=gaussian" in refused(lambda: real_pairs(Gaussian()))
    save_picture(tmp_path / "noisy" / "005.png", 24, 32)
    assert "two pictures of one name: 005.bmp and 005.png" in refused(lambda: real_pairs().pictures("train"))
    (tmp_path / "noisy" / "005.png").unlink()
    save_picture(tmp_path / "noisy" / "007.bmp", 24, 31)
    text = refused(lambda: real_pairs().pictures("train"))
    assert "24x31 is not the 24x32 of its clean picture" in text and "007.bmp" in text
    noisy, clean = tmp_path / "noisy", tmp_path / "clean"
    (noisy / "007.bmp").unlink()
    assert f"without a counterpart (1 of 21 clean in {clean}: 007.png)" in refused(
        lambda: real_pairs().pictures("train")
    )
    for number in (2, 3, 4, 6):
        (clean / f"{number:03d}.png").unlink()
    expected = f"(4 of 20 noisy in {noisy}: 002.bmp, 003.bmp, 004.bmp, ...; 1 of 17 clean in {clean}: 007.png)"
    assert expected in refused(lambda: real_pairs().pictures("train"))


LAYOUTS = {
    "two folders": ("noisy/{}.png", "clean/{}.jpg", {"noisy": "noisy", "clean": "clean"}),
    "one folder": ("{}_real.png", "{}_mean.png", {"noisy": "*_real.png", "clean": "*_mean.png"}),
    "the shorter name": ("{}.png", "{}_clean.png", {"noisy": "*.png", "clean": "*_clean.png"}),
    "other suffixes": ("{}_real.bmp", "{}_mean.tif", {"noisy": "*_real", "clean": "*_mean"}),
    "folders of scenes": (
        "scene{}/noisy.png",
        "scene{}/clean.png",
        {"noisy": "scene*/noisy.png", "clean": "scene*/clean.png"},
    ),
    "subfolders": ("a/{}/n_1.png", "a/{}/c_1.png", {"noisy": "**/n_*.png", "clean": "**/c_*.png"}),
    "two signs": ("n/{}-x-7.png", "c/{}-y-7.png", {"noisy": "n/*-x-*.png", "clean": "c/*-y-*.png"}),
    "a pattern and a folder": ("{}_n.png", "gt/{}.png", {"noisy": "*_n.png", "clean": "gt"}),
    "signs of patterns elsewhere": ("[{}] (n).png", "[{}] (c).png", {"noisy": "[*] (n).png", "clean": "[*] (c).png"}),
}
"""Names of noisy and clean files, and the arguments that match them."""
NAMES = ["cat", "dog", "x_y"]


def written(folder, layout, names=NAMES):
    """Pairs in a layout: the noisy picture is the clean one plus 10."""
    for seed, name in enumerate(names):
        image = np.random.default_rng(seed).integers(0, 200, (32, 32, 3), dtype=np.uint8)
        for pattern, pixels in zip(LAYOUTS[layout][:2], (image + 10, image), strict=True):
            path = folder / pattern.format(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
    return LAYOUTS[layout][2]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pairs_as_they_lie(layout, tmp_path):
    given = written(tmp_path, layout)
    below = matching.match(given["noisy"], given["clean"], tmp_path, None)
    whole = matching.match(tmp_path / given["noisy"], tmp_path / given["clean"], None, None)
    expected = [tuple(tmp_path / pattern.format(name) for pattern in LAYOUTS[layout][:2]) for name in NAMES]
    assert below.files == whole.files == expected
    assert below.keys == whole.keys and len({*below.keys}) == 3
    assert all(name in key for name, key in zip(NAMES, below.keys, strict=True))


def test_paths_are_those_of_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = written(tmp_path, "one folder")
    pairs = RealPairs(**given)
    assert pairs.matched.keys == NAMES and pairs.folder_name == tmp_path.name
    assert pairs.pictures("all").keys == NAMES and len(pairs.pictures("train").keys) == 1


def table(path, *rows, header="noisy,clean"):
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("noisy,clean", "{0}_real.png,{0}_mean.png"),
        ("Clean;ID;Noisy", "{0}_mean.png; 7 ;{0}_real.png"),
        ("\ufeffnoisy\tclean", "{0}_real.png\t{1}/{0}_mean.png"),
        (" noisy , clean ", '"{0}_real.png","{0}_mean.png"'),
    ],
)
def test_a_table_of_pairs(header, row, tmp_path):
    written(tmp_path, "one folder")
    file = table(tmp_path / "mine.csv", "", *(row.format(name, tmp_path) for name in NAMES), header=header)
    matched = matching.match(None, None, None, file)
    assert matched.files == [(tmp_path / f"{name}_real.png", tmp_path / f"{name}_mean.png") for name in NAMES]
    assert len({*matched.keys}) == 3 and matched.name == "mine" and matched.where == "data.csv"
    assert RealPairs(csv=file).pictures("all").images[0].shape == (6, 32, 32)


def test_several_noisy_pictures_of_one_clean_picture_stay_in_one_split(tmp_path):
    names = [f"{i:02d}" for i in range(40)]
    written(tmp_path, "two folders", names)
    rows = [f"noisy/{name}.png,clean/{int(name) // 4:02d}.jpg" for name in names]
    data = RealPairs(csv=table(tmp_path / "pairs.csv", *rows))
    split = keys(data)
    assert set.union(*split.values()) == {f"noisy/{name}" for name in names} and sum(map(len, split.values())) == 40
    scenes = [{int(key[-2:]) // 4 for key in split[name]} for name in SPLITS]
    assert sum(map(len, scenes)) == 10 and all(scenes)


@pytest.mark.parametrize(
    ("given", "problem", "fix"),
    [
        ({}, "(data.noisy, data.clean)", "data.noisy=DIR data.clean=DIR"),
        ({"noisy": "n"}, "(data.clean)", "data.noisy=DIR"),
        ({"noisy": "", "clean": "c"}, "(data.noisy)", "data.noisy=DIR"),
        ({"path": "."}, "(data.noisy, data.clean)", "'*_real.png'"),
        ({"noisy": "c", "clean": "c"}, "noisy and clean pictures are the same", "data.noisy="),
        ({"noisy": "c", "clean": "n/../c"}, "are the same", "data.noisy="),
        ({"noisy": "link", "clean": "c"}, "are the same", "data.noisy="),
        ({"noisy": "*.png", "clean": "*.png", "path": "c"}, "are the same", "data.noisy="),
        ({"noisy": "*.png", "clean": "**/*.png", "path": "c"}, "are the same", "data.noisy="),
        (
            {"noisy": "n", "clean": "c", "csv": "x.csv"},
            "given twice (data.noisy, data.clean, data.csv)",
            "leave out data.noisy and",
        ),
        ({"path": "n", "csv": "x.csv"}, "given twice (data.path, data.csv)", "leave out data.path"),
        ({"noisy": "/n", "clean": "/c", "path": "n"}, "data.path=n has no effect", "leave out data.path"),
        ({"noisy": "absent", "clean": "c"}, "no such folder (absent)", "folder"),
        (
            {"noisy": "n/*_real.png", "clean": "c"},
            "no picture matches (data.noisy=n/*_real.png)",
            "names in n: a.png, b.png, d.png",
        ),
        ({"noisy": "n", "clean": "c"}, "1 of 3 noisy in n: d.png; 1 of 3 clean in c: e.png", "one name; or patterns"),
        ({"csv": "absent.csv"}, "no such file (absent.csv)", "data.csv=FILE"),
        ({"csv": "n"}, "no such file (n)", "data.csv=FILE"),
        ({"csv": "empty.csv"}, "no columns noisy and clean, but none (empty.csv)", "noisy,clean"),
        ({"csv": "columns.csv"}, "but lq, gt (columns.csv)", "noisy,clean"),
        ({"csv": "rows.csv"}, "no pairs in the table (rows.csv)", "a line for each pair"),
        ({"csv": "half.csv"}, "row 3 lacks a path (half.csv)", "each row"),
        ({"csv": "missing.csv"}, "1 picture(s) of the table are missing: n/z.png (missing.csv)", "relative to"),
        ({"csv": "same.csv"}, "the same in 1 row(s): n/a.png (same.csv)", "data.csv=FILE"),
        ({"csv": "twice.csv"}, "1 noisy picture(s) stand twice: n/a.png (twice.csv)", "one row"),
        ({"csv": "bytes.csv"}, "not a text in UTF-8 (bytes.csv)", "UTF-8"),
    ],
)
def test_places_that_are_no_pairs(given, problem, fix, tmp_path, monkeypatch, save_picture):
    monkeypatch.chdir(tmp_path)
    for name in ("n/a.png", "n/b.png", "n/d.png", "c/a.png", "c/b.png", "c/e.png"):
        save_picture(Path(name), 16, 16)
    Path("link").symlink_to("c")
    Path("empty.csv").touch()
    Path("bytes.csv").write_bytes(b"noisy,clean\n\xff\xfe,a")
    table(Path("columns.csv"), "a,b", header="lq,gt")
    table(Path("rows.csv"))
    table(Path("half.csv"), "n/a.png,c/a.png", "n/b.png,")
    table(Path("missing.csv"), "n/a.png,c/a.png", "n/z.png,c/b.png")
    table(Path("same.csv"), "n/b.png,c/a.png", "n/a.png,n/a.png")
    table(Path("twice.csv"), "n/a.png,c/a.png", "n/a.png,c/b.png")
    error, advice = refused(lambda: RealPairs(**given).pictures("all")).splitlines()
    assert problem in error and fix in advice, (error, advice)


def test_values_that_are_no_paths_are_two_lines(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for words in (["data.noisy=3", "data.clean=4"], ["data.csv=7"], ["data.noisy=[a,b]", "data.clean=c"]):
        assert evaluate.main(["noisy", "data=pairs", "noise=none", *words]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 2, words


def test_paths_below_data_path_stay_relative_to_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pairs = ["data=pairs", "noise=none", "data.noisy=*_real.png", "data.clean=c"]
    data = absolute_paths(compose([*pairs, "data.path=mine"])).data
    assert (data.path, data.noisy, data.clean) == (f"{tmp_path}/mine", "*_real.png", "c")
    data = absolute_paths(compose(pairs)).data
    assert (data.path, data.noisy, data.clean) == (None, f"{tmp_path}/*_real.png", f"{tmp_path}/c")
    assert absolute_paths(compose([*pairs[:2], "data.csv=x.csv"])).data.csv == f"{tmp_path}/x.csv"


@pytest.mark.parametrize("kind", ["patterns", "table"])
def test_training_evaluation_and_the_record_of_leaks(kind, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = [f"{i:02d}" for i in range(12)]
    written(tmp_path / "mine", "one folder", names)
    rows = [f"mine/{name}_real.png,mine/{name}_mean.png" for name in names]
    place = {
        "patterns": ["data.path=mine", "data.noisy=*_real.png", "data.clean=*_mean.png"],
        "table": [f"data.csv={table(tmp_path / 'mine.csv', *rows)}"],
    }[kind]
    pairs = ["data=pairs", "noise=none", *place]
    small = ["model=cifar_shallow", "data.patch_size=16", "logger=none", "hydra.run.dir=out", "trainer=smoke"]
    assert run.main([*pairs, *small]) == 0
    assert json.loads(Path("out/results.json").read_text())["rows"][0]["place"] == "mine"
    capsys.readouterr()
    assert evaluate.main(["out", "noisy", *pairs]) == 2
    assert "was trained or selected on" in capsys.readouterr().err
    assert evaluate.main(["noisy", *pairs, "hydra.run.dir=scored"]) == 0
    (row,) = json.loads(Path("scored/results.json").read_text())["rows"]
    assert row["n_images"] == 12 and row["psnr_noisy"] == pytest.approx(20 * np.log10(255 / 10), abs=1e-3)


def test_pairs_of_16_bits_and_floats_keep_their_depth(tmp_path, protocol):
    deep = np.random.default_rng(0).integers(0, 65536, (32, 32), dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / "a_n.png")
    Image.fromarray(deep).save(tmp_path / "a_c.tif")
    np.save(tmp_path / "b_n.npy", (deep / 65535).astype(np.float32))
    np.save(tmp_path / "b_c.npy", (deep / 65535).astype(np.float32))
    data = RealPairs("*_n", "*_c", tmp_path, **protocol(Noise()), channels=1).pictures("all")
    assert data.keys == ["a", "b"] and [image.dtype for image in data.images] == [torch.uint16, torch.float32]
    assert all(torch.equal(*image.float().chunk(2)) for image in data.images)


def test_real_pairs_of_photographs_as_they_lie(real_data):
    folder = real_data / "polyu-dev"
    if not folder.is_dir():
        pytest.skip("no polyu-dev")
    folders = matching.match(folder / "noisy", folder / "clean", None, None)
    patterns = matching.match("noisy/*.JPG", "clean/*.JPG", folder, None)
    assert folders.files == patterns.files and folders.keys == patterns.keys and len(folders.files) == 53


def test_what_is_left_out_of_both_folders_is_told_once(protocol, pictures_folder):
    folder = pictures_folder(30)
    (folder / "a.nef").touch()
    other = shutil.copytree(folder, folder.with_name("other"))
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        data = RealPairs(other, folder, **protocol(Noise()), channels=3)
        for split in (*SPLITS, "all"):
            data.pictures(split)
    assert [str(warning.message)[:36] for warning in given] == ["left out: 2 raw files of cameras (.n"]
    assert Path(given[0].filename).parent == Path(matching.__file__).parent  # printed plainly


def test_a_table_of_pairs_is_real_noise_in_the_words_of_the_training(tmp_path):
    cfg = compose(["data=pairs", f"data.csv={tmp_path / 'pairs.csv'}", "noise=none", "model=cifar_shallow"])
    assert assemble.module(cfg).hparams["trained_on"] == "pairs, real noise"
