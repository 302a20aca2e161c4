"""Figures as a reader sees them."""

from __future__ import annotations

import math
import sys
from unicodedata import category

from denoiser.metrics.protocols import PROTOCOLS
from denoiser.runs.reading import finite, number, pair

FEW_PICTURES = 20  # below so many, a bootstrap of the mean is too narrow to be passed over in silence
NARROW = f"of fewer than {FEW_PICTURES} pictures the interval is somewhat too narrow"
TIMED = "s/MP: the median over pictures, without the first"  # which is slower: it warms up
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


def speed(value: object) -> str:
    """Seconds per megapixel in two significant digits: "120", "23", "7.8", "0.0011"; "-" if there are none."""
    found = finite(value)
    if not found:
        return "-"
    rounded = float(f"{found[0]:.1e}")
    return f"{rounded:.{max(0, 1 - math.floor(math.log10(abs(rounded)))) if rounded else 0}f}"


def brackets(ends: object, spec: str = ".2f") -> str:
    """An interval as "[28.71, 29.76]"; nothing where there is none."""
    known = pair(ends)
    return f"[{known[0]:{spec}}, {known[1]:{spec}}]" if known else ""


def interval(mean: object, ends: object, spec: str = ".2f") -> str:
    """A mean with its interval, as "29.23 [28.71, 29.76]"; the mean alone where there is no interval."""
    return f"{shown(mean, spec)} {brackets(ends, spec)}".rstrip()


def stated(protocol: object) -> str:
    """The line above every table: the protocol, and what it means."""
    name = str(protocol)
    return f"protocol {name}: {PROTOCOLS[name].short if name in PROTOCOLS else 'not known'}; means over images"


def printable(text: str, encoding: str | None = None) -> str:
    """Text with a question mark for each sign that an encoding lacks, by default that of standard output.

    So is each control character but the ends of lines: those in a file's name would be a terminal's to obey.
    """
    name = encoding or getattr(sys.stdout, "encoding", None) or "utf-8"
    plain = "".join("?" if category(sign) == "Cc" and sign not in "\n\t" else sign for sign in text)
    return plain.encode(name, "replace").decode(name)
