"""One file from the network: from the first mirror that gives it, whole or not at all."""

from __future__ import annotations

import itertools
import os
import re
import sys
from collections.abc import Iterator, Sequence
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from denoiser.data.store.lock import own_part
from denoiser.errors import ENVIRONMENT, DenoiserError
from denoiser.machine.files import sha256_of

GIB = 1 << 30
TIMEOUT = 30  # seconds without a byte
NOT_A_FILE = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype|html|\?xml)|version https://git-lfs", re.IGNORECASE)


class _Refused(Exception):
    """Why a mirror did not give what was asked for, in a few words."""


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
    with own_part(target) as part:
        return fetch_into(urls, target, part, sha256, max_bytes)


def fetch_into(
    urls: Sequence[str], target: Path, part: Path, sha256: str | None, max_bytes: int, fix: str | None = None
) -> Path:
    """`fetch`, for a caller that already holds `target`'s part (see `own_part`) and may have advice of its own."""
    if target.exists():
        if sha256 in (None, sha256_of(target)):
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
    raise DenoiserError(what, fix or f"download {' or '.join(urls)} by hand and save it as {target}", ENVIRONMENT)


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
    if sha256 not in (None, sha256_of(part)):
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
