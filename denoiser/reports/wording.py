"""Figures as a reader sees them."""

from __future__ import annotations

import sys

from denoiser.protocols import PROTOCOLS
from denoiser.reports.reading import finite, number, pair

UNITS = (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3))


def shown(value: object, spec: str = ".2f") -> str:
    """A number for a reader in that format, "inf" if it is infinite, "-" if there is none."""
    found = number(value)
    return "-" if found is None else f"{found:{spec}}".removesuffix(".")  # as "#.2g" makes of 23


def short(value: object) -> str:
    """A large number for a reader: 556,096 is "0.56 M", 36,600,000,000 is "36.6 G"; "-" if there is none."""
    found = finite(value)
    if not found:
        return "-"
    unit, size = next(((unit, size) for unit, size in UNITS if abs(found[0]) >= 0.1 * size), ("", 1.0))
    scaled = found[0] / size
    return f"{scaled:.{2 if scaled < 10 else 1 if scaled < 100 else 0}f} {unit}" if unit else f"{scaled:g}"


def interval(mean: object, ends: object, spec: str = ".2f") -> str:
    """A mean with its interval, as "29.23 [28.71, 29.76]"; the mean alone where there is no interval."""
    known = pair(ends)
    return shown(mean, spec) + (f" [{known[0]:{spec}}, {known[1]:{spec}}]" if known else "")


def stated(protocol: object) -> str:
    """The line above every table: the protocol, and what it means."""
    name = str(protocol)
    return f"protocol {name}: {PROTOCOLS[name].short if name in PROTOCOLS else 'not known'}; means over images"


def printable(text: str, encoding: str | None = None) -> str:
    """Text with a question mark for each sign that an encoding lacks, by default that of standard output."""
    name = encoding or getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(name, "replace").decode(name)
