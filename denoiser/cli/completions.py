"""Words that complete a command line, from its argument parser and from the comments of the configuration."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from denoiser.config import Application
from denoiser.search_path import config_dir, groups

Names = Mapping[str, Iterable[str]]
"""The names that an argument takes besides what its parser knows, by its `dest`."""
LINE = re.compile(r"( *)([\w.]+):(?:.*?\s#\s*(.*))?")
"""A line of YAML: indentation, key, comment."""


def values(action: argparse.Action, names: Names) -> list[str]:
    """The values of an argument: the words of a metavar such as `auto|N`, `names`, or its choices.

    >>> values(argparse.ArgumentParser().add_argument("--tile", metavar="auto|N"), {})
    ['auto']
    """
    shown = str(action.metavar).split("|")
    if len(shown) > 1:
        return [word for word in shown if not word.isupper()]
    return list(map(str, names.get(action.dest) or action.choices or ()))


def argument_words(parser: argparse.ArgumentParser, before: Sequence[str], word: str, names: Names) -> list[str]:
    """Options that begin as the last word does, or the values that it can be.

    Args:
        parser: the parser of the command.
        before: the words between the command and the last one.
        word: the last word, which may be empty.
        names: more names.
    """
    options = parser._option_string_actions
    option, equals, _ = word.partition("=")
    if equals and option in options:
        return [one for value in values(options[option], names) if (one := f"{option}={value}").startswith(word)]
    action = awaited(parser, before)
    if word.startswith("-") and not (action and action.option_strings):
        return [option for option in options if option.startswith(word) and option.startswith("--")]
    return [value for value in values(action, names) if value.startswith(word)] if action else []


def awaited(parser: argparse.ArgumentParser, before: Sequence[str]) -> argparse.Action | None:
    """The argument whose value the next word is: the option before it, or the one in its place."""
    options, count = parser._option_string_actions, 0
    option: argparse.Action | None = None
    for word in before:
        if option is None and word in options:
            option = options[word] if options[word].nargs != 0 else None
        else:
            count += option is None and not word.startswith("-")
            option = None
    places = [action for action in parser._actions if not action.option_strings]
    last = places[-1:] if places and places[-1].nargs in ("*", "+") else []
    return option or next(iter([*places[count:], *last]), None)


def described(key: str, application: Application, overrides: Sequence[str], folders: Sequence[Path]) -> list[str]:
    """The values of a key that the comment beside it lists, as `style: auto  # auto | rich | plain | none` does.

    Args:
        key: the key, such as `callbacks.progress.style`.
        application: the command.
        overrides: the overrides of the line, which choose the file of the key's group.
        folders: the folders of configuration.
    """
    main = config_dir() / f"{application.config}.yaml"
    group, _, inside = key.partition(".")
    if group not in groups():
        return _alternatives(_comments(main).get(key, ""))
    chosen = [override.partition("=")[2] for override in overrides if override.lstrip("+").startswith(f"{group}=")]
    chosen = chosen or [entry[group] for entry in _defaults(main) if isinstance(entry, dict) and entry.get(group)]
    files = _with_defaults(group, chosen[-1], folders) if chosen else []
    return next((found for file in files if (found := _alternatives(_comments(file).get(inside, "")))), [])


def _with_defaults(group: str, name: str, folders: Sequence[Path]) -> Iterator[Path]:
    """The file of a choice, and those of the same group that it builds on."""
    file = next((file for folder in folders if (file := folder / group / f"{name}.yaml").is_file()), None)
    if file is None:
        return
    yield file
    for entry in _defaults(file):
        if isinstance(entry, str) and entry not in ("_self_", name):
            yield from _with_defaults(group, entry, folders)


def _defaults(file: Path) -> list[Any]:
    """The list of defaults of a file, in which a choice of the same group is its name alone."""
    content = OmegaConf.to_container(OmegaConf.load(file))
    return list(content.get("defaults", ())) if isinstance(content, dict) else []


def _comments(file: Path) -> dict[str, str]:
    """The comment beside each key."""
    above: list[tuple[int, str]] = []
    found = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        if match := LINE.fullmatch(line):
            indentation, key = len(match[1]), match[2]
            above = [*(one for one in above if one[0] < indentation), (indentation, key)]
            found[".".join(name for _, name in above)] = match[3] or ""
    return found


def _alternatives(comment: str) -> list[str]:
    """The words that a comment parts by `|`.

    >>> _alternatives("variances, or low | medium: the default | high; null: all")
    ['low', 'medium', 'high']
    """
    clause = next((clause for clause in comment.split(";") if " | " in clause), "")
    first, _, others = clause.partition(" | ")
    parts = [re.split(r"\bor ", first)[-1], *others.split(" | ")] if others else []
    words = [part.split()[0].removesuffix(":") for part in parts if part.split()]
    return [word for word in words if re.fullmatch(r"\w[\w./:]*", word)]
