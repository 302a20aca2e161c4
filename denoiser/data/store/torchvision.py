"""torchvision's readers without their surprises: a download arrives whole or not at all, and overwrites nothing."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Sequence
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import URLError

from denoiser.data.store.lock import own_part
from denoiser.errors import ENVIRONMENT, DenoiserError

TIMEOUT = 30
"""Seconds without an answer after which a mirror is given up; torchvision would wait for ever."""


def torchvision_reader(
    reader: Callable[..., Any],
    root: Path,
    folder: str,
    archives: Sequence[str],
    other: str | None = None,
    **options: Any,
) -> Any:
    """A torchvision dataset, downloaded where it is not there yet.

    Args:
        reader: the dataset's class.
        root: the store of named datasets.
        folder: where below `root` its files belong.
        archives: what it is downloaded as, below `root`; those that were put there by hand are used.
        other: another way out, if what is there is not the original.
        **options: to `reader`.

    Raises:
        DenoiserError: it is there but not whole, or cannot be downloaded or stored (exit code 3).
    """
    install(reader, root, folder, archives)
    try:
        return reader(root, download=False, **options)
    except Exception as error:  # a damaged file: torchvision raises whatever its parser stumbles over
        there, reason = root / folder, str(error).partition(" You can use download=True")[0]
        raise DenoiserError(
            f"{reader.__name__} is not whole or not the original: {reason or type(error).__name__} ({there})",
            other or f"mv {there} {there}-incomplete, then repeat the command: it downloads",
            ENVIRONMENT,
        ) from error


def install(reader: Callable[..., Any], root: Path, folder: str, archives: Sequence[str]) -> None:
    """Download a torchvision dataset where nothing of it is there yet; arguments as in `torchvision_reader`.

    Raises:
        DenoiserError: it cannot be downloaded or stored (exit code 3).
    """
    if _unpacked(root / folder):
        return
    with own_part(root / folder.split("/")[0]):
        if not _unpacked(root / folder):  # looked at again: another process may have just finished
            with TemporaryDirectory(dir=root, prefix=f".{reader.__name__}.") as staging:
                _download(reader, root, Path(staging), archives)
                _move(Path(staging, folder), root / folder)


def _unpacked(folder: Path) -> bool:
    return folder.is_dir() and any(path.suffix != ".gz" for path in folder.iterdir())


def _download(reader: Any, root: Path, staging: Path, archives: Sequence[str]) -> None:
    for name in archives:
        (staging / name).parent.mkdir(parents=True, exist_ok=True)
        if (root / name).is_file():
            shutil.copy(root / name, staging / name)
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        reader(staging, download=True)
    except (URLError, HTTPException, ConnectionError, TimeoutError, RuntimeError) as error:
        source = reader.mirrors[0] if hasattr(reader, "mirrors") else reader.url.rpartition("/")[0]
        names = ", ".join(name.rpartition("/")[2] for name in archives)
        raise DenoiserError(
            f"{reader.__name__} is not there and cannot be downloaded: {error} ({root})",
            f"fetch {names} from {source} and put that into {(root / archives[0]).parent}",
            ENVIRONMENT,
        ) from error
    finally:
        socket.setdefaulttimeout(patience)


def _move(staged: Path, folder: Path) -> None:
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        staged.rename(folder)
        return
    for path in staged.iterdir():  # beside the archives that were put there by hand
        if not (folder / path.name).exists():
            path.rename(folder / path.name)
