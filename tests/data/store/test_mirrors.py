"""Mirrors and disks that fail while one file is downloaded."""

import errno
import hashlib
import os
import re
import sys

import pytest

from denoiser.data.store import mirrors
from denoiser.data.store.archive import GIB
from denoiser.data.store.download import bsds500
from denoiser.data.store.lock import locked_part
from denoiser.errors import DenoiserError

BODY = bytes(range(256)) * 40


def fetch(urls, target, sha256=None, max_bytes=GIB):
    with locked_part(target) as part:
        return mirrors.fetch(urls, target, part, sha256, max_bytes)


def test_fetches_whole_and_leaves_no_part(mirror, tmp_path, capsys, monkeypatch):
    target = fetch([mirror.add("/a", BODY)], tmp_path / "new" / "a.bin", sha256=hashlib.sha256(BODY).hexdigest())
    assert target.read_bytes() == BODY and capsys.readouterr().err == ""
    assert [path.name for path in target.parent.iterdir() if not path.name.startswith(".")] == ["a.bin"]
    fetch([mirror.add("/a", BODY)], target)
    assert len(mirror.requests) == 1, "a file that exists is not requested again"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    fetch([mirror.add("/a", BODY)], tmp_path / "b.bin")
    assert "downloading b.bin: 0.0 of 0.0 MB" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("etag", "later", "careful", "requests"),
    [
        ('"1"', '"1"', True, [("bytes=5000-", 5000)]),
        ('"1"', '"2"', True, [("bytes=5000-", 0)]),
        ('"1"', '"2"', False, [("bytes=5000-", 5000), (None, 0)]),
        (None, None, True, [(None, 0)]),
        ('W/"1"', 'W/"1"', True, [(None, 0)]),
    ],
    ids=["same file", "changed meanwhile", "changed and the mirror does not care", "no version", "weak version"],
)
def test_goes_on_only_with_the_same_file(mirror, tmp_path, etag, later, careful, requests):
    with pytest.raises(DenoiserError, match="interrupted after 5,000 of 10,240 bytes"):
        fetch([mirror.add("/a", BODY, etag=etag, cut=5000)], tmp_path / "a.bin")
    assert not (tmp_path / "a.bin").exists()
    body = BODY if etag == later else BODY[::-1]
    assert fetch([mirror.add("/a", body, etag=later, careful=careful)], tmp_path / "a.bin").read_bytes() == body
    assert mirror.requests[1:] == requests


def test_a_download_that_is_interrupted_twice_is_not_taken_for_whole(mirror, tmp_path):
    for cut, message in ((5000, "after 5,000 of 10,240 bytes"), (9000, "after 9,000 of 10,240 bytes")):
        with pytest.raises(DenoiserError, match=message):
            fetch([mirror.add("/a", BODY, etag='"1"', cut=cut)], tmp_path / "a.bin")
    assert fetch([mirror.add("/a", BODY, etag='"1"')], tmp_path / "a.bin").read_bytes() == BODY
    assert mirror.requests == [(None, 0), ("bytes=5000-", 5000), ("bytes=9000-", 9000)]


def test_starts_afresh_from_a_part_that_the_mirror_refuses(mirror, tmp_path):
    url = mirror.add("/a", BODY)
    (tmp_path / "a.bin.part").write_bytes(BODY * 2)
    (tmp_path / "a.bin.part.from").write_text(f'{url}\n"1"')
    mirror.routes["/a"]["before"] = lambda: mirror.routes["/a"].update(status=416 if mirror.requests[-1][0] else 200)
    assert fetch([url], tmp_path / "a.bin").read_bytes() == BODY
    assert mirror.requests == [("bytes=20480-", 0), (None, 0)]


def test_a_part_that_grew_beyond_the_limit_is_emptied_and_not_resumed(mirror, tmp_path):
    url = mirror.add("/a", BODY, etag='"1"', sized=False)
    with pytest.raises(DenoiserError, match="larger than"):
        fetch([url], tmp_path / "a.bin", max_bytes=10_000)
    assert (tmp_path / "a.bin.part").stat().st_size == 0
    assert fetch([url], tmp_path / "a.bin").read_bytes() == BODY
    assert mirror.requests == [(None, 0), (None, 0)]


@pytest.mark.parametrize("sized", [True, False])
def test_the_limit_holds_for_both_halves_of_a_download_together(mirror, tmp_path, sized):
    with pytest.raises(DenoiserError, match="interrupted after 9,000"):
        fetch([mirror.add("/a", BODY, etag='"1"', cut=9000)], tmp_path / "a.bin", max_bytes=10_240)
    grown = mirror.add("/a", BODY + BODY[:9], etag='"1"', sized=sized)
    with pytest.raises(DenoiserError, match="larger than"):
        fetch([grown], tmp_path / "a.bin", max_bytes=10_240)
    assert mirror.requests == [(None, 0), ("bytes=9000-", 9000)]


def test_next_mirror_takes_over_from_each_kind_of_failure(mirror, tmp_path):
    page, pointer = b"\n<!DOCTYPE html><title>Log in</title>", b"version https://git-lfs.github.com/spec/v1\noid"
    bad = [mirror.add("/page", page), mirror.add("/lfs", pointer), mirror.add("/other", BODY + b"!")]
    bad += [mirror.add("/cut", BODY, cut=9), mirror.add("/big", bytes(20_000), cut=8), mirror.add("/empty", b"")]
    bad += [mirror.add("/endless", bytes(20_000), sized=False), mirror.add("/down", BODY, status=503)]
    bad += ["http://127.0.0.1:1/closed"]
    options = {"sha256": hashlib.sha256(BODY).hexdigest(), "max_bytes": 15_000}
    with pytest.raises(DenoiserError) as failure:
        fetch(bad, tmp_path / "a.bin", **options)
    reasons = ["web page or a pointer"] * 2 + ["sha256 differs", "interrupted after 9 of", "larger than"]
    reasons += ["interrupted after 0", "larger than", "HTTP 503", "Connection refused"]
    assert re.search("; ".join(rf"127.0.0.1:\d+: [^;]*{reason}[^;]*" for reason in reasons), failure.value.what)
    assert fetch([*bad, mirror.add("/good", BODY)], tmp_path / "a.bin", **options).read_bytes() == BODY


def test_the_disk_is_named_when_it_is_the_disk(mirror, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(DenoiserError, match=r"cannot store BSDS500.archive: Not a directory") as failure:
        bsds500(tmp_path / "file" / "store", [mirror.add("/a", BODY)])
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
    with pytest.raises(DenoiserError, match="interrupted"):
        fetch([mirror.add("/a", BODY, cut=9)], tmp_path / "a.bin")
    assert fetch([mirror.add("/a", BODY)], tmp_path / "a.bin").read_bytes() == BODY
    assert {path.name for path in tmp_path.iterdir()} == {"a.bin", ".a.bin.lock"}


def test_a_different_file_at_the_target_is_kept(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"mine")
    with pytest.raises(DenoiserError, match="not the published file"):
        fetch(["http://127.0.0.1:1"], tmp_path / "a.bin", sha256="0" * 64)
    assert (tmp_path / "a.bin").read_bytes() == b"mine"
