"""Datasets from the network: fetched whole or not at all, checked, and unpacked without trusting the archive."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import os
import re
import stat
import sys
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from http.client import HTTPException, HTTPResponse
from pathlib import Path, PureWindowsPath
from tempfile import TemporaryDirectory
from typing import IO
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from denoiser.errors import ENVIRONMENT, DenoiserError

if sys.platform != "win32":
    import fcntl

COMMIT = "a04b7c6c3a9f0ace74bf205c72a43d32e1c72722"  # the one whose hashes ship
BSDS500_MIRRORS = (
    f"https://github.com/BIDS/BSDS500/archive/{COMMIT}.zip",
    "http://www.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/BSR/BSR_bsds500.tgz",
)
BSDS500_PLACES = ("BSR/BSDS500/data/images", "BSDS500/data/images", "BSDS500-master/BSDS500/data/images")
GIB = 1 << 30
TIMEOUT = 30  # seconds without a byte
NOT_A_FILE = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype|html|\?xml)|version https://git-lfs", re.IGNORECASE)


class _Refused(Exception):
    """Why a mirror or an archive did not give what was asked for, in a few words."""


DAMAGED = (
    _Refused,
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    ValueError,
    RuntimeError,
)


def fetch(urls: Sequence[str], target: Path, *, sha256: str | None = None, max_bytes: int = GIB) -> Path:
    """Download a file from the first mirror that gives it whole; go on where an earlier try broke off.

    Args:
        urls: mirrors, in the order to try.
        target: where the file is to stand; one that is already there is taken.
        sha256: of the file, where it is known.
        max_bytes: refuse a larger file.

    Returns:
        `target`.

    Raises:
        DenoiserError: no mirror gave the file, the disk did not take it, or another file is there (exit code 3).
    """
    with _own_part(target) as part:
        return _fetch(urls, target, part, sha256, max_bytes)


def unpack(archive: Path, folder: Path, wanted: Callable[[str], str | None], *, max_bytes: int = GIB) -> None:
    """Unpack some members of a .zip or .tar.gz into a new folder, which appears only when it is whole.

    Args:
        archive: told apart by content, not by suffix.
        folder: to be made; its parent must be there.
        wanted: maps a member's name to its path in `folder`, or to None to leave it out.
        max_bytes: refuse more than this in all, whatever the archive says of itself.

    Raises:
        DenoiserError: the archive is damaged, holds nothing wanted, is too large when unpacked, or a wanted member is
            no plain file or leads out of the folder; or the disk did not take it (exit code 3).
    """
    with _disk(folder), TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as staging:
        whole = Path(staging, folder.name)
        try:
            _extract(archive, whole, wanted, max_bytes)
        except DAMAGED as error:
            what = f"cannot unpack {archive.name}: {error} ({archive.parent})"
            raise DenoiserError(what, f"rm {archive}, then repeat the command: it downloads", ENVIRONMENT) from error
        whole.rename(folder)


def read_hashes(path: Path) -> dict[str, str]:
    """The sha256 of each file (by relative path) from a list as `sha256sum` writes it; `#` starts a comment line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))
    return {name: digest for digest, name in pairs}


def verify(folder: Path, hashes: Mapping[str, str]) -> list[str]:
    """The names, of those in `hashes`, that are missing in `folder` or have another content."""
    return [
        name for name, digest in hashes.items() if not (folder / name).is_file() or _sha256(folder / name) != digest
    ]


def bsds500(root: Path, urls: Sequence[str] = BSDS500_MIRRORS, hashes: Mapping[str, str] | None = None) -> Path:
    """The folder that holds BSDS500's train, val and test pictures; downloaded where they are not there yet.

    Data that is there is counted, not hashed, and nothing is written. A download keeps the 500 JPEGs alone.

    Args:
        root: the store of datasets; `BSR/BSDS500/data/images` and the layouts of `BSDS500_PLACES` are found in it.
        urls: mirrors of the archive.
        hashes: sha256 of each picture by path (`val/101085.jpg`); default the published ones.

    Raises:
        DenoiserError: the pictures there are too few or too many (exit code 2); the download failed, is damaged or
            holds other pictures, or the disk did not take it (exit code 3).
    """
    known = hashes or read_hashes(Path(__file__).with_name("bsds500-sha256.txt"))
    archive = root / "BSDS500.archive"
    with _disk(root):
        folder = _found(root, known)
    if folder is not None:
        return folder
    with _own_part(archive) as part:  # found again: another process may have just finished
        return _found(root, known) or _install(root, _fetch(urls, archive, part, None, GIB), known)


def _install(root: Path, archive: Path, hashes: Mapping[str, str]) -> Path:
    def wanted(name: str) -> str | None:
        path = name.rpartition("BSDS500/data/images/")[2]
        return path if path in hashes and path != name else None

    folder = root / BSDS500_PLACES[0]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=root, prefix=".BSDS500.") as staging:
        unpack(archive, Path(staging, "images"), wanted)
        if bad := verify(Path(staging, "images"), hashes):
            names = ", ".join(bad[:3]) + (", ..." if len(bad) > 3 else "")
            what = f"{len(bad)} of BSDS500's {len(hashes)} pictures are missing or altered: {names} ({archive})"
            raise DenoiserError(what, f"rm {archive}, then repeat the command: it downloads", ENVIRONMENT)
        Path(staging, "images").rename(folder)
    archive.unlink()
    return folder


def _found(root: Path, hashes: Mapping[str, str]) -> Path | None:
    folder = next((root / place for place in BSDS500_PLACES if (root / place).is_dir()), None)
    if folder is None:
        return None
    expected = Counter(name.split("/")[0] for name in hashes)
    counts = {split: sum(1 for _ in (folder / split).glob("*.jpg")) for split in expected}
    wrong = [f"{split} has {counts[split]} of {of}" for split, of in expected.items() if counts[split] != of]
    if wrong:
        fix = f"mv {folder} {folder}-incomplete, then repeat the command: it downloads"
        raise DenoiserError(f"BSDS500 is not whole: {', '.join(wrong)} pictures ({folder})", fix)
    return folder


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _disk(target: Path) -> Iterator[None]:
    """Tell what the disk refuses in the user's terms."""
    try:
        yield
    except OSError as error:
        what = f"cannot store {target.name}: {error.strerror or error} ({error.filename or target.parent})"
        fix = "set data.root to a folder that can be written, or free some space on that disk"
        raise DenoiserError(what, fix, ENVIRONMENT) from error


@contextmanager
def _own_part(target: Path) -> Iterator[Path]:
    """A file beside `target` that no other process writes to.

    A lock that the system frees when its holder dies: the first of many jobs downloads, the others wait and find it
    done, and a killed download can be gone on with. Where there are no locks, a name of one's own, and no resuming.
    """
    with _disk(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.with_name(f".{target.name}.lock").open("ab") as lock:
            if _locked(lock):
                yield target.with_name(f"{target.name}.part")
                return
        with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
            yield Path(folder, "part")


def _locked(lock: IO[bytes]) -> bool:
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"waiting for another process that downloads ({lock.name})", file=sys.stderr)
        fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError:
        return False
    return True


def _fetch(urls: Sequence[str], target: Path, part: Path, sha256: str | None, max_bytes: int) -> Path:
    if target.exists():
        if sha256 in (None, _sha256(target)):
            return target
        raise DenoiserError(f"{target.name} is not the published file ({target.parent})", f"rm {target}", ENVIRONMENT)
    reasons = []
    for url in urls:
        try:
            _download(url, part, sha256, max_bytes)
        except _Refused as reason:
            reasons.append(f"{urlsplit(url).netloc}: {reason}")
        else:
            part.replace(target)
            _note(part).unlink(missing_ok=True)
            return target
    what = f"cannot download {target.name}: {'; '.join(reasons)} ({target.parent})"
    raise DenoiserError(what, f"download {' or '.join(urls)} by hand and save it as {target}", ENVIRONMENT)


def _note(part: Path) -> Path:
    """Beside a broken-off download: where it came from and which version of the file it was."""
    return part.with_name(f"{part.name}.from")


def _download(url: str, part: Path, sha256: str | None, max_bytes: int) -> None:
    response, start = _ask(url, *_broken_off(url, part))
    with response:
        total = start + (response.length or 0)
        if total > max_bytes:
            raise _Refused(f"larger than {max_bytes / 1e6:,.0f} MB")
        size = _receive(response, url, part, start, max_bytes)
    if size < max(total, 1):
        raise _Refused(f"broke off after {size:,} of {total:,} bytes")
    if sha256 not in (None, _sha256(part)):
        part.unlink()
        raise _Refused("sent another file (its sha256 differs)")


def _broken_off(url: str, part: Path) -> tuple[int, str]:
    """How many bytes of which version of `url` an earlier try left."""
    note = _note(part).read_text(encoding="utf-8").split("\n") if part.is_file() and _note(part).is_file() else []
    return (part.stat().st_size, note[1]) if note[:1] == [url] and note[1] else (0, "")


def _ask(url: str, start: int, version: str) -> tuple[HTTPResponse, int]:
    """The answer of a mirror and the byte it begins with: `start` only if the file is surely still the same."""
    if start:
        try:
            response = _open(url, {"Range": f"bytes={start}-", "If-Range": version})
        except _Refused:  # such as 416 for a part that is too long
            return _open(url, {}), 0
        if response.status == 200:
            return response, 0
        if _version(response) == version and response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            return response, start
        response.close()
    return _open(url, {}), 0


def _version(response: HTTPResponse) -> str:
    tag = response.headers.get("ETag", "W/")
    return response.headers.get("Last-Modified", "") if tag.startswith("W/") else tag


def _open(url: str, headers: dict[str, str]) -> HTTPResponse:
    try:
        response: HTTPResponse = urlopen(Request(url, headers={"User-Agent": "denoiser", **headers}), timeout=TIMEOUT)
    except HTTPError as error:
        error.close()
        raise _Refused(f"HTTP {error.code} {error.reason}") from error
    except (OSError, HTTPException) as error:
        raise _Refused(_short(error)) from error
    return response


def _short(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__


def _receive(response: HTTPResponse, url: str, part: Path, start: int, max_bytes: int) -> int:
    chunks = _chunks(response, part.stem, start)
    first = next(chunks, b"")
    if not start and NOT_A_FILE.match(first):
        raise _Refused("sent a web page or a pointer instead of the file")
    size = start
    with part.open("ab" if start else "wb") as file:  # emptied before the note names its new source
        _note(part).write_text(f"{url}\n{_version(response)}", encoding="utf-8")
        for chunk in itertools.chain([first], chunks):
            size += file.write(chunk)
            if size > max_bytes:
                file.truncate(0)
                raise _Refused(f"larger than {max_bytes / 1e6:,.0f} MB")
        file.flush()
        os.fsync(file.fileno())
    return size


def _chunks(response: HTTPResponse, name: str, size: int) -> Iterator[bytes]:
    """The bytes of an answer, with a line of progress for who looks on; `size` bytes came earlier."""
    shown, of = sys.stderr.isatty(), f" of {(size + response.length) / 1e6:.1f}" if response.length else ""
    try:
        while chunk := response.read(1 << 18):
            size += len(chunk)
            if shown:
                print(f"\rdownloading {name}: {size / 1e6:.1f}{of} MB", end="", file=sys.stderr, flush=True)
            yield chunk
    except (OSError, HTTPException) as error:
        raise _Refused(_short(error)) from error
    finally:
        if shown:
            print(file=sys.stderr)


def _extract(archive: Path, folder: Path, wanted: Callable[[str], str | None], max_bytes: int) -> None:
    folder.mkdir()
    for name, plain, opened in _members(archive):
        path = wanted(name)
        if path is None:
            continue
        if not plain or _leads_out(name) or _leads_out(path) or (folder / path).exists():
            raise _Refused(f"'{name}' is a link, a device, a second copy or leads out of the folder")
        with opened() as source:
            max_bytes -= _copy(source, folder / path, max_bytes)
    if not any(folder.iterdir()):
        raise _Refused("it holds nothing of what was looked for")


def _members(archive: Path) -> Iterator[tuple[str, bool, Callable[[], IO[bytes]]]]:
    """Name, whether it is a plain file, and how to open it, of each member."""
    with archive.open("rb") as file:
        zipped = file.read(2) == b"PK"
    if zipped:
        with zipfile.ZipFile(archive) as bundle:
            for info in bundle.infolist():
                plain = stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG) and not info.is_dir()
                yield info.filename, plain, partial(bundle.open, info)
    else:
        with tarfile.open(archive, "r:gz") as tarball:
            for member in tarball:
                yield member.name, member.isreg(), partial(_content, tarball, member)


def _content(tarball: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = tarball.extractfile(member)
    if content is None:
        raise _Refused(f"'{member.name}' has no content")
    return content


def _leads_out(name: str) -> bool:
    path = PureWindowsPath(name)  # takes both slashes and drive letters for what they may become
    return bool(path.anchor) or ".." in path.parts


def _copy(source: IO[bytes], target: Path, max_bytes: int) -> int:
    """Count what really comes: an archive's own figures may be wrong."""
    size = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        while chunk := source.read(1 << 18):
            size += file.write(chunk)
            if size > max_bytes:
                raise _Refused(f"'{target.name}' makes it larger than allowed when unpacked")
    return size
