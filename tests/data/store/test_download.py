"""BSDS500 from a mirror on this machine, from a hand-placed archive, and where it already is."""

import hashlib
import threading

import pytest

from denoiser.data.store.download import bsds500, missing_or_altered, read_hashes
from denoiser.errors import DenoiserError

PICTURES = {
    f"{split}/{n}.jpg": f"{split}{n}".encode() for split, n in [("train", 1), ("train", 2), ("val", 3), ("test", 4)]
}

HASHES = {name: hashlib.sha256(data).hexdigest() for name, data in PICTURES.items()}

ARCHIVED = {f"BSDS500-main/BSDS500/data/images/{name}": data for name, data in PICTURES.items()} | {
    "BSDS500-main/BSDS500/data/images/train/Thumbs.db": b"x",
    "BSDS500-main/bench/data/images/val/3.jpg": b"another picture 3",
}


def test_no_network_says_what_to_fetch_from_where_and_where_to_put_it(tmp_path, monkeypatch, pack):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    urls = ["http://127.0.0.1:1/a.zip", "http://127.0.0.1:1/a.tgz"]
    with pytest.raises(DenoiserError) as failure:
        bsds500(tmp_path, urls, HASHES)
    problem, fix = str(failure.value).splitlines()
    assert problem.startswith("error: cannot download BSDS500.archive: 127.0.0.1:1: Connection refused; 127.0.0.1:1")
    assert fix == f"fix: download {urls[0]} or {urls[1]} by hand and save it as {tmp_path / 'BSDS500.archive'}"
    assert failure.value.code == 3
    (tmp_path / "BSDS500.archive").write_bytes(pack(ARCHIVED))
    assert missing_or_altered(bsds500(tmp_path, urls, HASHES), HASHES) == []


def test_bsds500_downloads_the_pictures_alone_and_once(mirror, tmp_path, pack):
    folders = []
    other = threading.Thread(target=lambda: folders.append(bsds500(tmp_path, [url], HASHES)))
    url = mirror.add("/a", pack(ARCHIVED), before=other.start)
    folder = bsds500(tmp_path, ["http://127.0.0.1:1/", url], HASHES)
    other.join()
    assert folders == [folder] == [tmp_path / "BSR/BSDS500/data/images"] and len(mirror.requests) == 1
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")} == set(PICTURES)
    assert {path.name for path in tmp_path.iterdir()} == {"BSR", ".BSDS500.archive.lock"}


def test_bsds500_refuses_other_pictures(mirror, tmp_path, pack):
    with pytest.raises(DenoiserError, match=r"1 of BSDS500's 4 pictures are missing or altered: val/3.jpg") as failure:
        bsds500(tmp_path, [mirror.add("/a", pack(ARCHIVED))], HASHES | {"val/3.jpg": "0" * 64})
    assert failure.value.code == 3 and not (tmp_path / "BSR/BSDS500/data/images").exists()


@pytest.mark.parametrize("layout", ["BSR/BSDS500", "BSDS500", "BSDS500-master/BSDS500"])
def test_bsds500_that_is_there_is_counted_and_left_alone(tmp_path, layout):
    folder = tmp_path / layout / "data/images"
    for name in PICTURES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"not hashed")
    before = sorted(tmp_path.rglob("*"))
    assert bsds500(tmp_path, [], HASHES) == folder and sorted(tmp_path.rglob("*")) == before
    (folder / "train/2.jpg").unlink()
    with pytest.raises(DenoiserError, match="BSDS500 is incomplete: train has 1 of 2 pictures") as failure:
        bsds500(tmp_path, [], HASHES)
    assert failure.value.code == 2


def test_hashes_are_read_and_compared(tmp_path):
    (tmp_path / "list.txt").write_text(f"# a comment\n{HASHES['val/3.jpg']}  val/3.jpg\n{'0' * 64}  b c.jpg\n")
    hashes = read_hashes(tmp_path / "list.txt")
    assert list(hashes) == ["val/3.jpg", "b c.jpg"] and missing_or_altered(tmp_path, hashes) == list(hashes)
    (tmp_path / "val").mkdir()
    (tmp_path / "val/3.jpg").write_bytes(PICTURES["val/3.jpg"])
    assert missing_or_altered(tmp_path, hashes) == ["b c.jpg"]
    md5 = hashlib.md5(PICTURES["val/3.jpg"]).hexdigest()
    assert missing_or_altered(tmp_path, {"val/3.jpg": md5}) == [] and missing_or_altered(
        tmp_path, {"val/3.jpg": "0" * 32}
    ) == ["val/3.jpg"]
