"""Datasets from the network: fetched, unpacked, and checked against published hashes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from denoiser.data.store.archive import unpack
from denoiser.data.store.catalogue import Card
from denoiser.data.store.lock import on_disk, own_part
from denoiser.data.store.mirrors import GIB, fetch_into
from denoiser.errors import ENVIRONMENT, DenoiserError

COMMIT = "a04b7c6c3a9f0ace74bf205c72a43d32e1c72722"  # the one whose hashes ship
BSDS500_MIRRORS = (
    f"https://github.com/BIDS/BSDS500/archive/{COMMIT}.zip",
    "http://www.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/BSR/BSR_bsds500.tgz",
)
BSDS500_HASHES = Path(__file__).with_name("bsds500-sha256.txt")
MAX_BYTES = 1 << 25  # of one picture
BSDS500_FOLDERS = ("BSR/BSDS500/data/images", "BSDS500/data/images", "BSDS500-master/BSDS500/data/images")


def read_hashes(path: Path) -> dict[str, str]:
    """The sha256 of each file (by relative path) from a list as `sha256sum` writes it; `#` starts a comment line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))
    return {name: digest for digest, name in pairs}


def missing_or_altered(folder: Path, hashes: Mapping[str, str]) -> list[str]:
    """The names, of those in `hashes` (sha256, or md5 by its length), that `folder` lacks or has with other content."""
    return [name for name, digest in hashes.items() if not (folder / name).is_file() or not _is(folder / name, digest)]


def _is(path: Path, digest: str) -> bool:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5" if len(digest) == 32 else "sha256").hexdigest() == digest


def check_hashes(name: str, root: Path, card: Card) -> None:
    """Refuse a dataset of which a file that is there is not the published one; where no hashes are known, none is.

    Args:
        name: of the dataset, as in `data=NAME`.
        root: the store of datasets.
        card: names and hashes of the files.

    Raises:
        DenoiserError: a file is altered or missing (exit code 3).
    """
    folder = card.folder(root)
    with on_disk(folder):
        altered = missing_or_altered(folder, {file: digest for file, digest in card.files.items() if digest})
    if altered:
        more = f", nor are {len(altered) - 1} of the others" if len(altered) > 1 else ""
        what = f"{name}: {altered[0]} is not the published file{more} ({folder})"
        anew = card.replacement_instructions(root, f"denoiser data download {name} --root {root}")
        raise DenoiserError(what, f"denoiser data verify {name} --root {root}, then {anew}", ENVIRONMENT)


def download_files(root: Path, card: Card) -> Path:
    """The folder that holds a dataset of single files; downloaded where it is not there yet, whole or not at all.

    A folder that is there is counted, not hashed (see `check_hashes`), and never written to. A download that breaks
    off is gone on with.

    Args:
        root: the store of datasets.
        card: names, hashes and address of the files.

    Raises:
        DenoiserError: the folder there lacks files, the dataset has to be fetched by hand, the download failed, or the
            disk did not take it (exit code 3 for all).
    """
    folder = card.folder(root)
    with on_disk(folder):
        there = folder.is_dir()
    if not there and not card.url:
        raise DenoiserError(f"{folder.name} is not there ({root})", card.manual_instructions(root), ENVIRONMENT)
    if not there:
        with own_part(folder) as part:
            if not folder.is_dir():  # looked at again: another process may have just finished
                _collect(card, part, f"repeat the command, which goes on; or {card.manual_instructions(root)}")
                part.rename(folder)
    if missing := card.missing(root):
        what = f"{folder.name} has {len(card.files) - len(missing)} of its {len(card.files)} pictures"
        raise DenoiserError(
            f"{what}, {missing[0]} is missing ({folder})", card.replacement_instructions(root), ENVIRONMENT
        )
    return folder


def _collect(card: Card, part: Path, fix: str) -> None:
    """Download all files of a dataset into the folder `part`, those that are not in it yet."""
    part.mkdir(exist_ok=True)
    try:
        for name, digest in card.files.items():
            fetch_into([f"{card.url}/{name}"], part / name, part / f"{name}.part", digest or None, MAX_BYTES, fix)
    except DenoiserError:
        with suppress(OSError):  # it holds what there is to go on with
            part.rmdir()
        raise
    for path in part.iterdir():  # what a broken-off try left
        if path.name not in card.files:
            path.unlink()


def bsds500(root: Path, urls: Sequence[str] = BSDS500_MIRRORS, hashes: Mapping[str, str] | None = None) -> Path:
    """The folder that holds BSDS500's train, val and test pictures; downloaded where they are not there yet.

    Data that is there is counted, not hashed, and nothing is written. A download keeps the 500 JPEGs alone.

    Args:
        root: the store of datasets; `BSR/BSDS500/data/images` and the layouts of `BSDS500_FOLDERS` are found in it.
        urls: mirrors of the archive.
        hashes: sha256 of each picture by path (`val/101085.jpg`); default the published ones.

    Raises:
        DenoiserError: the pictures there are too few or too many (exit code 2); the download failed, is damaged or
            holds other pictures, or the disk did not take it (exit code 3).
    """
    known = hashes or read_hashes(BSDS500_HASHES)
    archive = root / "BSDS500.archive"
    with on_disk(root):
        folder = _found(root, known)
    if folder is not None:
        return folder
    with own_part(archive) as part:  # found again: another process may have just finished
        return _found(root, known) or _install(root, fetch_into(urls, archive, part, None, GIB), known)


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
            what = f"{len(bad)} of BSDS500's {len(hashes)} pictures are missing or altered: {names} ({archive})"
            raise DenoiserError(what, f"rm {archive}, then repeat the command: it downloads", ENVIRONMENT)
        Path(staging, "images").rename(folder)
    archive.unlink()
    return folder


def _found(root: Path, hashes: Mapping[str, str]) -> Path | None:
    folder = next((root / place for place in BSDS500_FOLDERS if (root / place).is_dir()), None)
    if folder is None:
        return None
    expected = Counter(name.split("/")[0] for name in hashes)
    counts = {split: sum(1 for _ in (folder / split).glob("*.jpg")) for split in expected}
    wrong = [f"{split} has {counts[split]} of {of}" for split, of in expected.items() if counts[split] != of]
    if wrong:
        fix = f"mv {folder} {folder}-incomplete, then repeat the command: it downloads"
        raise DenoiserError(f"BSDS500 is not whole: {', '.join(wrong)} pictures ({folder})", fix)
    return folder
