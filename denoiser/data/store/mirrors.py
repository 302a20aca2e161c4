"""Downloading one file from the first of several mirrors that has it, completely or not at all."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from denoiser.errors import ENVIRONMENT, DenoiserError
from denoiser.machine.files import LFS_POINTER, WEB_PAGE, sha256_of
from denoiser.machine.terminal import say

TIMEOUT = 30
"""Seconds without a byte after which a mirror is given up."""


class _MirrorFailed(Exception):
    """The reason why a mirror did not deliver the file, in a few words."""


def fetch(
    urls: Sequence[str], target: Path, part: Path, sha256: str | None, max_bytes: int, fix: str | None = None
) -> Path:
    """Download a file from the first mirror that delivers it; an interrupted download is resumed.

    Args:
        urls: mirrors in the order in which they are tried.
        target: path of the file; a file that exists already is used.
        part: path of the partial download, which the caller has locked (see `locked_part`).
        sha256: the hash of the file; None if it is not known.
        max_bytes: largest size of the file.
        fix: replaces the usual advice if no mirror delivers the file.

    Returns:
        `target`.

    Raises:
        DenoiserError: no mirror delivered the file, or `target` is another file (exit code 3).
    """
    if target.exists():
        if sha256 in (None, sha256_of(target)):
            return target
        raise DenoiserError(f"{target.name} is not the published file ({target.parent})", f"rm {target}", ENVIRONMENT)
    reasons = []
    for url in urls:
        try:
            _download(url, part, sha256, max_bytes)
        except _MirrorFailed as reason:
            reasons.append(f"{urlsplit(url).netloc}: {reason}")
        else:
            part.replace(target)
            _source_note(part).unlink(missing_ok=True)
            return target
    problem = f"cannot download {target.name}: {'; '.join(reasons)} ({target.parent})"
    raise DenoiserError(problem, fix or f"download {' or '.join(urls)} by hand and save it as {target}", ENVIRONMENT)


def _source_note(part: Path) -> Path:
    """A file beside an interrupted download with the address and the version of the file."""
    return part.with_name(f"{part.name}.from")


def _download(url: str, part: Path, sha256: str | None, max_bytes: int) -> None:
    response, start = _request(url, *_interrupted(url, part))
    with response:
        total = start + (response.length or 0)
        if total > max_bytes:
            raise _MirrorFailed(f"larger than {max_bytes / 1e6:,.0f} MB")
        size = _receive(response, url, part, start, max_bytes)
    if size < max(total, 1):
        raise _MirrorFailed(f"interrupted after {size:,} of {total:,} bytes")
    if sha256 not in (None, sha256_of(part)):
        part.unlink()
        raise _MirrorFailed("sent another file (its sha256 differs)")


def _interrupted(url: str, part: Path) -> tuple[int, str]:
    """The size and the version of an interrupted download of `url`; 0 and "" if there is none."""
    path = _source_note(part)
    note = path.read_text(encoding="utf-8").split("\n") if part.is_file() and path.is_file() else []
    return (part.stat().st_size, note[1]) if note[:1] == [url] and note[1] else (0, "")


def _request(url: str, start: int, version: str) -> tuple[HTTPResponse, int]:
    """The response of a mirror and its first byte: `start` only if the file is certainly unchanged."""
    if start:
        try:
            response = _open(url, {"Range": f"bytes={start}-", "If-Range": version})
        except _MirrorFailed:  # for example 416 for a part that is too long
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
        raise _MirrorFailed(f"HTTP {error.code} {error.reason}") from error
    except (OSError, HTTPException) as error:
        raise _MirrorFailed(_short(error)) from error
    return response


def _short(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__


def _receive(response: HTTPResponse, url: str, part: Path, start: int, max_bytes: int) -> int:
    chunks = _chunks(response, part.stem, start)
    first = next(chunks, b"")
    if not start and (WEB_PAGE.match(first) or LFS_POINTER.match(first)):
        raise _MirrorFailed("sent a web page or a pointer instead of the file")
    size = start
    with part.open("ab" if start else "wb") as file:  # emptied before the note names the new source
        _source_note(part).write_text(f"{url}\n{_version(response)}", encoding="utf-8")
        for chunk in itertools.chain([first], chunks):
            size += file.write(chunk)
            if size > max_bytes:
                file.truncate(0)
                raise _MirrorFailed(f"larger than {max_bytes / 1e6:,.0f} MB")
        file.flush()
        os.fsync(file.fileno())
    return size


def _chunks(response: HTTPResponse, name: str, size: int) -> Iterator[bytes]:
    """The bytes of a response, with a line of progress in a terminal; `size` bytes are on disk already."""
    shown, total = sys.stderr.isatty(), f" of {(size + response.length) / 1e6:.1f}" if response.length else ""
    try:
        while chunk := response.read(1 << 18):
            size += len(chunk)
            if shown:
                say(f"downloading {name}: {size / 1e6:.1f}{total} MB", end="\r", error=True)
            yield chunk
    except (OSError, HTTPException) as error:
        raise _MirrorFailed(_short(error)) from error
    finally:
        if shown:
            say(error=True)
