"""Files that are whole or absent: every file of a run is written beside its target, flushed and renamed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from denoiser.errors import ENVIRONMENT, DenoiserError


@contextmanager
def replacing(target: Path) -> Iterator[IO[bytes]]:
    """Open a binary file that becomes `target` only when the block ends well.

    Args:
        target: the file to make or replace; its folder is made if it is missing.

    Yields:
        The open temporary file beside `target`.

    Raises:
        DenoiserError: the folder or disk does not take the file (exit code 3); what was at `target` is untouched.
    """
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        raise DenoiserError(
            f"cannot write {target.name}: {error.strerror or error} ({target.parent})",
            "choose a folder that can be written, or free some space on that disk",
            ENVIRONMENT,
        ) from error
    finally:
        if part.parent.is_dir():
            part.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> None:
    """Write `text` to `target` in UTF-8, whole or not at all.

    Raises:
        DenoiserError: the folder or disk does not take the file (exit code 3).
    """
    with replacing(target) as file:
        file.write(text.encode())
