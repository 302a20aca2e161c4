"""Downloads against a server on this machine: every way in which a mirror or an archive has been seen to fail."""

import errno
import hashlib
import io
import os
import re
import sys
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from denoiser.data.download import bsds500, fetch, read_hashes, unpack, verify
from denoiser.errors import DenoiserError

BODY = bytes(range(256)) * 40
PICTURES = {
    f"{split}/{n}.jpg": f"{split}{n}".encode() for split, n in [("train", 1), ("train", 2), ("val", 3), ("test", 4)]
}
HASHES = {name: hashlib.sha256(data).hexdigest() for name, data in PICTURES.items()}
ARCHIVED = {f"BSDS500-main/BSDS500/data/images/{name}": data for name, data in PICTURES.items()} | {
    "BSDS500-main/BSDS500/data/images/train/Thumbs.db": b"x",
    "BSDS500-main/bench/data/images/val/3.jpg": b"another picture 3",
}


class Mirror(HTTPServer):
    """Serves `routes`: path -> body and, optionally, status, etag, cut (bytes sent at most), before (a hook),
    sized (whether the length is told) and careful (whether a range is only given of the version asked for)."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.routes, self.asked = {}, []

    def add(self, path, body, **options):
        self.routes[path] = {
            "body": body,
            "status": 200,
            "etag": None,
            "cut": None,
            "before": bool,
            "sized": True,
            "careful": True,
        }
        self.routes[path].update(options)
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        route, wanted = self.server.routes[self.path], self.headers.get("Range")
        resumed = wanted and (not route["careful"] or self.headers.get("If-Range") == route["etag"])
        start = int(wanted[6:-1]) if resumed else 0
        self.server.asked.append((wanted, start))
        route["before"]()
        self.send_response(206 if resumed else route["status"])
        if route["sized"]:
            self.send_header("Content-Length", str(len(route["body"]) - start))
        if resumed:
            self.send_header("Content-Range", f"bytes {start}-{len(route['body']) - 1}/{len(route['body'])}")
        if route["etag"]:
            self.send_header("ETag", route["etag"])
        self.end_headers()
        self.wfile.write(route["body"][start : route["cut"]])

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def mirror(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Mirror() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def zipped(members, link=None):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o120777 if name == link else 0o100644) << 16
            bundle.writestr(info, data, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def tarred(members, link=None):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as bundle:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if name == link:
                info.type, info.size, info.linkname = tarfile.SYMTYPE, 0, "/etc/passwd"
            bundle.addfile(info, io.BytesIO(data))
    return file.getvalue()


both = pytest.mark.parametrize("pack", [zipped, tarred])


def test_fetches_whole_and_leaves_no_part(mirror, tmp_path, capsys, monkeypatch):
    target = fetch([mirror.add("/a", BODY)], tmp_path / "new" / "a.bin", sha256=hashlib.sha256(BODY).hexdigest())
    assert target.read_bytes() == BODY and capsys.readouterr().err == ""
    assert [path.name for path in target.parent.iterdir() if not path.name.startswith(".")] == ["a.bin"]
    fetch([mirror.add("/a", BODY)], target)
    assert len(mirror.asked) == 1, "what is there is not asked for again"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    fetch([mirror.add("/a", BODY)], tmp_path / "b.bin")
    assert "downloading b.bin: 0.0 of 0.0 MB" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("etag", "later", "careful", "asked"),
    [
        ('"1"', '"1"', True, [("bytes=5000-", 5000)]),
        ('"1"', '"2"', True, [("bytes=5000-", 0)]),
        ('"1"', '"2"', False, [("bytes=5000-", 5000), (None, 0)]),
        (None, None, True, [(None, 0)]),
        ('W/"1"', 'W/"1"', True, [(None, 0)]),
    ],
    ids=["same file", "changed meanwhile", "changed and the mirror does not care", "no version", "weak version"],
)
def test_goes_on_only_with_the_same_file(mirror, tmp_path, etag, later, careful, asked):
    with pytest.raises(DenoiserError, match="broke off after 5,000 of 10,240 bytes"):
        fetch([mirror.add("/a", BODY, etag=etag, cut=5000)], tmp_path / "a.bin")
    assert not (tmp_path / "a.bin").exists()
    body = BODY if etag == later else BODY[::-1]
    assert fetch([mirror.add("/a", body, etag=later, careful=careful)], tmp_path / "a.bin").read_bytes() == body
    assert mirror.asked[1:] == asked


def test_starts_afresh_from_a_part_that_the_mirror_refuses(mirror, tmp_path):
    url = mirror.add("/a", BODY)
    (tmp_path / "a.bin.part").write_bytes(BODY * 2)
    (tmp_path / "a.bin.part.from").write_text(f'{url}\n"1"')
    mirror.routes["/a"]["before"] = lambda: mirror.routes["/a"].update(status=416 if mirror.asked[-1][0] else 200)
    assert fetch([url], tmp_path / "a.bin").read_bytes() == BODY
    assert mirror.asked == [("bytes=20480-", 0), (None, 0)]


def test_next_mirror_takes_over_from_each_kind_of_failure(mirror, tmp_path):
    page, pointer = b"\n<!DOCTYPE html><title>Log in</title>", b"version https://git-lfs.github.com/spec/v1\noid"
    bad = [mirror.add("/page", page), mirror.add("/lfs", pointer), mirror.add("/other", BODY + b"!")]
    bad += [mirror.add("/cut", BODY, cut=9), mirror.add("/big", bytes(20_000), cut=8), mirror.add("/empty", b"")]
    bad += [mirror.add("/endless", bytes(20_000), sized=False), mirror.add("/down", BODY, status=503)]
    bad += ["http://127.0.0.1:1/closed"]
    options = {"sha256": hashlib.sha256(BODY).hexdigest(), "max_bytes": 15_000}
    with pytest.raises(DenoiserError) as failure:
        fetch(bad, tmp_path / "a.bin", **options)
    reasons = ["web page or a pointer"] * 2 + ["sha256 differs", "broke off after 9 of", "larger than"]
    reasons += ["broke off after 0", "larger than", "HTTP 503", "Connection refused"]
    assert re.search("; ".join(rf"127.0.0.1:\d+: [^;]*{reason}[^;]*" for reason in reasons), failure.value.what)
    assert fetch([*bad, mirror.add("/good", BODY)], tmp_path / "a.bin", **options).read_bytes() == BODY


def test_no_network_says_what_to_fetch_from_where_and_where_to_put_it(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    urls = ["http://127.0.0.1:1/a.zip", "http://127.0.0.1:1/a.tgz"]
    with pytest.raises(DenoiserError) as failure:
        bsds500(tmp_path, urls, HASHES)
    what, fix = str(failure.value).splitlines()
    assert what.startswith("error: cannot download BSDS500.archive: 127.0.0.1:1: Connection refused; 127.0.0.1:1")
    assert fix == f"fix: download {urls[0]} or {urls[1]} by hand and save it as {tmp_path / 'BSDS500.archive'}"
    assert failure.value.code == 3
    (tmp_path / "BSDS500.archive").write_bytes(tarred(ARCHIVED))
    assert verify(bsds500(tmp_path, urls, HASHES), HASHES) == []


def test_the_disk_is_named_when_it_is_the_disk(mirror, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(DenoiserError, match=r"cannot store BSDS500.archive: Not a directory") as failure:
        bsds500(tmp_path / "file" / "store", [mirror.add("/a", BODY)], HASHES)
    assert failure.value.code == 3

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DenoiserError, match="No space left on device") as failure:
        fetch([mirror.add("/a", BODY)], tmp_path / "a.bin")
    assert failure.value.code == 3 and not (tmp_path / "a.bin").exists()


def test_a_file_system_without_locks_will_do(mirror, tmp_path, monkeypatch):
    def unsupported(file, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", unsupported)
    with pytest.raises(DenoiserError, match="broke off"):
        fetch([mirror.add("/a", BODY, cut=9)], tmp_path / "a.bin")
    assert fetch([mirror.add("/a", BODY)], tmp_path / "a.bin").read_bytes() == BODY
    assert {path.name for path in tmp_path.iterdir()} == {"a.bin", ".a.bin.lock"}


def test_a_different_file_at_the_target_is_kept(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"mine")
    with pytest.raises(DenoiserError, match="not the published file"):
        fetch(["http://127.0.0.1:1"], tmp_path / "a.bin", sha256="0" * 64)
    assert (tmp_path / "a.bin").read_bytes() == b"mine"


@both
@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "a/../../evil", "C:\\evil", "..\\evil", "link", "twice"])
def test_unpack_refuses_members_that_lead_elsewhere(tmp_path, pack, name):
    (tmp_path / "store").mkdir()
    (tmp_path / "a").write_bytes(pack({"good": b"1", name: b"2"}, link="link"))
    for place in ("good",) if name == "twice" else (name, "harmless"):
        with pytest.raises(DenoiserError, match="cannot unpack a: '") as failure:
            unpack(tmp_path / "a", tmp_path / "store/out", lambda member, to=place: {"good": "good", name: to}[member])
        assert failure.value.code == 3 and list((tmp_path / "store").iterdir()) == []


@both
def test_unpack_refuses_a_bomb_a_wreck_and_a_stranger(tmp_path, pack):
    whole = pack({"zeros": bytes(3_000_000)})
    cases = {
        "larger than allowed": whole,
        "cannot unpack": pack(ARCHIVED)[:200],
        "nothing of what": pack({"other": b""}),
    }
    for reason, data in cases.items():
        (tmp_path / "a").write_bytes(data)
        with pytest.raises(DenoiserError, match=reason):
            unpack(tmp_path / "a", tmp_path / "out", lambda name: None if name == "other" else name, max_bytes=100_000)
        assert [path.name for path in tmp_path.iterdir()] == ["a"]
    (tmp_path / "a").write_bytes(whole)
    unpack(tmp_path / "a", tmp_path / "out", lambda name: f"deep/{name}")
    assert (tmp_path / "out/deep/zeros").stat().st_size == 3_000_000


@both
def test_interrupted_unpacking_leaves_nothing_that_looks_whole(tmp_path, pack):
    (tmp_path / "a").write_bytes(pack(ARCHIVED))

    def wanted(name):
        if name.endswith("4.jpg"):
            raise KeyboardInterrupt
        return name

    with pytest.raises(KeyboardInterrupt):
        unpack(tmp_path / "a", tmp_path / "out", wanted)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@both
def test_bsds500_downloads_the_pictures_alone_and_once(mirror, tmp_path, pack):
    found = []
    other = threading.Thread(target=lambda: found.append(bsds500(tmp_path, [url], HASHES)))
    url = mirror.add("/a", pack(ARCHIVED), before=other.start)
    folder = bsds500(tmp_path, ["http://127.0.0.1:1/", url], HASHES)
    other.join()
    assert found == [folder] == [tmp_path / "BSR/BSDS500/data/images"] and len(mirror.asked) == 1
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")} == set(PICTURES)
    assert {path.name for path in tmp_path.iterdir()} == {"BSR", ".BSDS500.archive.lock"}


def test_bsds500_refuses_other_pictures(mirror, tmp_path):
    with pytest.raises(DenoiserError, match=r"1 of BSDS500's 4 pictures are missing or altered: val/3.jpg") as failure:
        bsds500(tmp_path, [mirror.add("/a", zipped(ARCHIVED))], HASHES | {"val/3.jpg": "0" * 64})
    assert failure.value.code == 3 and not (tmp_path / "BSR/BSDS500/data/images").exists()


@pytest.mark.parametrize("place", ["BSR/BSDS500", "BSDS500", "BSDS500-master/BSDS500"])
def test_bsds500_that_is_there_is_counted_and_left_alone(tmp_path, place):
    folder = tmp_path / place / "data/images"
    for name in PICTURES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"not hashed")
    before = sorted(tmp_path.rglob("*"))
    assert bsds500(tmp_path, [], HASHES) == folder and sorted(tmp_path.rglob("*")) == before
    (folder / "train/2.jpg").unlink()
    with pytest.raises(DenoiserError, match="BSDS500 is not whole: train has 1 of 2 pictures") as failure:
        bsds500(tmp_path, [], HASHES)
    assert failure.value.code == 2


def test_hashes_are_read_and_compared(tmp_path):
    (tmp_path / "list.txt").write_text(f"# a comment\n{HASHES['val/3.jpg']}  val/3.jpg\n{'0' * 64}  b c.jpg\n")
    hashes = read_hashes(tmp_path / "list.txt")
    assert list(hashes) == ["val/3.jpg", "b c.jpg"] and verify(tmp_path, hashes) == list(hashes)
    (tmp_path / "val").mkdir()
    (tmp_path / "val/3.jpg").write_bytes(PICTURES["val/3.jpg"])
    assert verify(tmp_path, hashes) == ["b c.jpg"]
