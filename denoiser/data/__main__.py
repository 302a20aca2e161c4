"""`denoiser data`: which datasets there are, whether they are here, and whether they are what was published."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from denoiser import build
from denoiser.cli import failures
from denoiser.cli.arguments import Parser
from denoiser.config import compose, data_root, options
from denoiser.data.store.catalogue import INCOMPLETE, NOT_THERE, Card, card
from denoiser.data.store.download import verify as altered_or_missing
from denoiser.errors import SOME_FAILED, DenoiserError, nearest

if TYPE_CHECKING:
    from denoiser.data.base import PairsDataModule

HEAD = ("name", "pictures", "what", "licence", "here")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit code: 1 if some of several datasets failed, or files are missing or altered."""
    return failures.guarded(lambda: _command(_parser().parse_intermixed_args(arguments)))


def _command(given: argparse.Namespace) -> int:
    root = Path(given.root or data_root()).expanduser().absolute()
    if given.action == "list":
        listing(given.names or options("data"), root)
        return 0
    if given.action not in ACTIONS:
        near = nearest(given.action, ("list", *ACTIONS)) or "--help"
        raise DenoiserError(f"no action '{given.action}' (denoiser data)", f"denoiser data {near}")
    if not given.names:
        raise DenoiserError(f"which dataset? (denoiser data {given.action})", "denoiser data list")
    for name in given.names:
        card(name)  # a typo is told before anything is downloaded
    return _each(given.names, lambda name: ACTIONS[given.action](name, root))


def _each(names: Sequence[str], act: Callable[[str], None]) -> int:
    """One failure is told as itself; those among several are told one by one, and do not stop the others."""
    failed = 0
    for name in names:
        try:
            act(name)
        except DenoiserError as error:
            if len(names) == 1:
                raise
            failed += bool(failures.print_error(error))
    return SOME_FAILED if failed else 0


def listing(names: Sequence[str], root: Path) -> None:
    """Print a table of datasets under the path of the store."""
    rows = [HEAD, *(_row(name, card(name), root) for name in names)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    print(f"store: {root}")
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _row(name: str, about: Card | None, root: Path) -> tuple[str, ...]:
    if about is None:
        return name, *["-"] * (len(HEAD) - 1)
    count = "any" if about.count is None else f"{about.count:,}"
    return name, count, about.what, about.licence, about.state(root)


def download(name: str, root: Path) -> None:
    """Put a dataset into the store, where it is not there yet, and say where it lies.

    Raises:
        DenoiserError: it has to be fetched by hand, or cannot be downloaded or stored (exit code 3).
    """
    about = card(name)
    if about is not None and not about.files:
        print(f"{name}: {about.home}, nothing to download")
        return
    _made(name, root).prepare_data()
    print(f"{name}: {about.folder(root) if about else root}")


def _made(name: str, root: Path) -> PairsDataModule:
    from denoiser.data.base import Protocol
    from denoiser.noise.base import Noise

    config = {key: value for key, value in build.plain(compose([f"data={name}"]).data).items() if key != "name"}
    stored = {"root": str(root)} if "root" in config else {}
    made: PairsDataModule = build.make("data", config | stored, protocol=Protocol(Noise(), 0, (None,), clip=False))
    return made


def verify(name: str, root: Path) -> None:
    """Compare the files of a dataset with those that were published; where no hashes are known, count them.

    Raises:
        DenoiserError: it is not there, or has no list of files; files are missing or altered (exit code 1).
    """
    about, folder = _there(name, root, "no files to verify")
    missing = about.missing(root)
    known = {file: digest for file, digest in about.files.items() if digest and file not in missing}
    altered = altered_or_missing(folder, known)
    for kind, files in (("missing", missing), ("altered", altered)):
        print(*(f"{kind}  {file}\n" for file in files), sep="", end="")
    if missing or altered:
        what = f"{len(missing)} of {len(about.files)} files missing, {len(altered)} altered ({folder})"
        raise DenoiserError(f"{name}: {what}", about.anew(root, f"denoiser data download {name}"), SOME_FAILED)
    said = "all as published" if known else "all there; no hashes are known, so that their content was not looked at"
    print(f"{name}: {len(about.files)} files, {said} ({folder})")


def path(name: str, root: Path) -> None:
    """Print the folder of a dataset and nothing else.

    Raises:
        DenoiserError: it is not there, not whole, or has no folder.
    """
    about, folder = _there(name, root, "no folder")
    if about.state(root) == INCOMPLETE:
        what = f"{name} lacks {len(about.missing(root))} of {len(about.files)} files ({folder})"
        raise DenoiserError(what, f"denoiser data verify {name}")
    print(folder)


def _there(name: str, root: Path, otherwise: str) -> tuple[Card, Path]:
    about = card(name)
    if about is None or not about.files:
        home = f"is {about.home}" if about else "says nothing of its files"
        raise DenoiserError(f"{name} {home}: {otherwise} (data={name})", "denoiser data list")
    if about.state(root) == NOT_THERE:
        raise DenoiserError(f"{name} is not there ({about.folder(root)})", f"denoiser data download {name}")
    return about, about.folder(root)


ACTIONS = {"download": download, "verify": verify, "path": path}


def _parser() -> argparse.ArgumentParser:
    parser = Parser("denoiser data", description="The store of named datasets.", allow_abbrev=False)
    parser.add_argument("action", metavar="list|download|verify|path", help="what to do; path prints a folder")
    parser.add_argument("names", nargs="*", metavar="NAME", help="datasets, as in data=NAME; list: all unless given")
    parser.add_argument("--root", metavar="DIR", help="the store; default $DENOISER_DATA, else ~/.cache/denoiser")
    return parser


if __name__ == "__main__":
    sys.exit(main())
