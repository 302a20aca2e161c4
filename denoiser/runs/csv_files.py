"""Tables in CSV files, as this project writes and reads them: rows end in a line feed, values hold any character."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from denoiser.runs.parse import load


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    r"""The text of a CSV file: None becomes an empty value.

    >>> csv_text([["image", "psnr"], ["a\rb", 30.5]])
    'image,psnr\n"a\rb",30.5\n'
    """
    return "".join(map(_line, rows))


def _line(row: Iterable[object]) -> str:
    # Python 3.11 and 3.12 quote only those line ends in values that are characters of the row's own: "\r\n" has both.
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(row)
    return text.getvalue().removesuffix("\r\n") + "\n"


def csv_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file by column name; none where it cannot be read."""
    return load(path, lambda content: list(csv.DictReader(io.StringIO(content, newline=""))), [])
