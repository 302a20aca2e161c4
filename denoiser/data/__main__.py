"""`denoiser data`: list, download and verify the datasets."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from denoiser import build
from denoiser.cli import failures
from denoiser.cli.arguments import Parser
from denoiser.config import compose, data_root
from denoiser.data.store.catalogue import INCOMPLETE, MISSING, Card, dataset_card
from denoiser.data.store.download import missing_or_altered
from denoiser.errors import SOME_FAILED, DenoiserError, nearest
from denoiser.machine.terminal import say
from denoiser.search_path import options
from denoiser.trust import names_of_command

if TYPE_CHECKING:
    from denoiser.data.base import PairsDataModule

HEADINGS = ("name", "pictures", "content", "licence", "status")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit code: 1 if some of several datasets failed, or files are missing or altered."""
    return failures.guarded(lambda: _command(command_parser().parse_intermixed_args(arguments)))


def _command(arguments: argparse.Namespace) -> int:
    root = Path(arguments.root or data_root()).expanduser().absolute()
    if arguments.action == "list":
        print_list(arguments.names or options("data"), root)
        return 0
    if arguments.action not in ACTIONS:
        near = nearest(arguments.action, ("list", *ACTIONS)) or "--help"
        raise DenoiserError(f"no action '{arguments.action}' (denoiser data)", f"denoiser data {near}")
    if not arguments.names:
        raise DenoiserError(f"no dataset is named (denoiser data {arguments.action})", "denoiser data list")
    for name in arguments.names:
        dataset_card(name)  # refuses a typo before anything is downloaded
    return _each(arguments.names, lambda name: ACTIONS[arguments.action](name, root))


def _each(names: Sequence[str], action: Callable[[str], None]) -> int:
    """Apply an action to each dataset. Among several, a failure is printed and does not stop the rest."""
    if len(names) == 1:
        action(names[0])
        return 0
    exit_code = 0
    for name in names:
        try:
            action(name)
        except DenoiserError as error:
            failures.print_error(error)
            exit_code = SOME_FAILED
    return exit_code


def print_list(names: Sequence[str], root: Path) -> None:
    """Print the path of the store and a table of datasets."""
    rows = [HEADINGS, *(_row(name, dataset_card(name), root) for name in names)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    say(f"store: {root}")
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _row(name: str, dataset: Card | None, root: Path) -> tuple[str, ...]:
    if dataset is None:
        return name, *["-"] * (len(HEADINGS) - 1)
    count = "any" if dataset.count is None else f"{dataset.count:,}"
    return name, count, dataset.description, dataset.licence, dataset.status(root)


def download(name: str, root: Path) -> None:
    """Download a dataset into the store unless it is there, and print its folder.

    Raises:
        DenoiserError: it must be fetched by hand, or cannot be downloaded or stored (exit code 3).
    """
    dataset = dataset_card(name)
    if dataset is not None and not dataset.files:
        say(f"{name}: {dataset.availability}, nothing to download")
        return
    _data_module(name, root).prepare_data()
    say(f"{name}: {dataset.folder(root) if dataset else root}")


def _data_module(name: str, root: Path) -> PairsDataModule:
    from denoiser.noise.base import Noise

    composed = compose([f"data={name}"])
    config = {key: value for key, value in build.plain(composed.data).items() if key != "name"}
    if "root" in config:
        config["root"] = str(root)
    with names_of_command(composed.trust):
        module: PairsDataModule = build.make("data", config, noise=Noise())
    return module


def verify(name: str, root: Path) -> None:
    """Compare the files of a dataset with the published hashes; without hashes, look whether each file exists.

    For real pairs, the PSNR of the noisy input is compared with the published one, too.

    Raises:
        DenoiserError: it is not there or has no list of files; files are missing or altered, or the noisy
            input has another PSNR than published (exit code 1).
    """
    dataset, folder = _stored(name, root, "no files to verify")
    missing = dataset.missing(root)
    hashes = {file: digest for file, digest in dataset.files.items() if digest and file not in missing}
    altered = missing_or_altered(folder, hashes)
    for kind, files in (("missing", missing), ("altered", altered)):
        say(*(f"{kind}  {file}\n" for file in files), sep="", end="")
    if missing or altered:
        message = f"{name}: {len(missing)} of {len(dataset.files)} files missing, {len(altered)} altered ({folder})"
        raise DenoiserError(
            message, dataset.replacement_instructions(root, f"denoiser data download {name}"), SOME_FAILED
        )
    if dataset.noisy_psnr is not None:
        _check_pairs(name, root)
    result = "all as published" if hashes else "all there; no hashes are known, so their content was not checked"
    result += f"; the noisy input has {dataset.noisy_psnr} dB" if dataset.noisy_psnr is not None else ""
    say(f"{name}: {len(dataset.files)} files, {result} ({folder})")


def _check_pairs(name: str, root: Path) -> None:
    """Decode real pairs and compare the PSNR of the noisy input with the published one."""
    try:
        _data_module(name, root).pictures("test")
    except DenoiserError as error:
        raise DenoiserError(f"{name}: {error.what}", error.fix, SOME_FAILED) from error


def path(name: str, root: Path) -> None:
    """Print the folder of a dataset and nothing else.

    Raises:
        DenoiserError: it is not there, is incomplete, or has no folder.
    """
    dataset, folder = _stored(name, root, "no folder")
    if dataset.status(root) == INCOMPLETE:
        message = f"{name} lacks {len(dataset.missing(root))} of {len(dataset.files)} files ({folder})"
        raise DenoiserError(message, f"denoiser data verify {name}")
    say(folder)


def _stored(name: str, root: Path, refusal: str) -> tuple[Card, Path]:
    """The card and the folder of a dataset that is in the store."""
    dataset = dataset_card(name)
    if dataset is None or not dataset.files:
        reason = f"is {dataset.availability}" if dataset else "has no list of files"
        raise DenoiserError(f"{name} {reason}: {refusal} (data={name})", "denoiser data list")
    if dataset.status(root) == MISSING:
        raise DenoiserError(f"{name} is not there ({dataset.folder(root)})", f"denoiser data download {name}")
    return dataset, dataset.folder(root)


ACTIONS = {"download": download, "verify": verify, "path": path}


def command_parser() -> argparse.ArgumentParser:
    """The arguments of the command."""
    parser = Parser("denoiser data", description="List, download and verify the datasets.", allow_abbrev=False)
    parser.add_argument("action", metavar="list|download|verify|path", help="path prints the folder of a dataset")
    parser.add_argument("names", nargs="*", metavar="NAME", help="datasets, as in data=NAME; list shows all by default")
    parser.add_argument("--root", metavar="DIR", help="the store (default: $DENOISER_DATA, or ~/.cache/denoiser)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
