"""Datasets of torchvision: downloaded completely or not at all, without overwriting files."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Sequence
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import URLError

from denoiser.data.store.catalogue import DOWNLOAD_AGAIN
from denoiser.data.store.lock import locked_part
from denoiser.errors import ENVIRONMENT, DenoiserError

TIMEOUT = 30
"""Seconds without a response after which a mirror is given up; torchvision sets no limit."""


def torchvision_reader(
    reader: Callable[..., Any],
    root: Path,
    folder: str,
    archives: Sequence[str],
    fix: str | None = None,
    **options: Any,
) -> Any:
    """A dataset of torchvision, downloaded if it is missing.

    Args:
        reader: the class of the dataset.
        root: the store of named datasets.
        folder: the folder of its files, relative to `root`.
        archives: the archives that it is downloaded as, relative to `root`; archives that exist already are used.
        fix: advice for files that are not the original; None to download them again.
        **options: arguments of `reader`.

    Raises:
        DenoiserError: the dataset is incomplete or altered, or cannot be downloaded or stored (exit code 3).
    """
    install(reader, root, folder, archives)
    try:
        return reader(root, download=False, **options)
    except Exception as error:  # on a damaged file the parsers of torchvision raise many types of errors
        path, reason = root / folder, str(error).partition(" You can use download=True")[0]
        raise DenoiserError(
            f"{reader.__name__} is incomplete or altered: {reason or type(error).__name__} ({path})",
            fix or f"mv {path} {path}-incomplete, then {DOWNLOAD_AGAIN}",
            ENVIRONMENT,
        ) from error


def install(reader: Callable[..., Any], root: Path, folder: str, archives: Sequence[str]) -> None:
    """Download a dataset of torchvision if its folder is missing; arguments as in `torchvision_reader`.

    Raises:
        DenoiserError: the dataset cannot be downloaded or stored (exit code 3).
    """
    if _unpacked(root / folder):
        return
    with locked_part(root / folder.split("/")[0]):
        if not _unpacked(root / folder):  # checked again: another process may have finished it
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
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        reader(staging, download=True)
    except (URLError, HTTPException, ConnectionError, TimeoutError, RuntimeError) as error:
        source = reader.mirrors[0] if hasattr(reader, "mirrors") else reader.url.rpartition("/")[0]
        names = ", ".join(name.rpartition("/")[2] for name in archives)
        raise DenoiserError(
            f"{reader.__name__} is missing and cannot be downloaded: {error} ({root})",
            f"download {names} from {source} to {(root / archives[0]).parent}",
            ENVIRONMENT,
        ) from error
    finally:
        socket.setdefaulttimeout(timeout)


def _move(staged: Path, folder: Path) -> None:
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        staged.rename(folder)
        return
    for path in staged.iterdir():  # archives that the user downloaded stay in the folder
        if not (folder / path.name).exists():
            path.rename(folder / path.name)
