"""Datasets from the network: fetched, unpacked, and checked against published hashes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from denoiser.data.archive import unpack
from denoiser.data.fetch import GIB, fetch_into
from denoiser.data.store import on_disk, own_part, sha256_of
from denoiser.errors import ENVIRONMENT, DenoiserError

COMMIT = "a04b7c6c3a9f0ace74bf205c72a43d32e1c72722"  # the one whose hashes ship
BSDS500_MIRRORS = (
    f"https://github.com/BIDS/BSDS500/archive/{COMMIT}.zip",
    "http://www.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/BSR/BSR_bsds500.tgz",
)
BSDS500_PLACES = ("BSR/BSDS500/data/images", "BSDS500/data/images", "BSDS500-master/BSDS500/data/images")


def read_hashes(path: Path) -> dict[str, str]:
    """The sha256 of each file (by relative path) from a list as `sha256sum` writes it; `#` starts a comment line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))
    return {name: digest for digest, name in pairs}


def verify(folder: Path, hashes: Mapping[str, str]) -> list[str]:
    """The names, of those in `hashes`, that are missing in `folder` or have another content."""
    return [
        name for name, digest in hashes.items() if not (folder / name).is_file() or sha256_of(folder / name) != digest
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
