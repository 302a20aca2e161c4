"""Huffman tables for the symbols of a JPEG's scans (ITU-T T.81, annexes C and K.2): no code is longer than 16 bits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SYMBOLS = 256
_LONGEST = 16


class Table(NamedTuple):
    """The codes of symbols.

    Attributes:
        codes: uint64 `(256,)`.
        lengths: their bits, uint64 `(256,)`; 0 for symbols without a code.
        stored: the table as a file holds it, behind its class and number: how many codes have 1 to 16 bits, and the
            symbols in order.
    """

    codes: NDArray[np.uint64]
    lengths: NDArray[np.uint64]
    stored: bytes


def table(counts: NDArray[np.int64]) -> Table:
    """The shortest codes for symbols that occur `counts` times, `(256,)`; the code of ones alone stays free."""
    used = [int(symbol) for symbol in np.flatnonzero(counts)]
    bits = _lengths([int(counts[symbol]) for symbol in used] + [0])  # the last and longest code is the free one
    ordered = sorted(zip(bits[:-1], used, strict=True))
    codes, lengths = np.zeros(SYMBOLS, np.uint64), np.zeros(SYMBOLS, np.uint64)
    code = last = 0
    for length, symbol in ordered:
        code <<= length - last
        codes[symbol], lengths[symbol] = code, length
        code, last = code + 1, length
    number = bytes(sum(length == i for length, _ in ordered) for i in range(1, _LONGEST + 1))
    return Table(codes, lengths, number + bytes(symbol for _, symbol in ordered))


def _lengths(counts: list[int]) -> list[int]:
    """Bits of each code (package-merge: Larmore and Hirschberg 1990)."""
    single = sorted((count, (index,)) for index, count in enumerate(counts))
    packages: list[tuple[int, tuple[int, ...]]] = []
    for _ in range(_LONGEST):
        merged = sorted([*single, *packages])
        pairs = zip(merged[::2], merged[1::2], strict=False)
        packages = [(a[0] + b[0], a[1] + b[1]) for a, b in pairs]
    lengths = [0] * len(counts)
    for _, members in packages[: len(counts) - 1]:
        for index in members:
            lengths[index] += 1
    return lengths
