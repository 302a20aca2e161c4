"""Matching the pictures of real pairs: two folders, names with a pattern, or a table. Importing it imports no torch."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from denoiser.data.images import search
from denoiser.data.images.formats.suffixes import READ
from denoiser.errors import DenoiserError

Location: TypeAlias = "str | os.PathLike[str] | None"
EXAMPLES = (
    "data.noisy=DIR data.clean=DIR, data.path=DIR data.noisy='*_real.png' data.clean='*_mean.png', or data.csv=FILE"
)
COLUMNS = ("noisy", "clean")
SHOWN = 3
"""Largest number of names that an error lists."""


@dataclass(frozen=True)
class Matched:
    """Real pairs.

    Attributes:
        files: the noisy and the clean file of each pair.
        keys: a unique name for each pair.
        scenes: the name of each clean picture; pairs with one clean picture belong to one split.
        name: the name of the folder or of the table.
        where: the configuration key, for errors.
    """

    files: Sequence[tuple[Path, Path]]
    keys: Sequence[str]
    scenes: Sequence[str]
    name: str
    where: str = "data.clean"


def check_locations(noisy: Location, clean: Location, path: Location, table: Location) -> None:
    """Refuse places of pairs that are missing, are given twice or have no effect; nothing is read.

    Args:
        noisy: see `match`.
        clean: see `match`.
        path: see `match`.
        table: see `match`.

    Raises:
        DenoiserError: names the keys.
    """
    places = {"data.noisy": noisy, "data.clean": clean, "data.path": path}
    if table is not None:
        if given := [key for key, value in places.items() if value is not None]:
            raise DenoiserError(
                f"pairs are given twice ({', '.join(given)}, data.csv)", f"leave out {' and '.join(given)}"
            )
        return
    if missing := [key for key in ("data.noisy", "data.clean") if places[key] in (None, "")]:
        raise DenoiserError(f"data=pairs requires noisy and clean pictures ({', '.join(missing)})", EXAMPLES)
    if path is not None and all(Path(str(side)).expanduser().is_absolute() for side in (noisy, clean)):
        raise DenoiserError(f"data.path={path} has no effect beside absolute paths (data.path)", "leave out data.path")
    first, second = (os.path.realpath(_under(path, side)) for side in (noisy, clean))
    if first == second:
        raise DenoiserError(f"noisy and clean pictures are the same ({first})", EXAMPLES)


def match(noisy: Location, clean: Location, path: Location, table: Location) -> Matched:
    """Find real pairs.

    Args:
        noisy: a folder, with the pictures of `clean` by path without suffix; or a pattern such as `*_real.png`, in
            which what `*` stands for is the name of the pair and `**/` is any subfolder.
        clean: the same for the clean pictures.
        path: the folder of both, unless they are absolute.
        table: instead a CSV file with the columns noisy and clean: paths, relative to the file.

    Raises:
        DenoiserError: a picture is missing or has no counterpart, see also `check_locations`.
    """
    check_locations(noisy, clean, path, table)
    if table is not None:
        return _of_table(Path(table).expanduser())
    sides = [_under(path, side) for side in (noisy, clean)]
    found = zip(sides, search.find_all(*map(_root, sides)), ("data.noisy", "data.clean"), strict=True)
    pictures = _apart([_pictures(side, files, key) for side, files, key in found])
    keys = sorted(pictures[1])
    if pictures[0].keys() != pictures[1].keys():
        raise _unmatched(pictures, [*map(_root, sides)])
    files = [(pictures[0][key], pictures[1][key]) for key in keys]
    if same := [str(first) for first, second in files if first == second]:
        raise DenoiserError(f"{len(same)} picture(s) are noisy and clean: {_listed(same)} (data.noisy)", EXAMPLES)
    return Matched(files, keys, keys, (Path(path).expanduser() if path else _root(sides[1])).absolute().name)


def _under(path: Location, side: Location) -> Path:
    place = Path(str(side)).expanduser()
    return Path(path).expanduser() / place if path is not None else place


def _root(side: Path) -> Path:
    """The folder of a pattern, or the folder itself."""
    return next((folder for folder in (side, *side.parents) if "*" not in str(folder)), side)


def _pictures(side: Path, files: Sequence[Path], key: str) -> dict[str, Path]:
    """The pictures of a folder or a pattern, by the name of their pair; `files` are all below its folder."""
    root, pictures = _root(side), dict[str, Path]()
    for file in files:
        name = _name(file, side, root)
        if name is not None and pictures.setdefault(name, file) != file:
            names = f"{pictures[name].name} and {file.name}"
            raise DenoiserError(f"two pictures of one name: {names} ({root})", "give each pair a name of its own")
    if not pictures:
        there = _listed(str(file.relative_to(root)) for file in files)
        raise DenoiserError(f"no picture matches ({key}={side})", f"a pattern of the names in {root}: {there}")
    return pictures


def _name(file: Path, side: Path, root: Path) -> str | None:
    """The name of a picture's pair; None where it does not match the pattern."""
    if root == side:
        return file.relative_to(root).with_suffix("").as_posix()
    pattern = side.relative_to(root)
    inside = file.relative_to(root) if pattern.suffix.lower() in READ else file.relative_to(root).with_suffix("")
    signs = {"**/": "(?:(.+)/)?", "*": "([^/]+)"}
    parts = re.split(r"(\*\*/|\*)", pattern.as_posix())
    found = re.fullmatch("".join(signs.get(part, re.escape(part)) for part in parts), inside.as_posix())
    return "/".join(filter(None, found.groups())) if found else None


def _apart(sides: Sequence[dict[str, Path]]) -> list[dict[str, Path]]:
    """Without the pictures of the other side, where a folder or pattern includes those: `*.png` and `*_clean.png`."""
    noisy, clean = (set(side.values()) for side in sides)
    if noisy == clean:
        raise DenoiserError("noisy and clean pictures are the same (data.noisy, data.clean)", EXAMPLES)
    left_out = [clean if clean < noisy else set(), noisy if noisy < clean else set()]
    return [
        {name: file for name, file in side.items() if file not in others}
        for side, others in zip(sides, left_out, strict=True)
    ]


def _unmatched(pictures: Sequence[Mapping[str, Path]], roots: Sequence[Path]) -> DenoiserError:
    """The error that lists the pictures without a counterpart."""
    listed = []
    for kind, root, side, other in zip(COLUMNS, roots, pictures, pictures[::-1], strict=True):
        if single := [str(side[key].relative_to(root)) for key in sorted(side.keys() - other.keys())]:
            listed.append(f"{len(single)} of {len(side)} {kind} in {root}: {_listed(single)}")
    fix = "give both pictures of a pair one name; or patterns: data.noisy='DIR/*_real.png' data.clean='DIR/*_mean.png'"
    return DenoiserError(f"pictures without a counterpart ({'; '.join(listed)})", fix)


def _listed(names: Iterable[str]) -> str:
    all_names = list(names)
    return ", ".join([*all_names[:SHOWN], *(["..."] if len(all_names) > SHOWN else [])])


def _of_table(table: Path) -> Matched:
    rows = _rows(table)
    files = [tuple(table.parent / row[column] for column in COLUMNS) for row in rows]
    if missing := [str(file) for pair in files for file in pair if not file.is_file()]:
        what = f"{len(missing)} picture(s) of the table are missing: {_listed(missing)} ({table})"
        raise DenoiserError(what, "paths relative to the table's folder, or absolute ones")
    if same := [row["noisy"] for row, (noisy, clean) in zip(rows, files, strict=True) if noisy.samefile(clean)]:
        raise DenoiserError(f"noisy and clean are the same in {len(same)} row(s): {_listed(same)} ({table})", EXAMPLES)
    noisy, scenes = ([Path(row[column]).with_suffix("").as_posix() for row in rows] for column in COLUMNS)
    if twice := [name for name, count in Counter(row["noisy"] for row in rows).items() if count > 1]:
        raise DenoiserError(
            f"{len(twice)} noisy picture(s) stand twice: {_listed(twice)} ({table})", "keep one row of each"
        )
    for keys in (scenes, noisy, [row["noisy"] for row in rows]):
        if len(set(keys)) == len(keys):
            break
    return Matched([(first, second) for first, second in files], keys, scenes, table.stem, "data.csv")


def _rows(table: Path) -> list[dict[str, str]]:
    """The rows of a table, separated by commas, semicolons or tabs."""
    if not table.is_file():
        raise DenoiserError(f"no such file ({table})", "data.csv=FILE, with the columns noisy and clean")
    try:
        lines = [line for line in table.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise DenoiserError(f"not a text in UTF-8 ({table})", "save the table as CSV, UTF-8") from error
    separator = next((sign for sign in ";\t" if lines and sign in lines[0]), ",")
    header, *rows = list(csv.reader(lines, delimiter=separator)) or [[]]
    columns = [name.strip().lower() for name in header]
    if not set(COLUMNS) <= set(columns):
        raise DenoiserError(
            f"no columns noisy and clean, but {', '.join(columns) or 'none'} ({table})", "first line: noisy,clean"
        )
    if not rows:
        raise DenoiserError(f"no pairs in the table ({table})", "a line for each pair: noisy/1.png,clean/1.png")
    named = [dict(zip(columns, map(str.strip, row), strict=False)) for row in rows]
    for number, row in enumerate(named, 2):
        if not all(row.get(column) for column in COLUMNS):
            raise DenoiserError(f"row {number} lacks a path ({table})", "a noisy and a clean path in each row")
    return named
