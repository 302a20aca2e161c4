"""Downloading datasets, unpacking them, and comparing them with published hashes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from denoiser.data.store.archive import GIB, unpack
from denoiser.data.store.catalogue import DOWNLOAD_AGAIN, Card
from denoiser.data.store.lock import disk_errors, locked_part
from denoiser.data.store.mirrors import fetch
from denoiser.errors import ENVIRONMENT, DenoiserError

COMMIT = "a04b7c6c3a9f0ace74bf205c72a43d32e1c72722"
"""Commit of github.com/BIDS/BSDS500 that the hashes were computed of."""
BSDS500_MIRRORS = (
    f"https://github.com/BIDS/BSDS500/archive/{COMMIT}.zip",
    "http://www.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/BSR/BSR_bsds500.tgz",
)
"""Addresses of the archive of BSDS500."""
BSDS500_HASHES = Path(__file__).with_name("bsds500-sha256.txt")
"""The list of the published pictures and their sha256."""
BSDS500_FOLDERS = ("BSR/BSDS500/data/images", "BSDS500/data/images", "BSDS500-master/BSDS500/data/images")
"""Possible folders of the pictures in the store, by the archive that they come from."""
MAX_BYTES = 1 << 25
"""Largest size of one picture file."""


def read_hashes(path: Path) -> dict[str, str]:
    """The sha256 of each file by its relative path, from a list in the format of `sha256sum` with `#` comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))
    return {name: digest for digest, name in pairs}


def missing_or_altered(folder: Path, hashes: Mapping[str, str]) -> list[str]:
    """The files of `hashes` (sha256, or md5 by its length) that are missing from `folder` or have other content."""
    return [name for name, digest in hashes.items() if not _has_digest(folder / name, digest)]


def _has_digest(path: Path, digest: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5" if len(digest) == 32 else "sha256").hexdigest() == digest


def check_hashes(name: str, root: Path, card: Card) -> None:
    """Compare the files of a dataset with their published hashes; files without a known hash are not compared.

    Args:
        name: name of the dataset, as in `data=NAME`.
        root: the store of datasets.
        card: names and hashes of the files.

    Raises:
        DenoiserError: a file is altered or missing (exit code 3).
    """
    folder = card.folder(root)
    with disk_errors(folder):
        altered = missing_or_altered(folder, {file: digest for file, digest in card.files.items() if digest})
    if altered:
        problem = f"{name} has {len(altered)} altered or missing file(s), {altered[0]} first ({folder})"
        replace = card.replacement_instructions(root, f"denoiser data download {name} --root {root}")
        raise DenoiserError(problem, f"denoiser data verify {name} --root {root}, then {replace}", ENVIRONMENT)


def download_files(root: Path, card: Card) -> Path:
    """Download a dataset of single files if its folder is missing, completely or not at all.

    An interrupted download is resumed. A folder that exists is never written to: its files are counted, but not hashed
    (see `check_hashes`).

    Args:
        root: the store of datasets.
        card: names, hashes and address of the files.

    Returns:
        The folder of the files.

    Raises:
        DenoiserError: the folder lacks files, the dataset has to be downloaded by hand, the download failed, or the
            disk cannot be written (exit code 3 for all).
    """
    folder = card.folder(root)
    with disk_errors(folder):
        exists = folder.is_dir()
    if not exists and not card.url:
        raise DenoiserError(f"{folder.name} is missing ({root})", card.manual_instructions(root), ENVIRONMENT)
    if not exists:
        with locked_part(folder) as part:
            if not folder.is_dir():  # checked again: another process may have finished it
                _download_missing(card, part, f"repeat the command to resume, or {card.manual_instructions(root)}")
                part.rename(folder)
    if missing := card.missing(root):
        problem = f"{folder.name} has {len(card.files) - len(missing)} of its {len(card.files)} pictures"
        raise DenoiserError(
            f"{problem}, {missing[0]} is missing ({folder})", card.replacement_instructions(root), ENVIRONMENT
        )
    return folder


def _download_missing(card: Card, part: Path, fix: str) -> None:
    """Download the files of a dataset that the folder `part` lacks."""
    part.mkdir(exist_ok=True)
    try:
        for name, digest in card.files.items():
            fetch([f"{card.url}/{name}"], part / name, part / f"{name}.part", digest or None, MAX_BYTES, fix)
    except DenoiserError:
        with suppress(OSError):  # a folder with files is kept, so that the download can be resumed
            part.rmdir()
        raise
    for path in part.iterdir():  # parts of interrupted downloads
        if path.name not in card.files:
            path.unlink()


def bsds500(root: Path, urls: Sequence[str] = BSDS500_MIRRORS, hashes: Mapping[str, str] | None = None) -> Path:
    """Download the train, val and test pictures of BSDS500 if they are missing.

    Pictures that exist are counted, but not hashed. Of the archive, only the 500 JPEG files are kept.

    Args:
        root: the store of datasets; the pictures are in one of its `BSDS500_FOLDERS`.
        urls: mirrors of the archive.
        hashes: sha256 of each picture by its path (`val/101085.jpg`), by default the published ones.

    Returns:
        The folder of the pictures.

    Raises:
        DenoiserError: the folder has too few or too many pictures (exit code 2); the download failed, is damaged or
            contains other pictures, or the disk cannot be written (exit code 3).
    """
    hashes = hashes or read_hashes(BSDS500_HASHES)
    archive = root / "BSDS500.archive"
    with disk_errors(root):
        folder = _existing_folder(root, hashes)
    if folder is not None:
        return folder
    with locked_part(archive) as part:  # checked again: another process may have finished it
        return _existing_folder(root, hashes) or _install(root, fetch(urls, archive, part, None, GIB), hashes)


def _install(root: Path, archive: Path, hashes: Mapping[str, str]) -> Path:
    def wanted(name: str) -> str | None:
        path = name.rpartition("BSDS500/data/images/")[2]
        return path if path in hashes and path != name else None

    folder = root / BSDS500_FOLDERS[0]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=root, prefix=".BSDS500.") as staging:
        unpack(archive, Path(staging, "images"), wanted)
        if bad := missing_or_altered(Path(staging, "images"), hashes):
            names = ", ".join(bad[:3]) + (", ..." if len(bad) > 3 else "")
            problem = f"{len(bad)} of BSDS500's {len(hashes)} pictures are missing or altered: {names} ({archive})"
            raise DenoiserError(problem, f"rm {archive}, then {DOWNLOAD_AGAIN}", ENVIRONMENT)
        Path(staging, "images").rename(folder)
    archive.unlink()
    return folder


def _existing_folder(root: Path, hashes: Mapping[str, str]) -> Path | None:
    folder = next((root / name for name in BSDS500_FOLDERS if (root / name).is_dir()), None)
    if folder is None:
        return None
    expected = Counter(name.split("/")[0] for name in hashes)
    counts = {split: sum(1 for _ in (folder / split).glob("*.jpg")) for split in expected}
    wrong = [f"{split} has {counts[split]} of {count}" for split, count in expected.items() if counts[split] != count]
    if wrong:
        fix = f"mv {folder} {folder}-incomplete, then {DOWNLOAD_AGAIN}"
        raise DenoiserError(f"BSDS500 is incomplete: {', '.join(wrong)} pictures ({folder})", fix)
    return folder
