"""Quantised coefficients as the scans of a JPEG file (ITU-T T.81, annexes F and G), with the shortest Huffman codes.

sequential     one scan of all components
progressive    one scan of all DC coefficients, then of each component its AC coefficients 1 to 5, then those from 6 on
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from denoiser.data.images.formats import jpeg_huffman
from denoiser.data.images.formats.jpeg_segments import Frame

Coefficients = NDArray[np.int16]
"""Blocks of 8 x 8 coefficients in zigzag order, `(rows, columns, 64)`."""
_SKIP = 0xF0
"""The symbol of 16 zeros."""
_BLOCKS = 1 << 14
"""Blocks that are coded at a time; as many can be ended by one symbol."""
_BITS = np.array([value.bit_length() for value in range(1 << 15)], np.uint8)
"""Number of bits of an absolute value."""
_BANDS = ((1, 5), (6, 63))
"""The AC coefficients of progressive scans."""
_WORD = 32


class _Symbols(NamedTuple):
    """A part of a scan: `keys` are symbols + 256 * table, and `extra` is what follows each of them in `bits` bits."""

    keys: NDArray[np.uint16]
    extra: NDArray[np.uint16]
    bits: NDArray[np.uint8]


def scans(frame: Frame, components: Sequence[Coefficients]) -> bytes:
    """The scans of a frame with their Huffman tables, up to the end of the picture.

    Args:
        frame: the frame.
        components: the blocks of each component in whole groups, see `Frame.blocks`; all of less than 11 bits, besides
            DC coefficients of -1024.
    """
    everything = range(len(components))
    if not frame.progressive:
        parts = [_scan(frame, components, everything, (0, 63))]
    else:
        parts = [_scan(frame, components, everything, (0, 0))]
        parts += [_scan(frame, components, [i], band) for band in _BANDS for i in everything]
    return b"".join([*parts, b"\xff\xd9"])


def _scan(frame: Frame, components: Sequence[Coefficients], used: Sequence[int], band: tuple[int, int]) -> bytes:
    """Huffman tables, header and bits of one scan; the first component has its own tables, the others share theirs."""
    chunks = list(_symbols(frame, components, used, band))
    counts = np.sum([np.bincount(chunk.keys, minlength=4 * jpeg_huffman.SYMBOLS) for chunk in chunks], axis=0)
    codes, lengths = (np.zeros((4, jpeg_huffman.SYMBOLS), np.uint64) for _ in range(2))
    parts = []
    for number, of_table in enumerate(counts.reshape(4, -1)):
        if of_table.any():
            table = jpeg_huffman.table(of_table)
            codes[number], lengths[number] = table.codes, table.lengths
            parts.append(_segment(0xC4, bytes([16 * (number & 1) + (number >> 1)]) + table.stored))
    ids = b"".join(bytes([frame.components[i].number, 0x11 * min(i, 1)]) for i in used)
    parts.append(_segment(0xDA, bytes([len(used)]) + ids + bytes([*band, 0])))
    return b"".join([*parts, *_packed(chunks, codes.ravel(), lengths.ravel())])


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def _symbols(
    frame: Frame, components: Sequence[Coefficients], used: Sequence[int], band: tuple[int, int]
) -> Iterator[_Symbols]:
    """The symbols of a scan, some groups of blocks at a time."""
    parts = [frame.components[i] for i in used]
    if len(used) == 1:
        rows, columns = frame.seen_blocks(parts[0])
        groups = [components[used[0]][:rows, :columns].reshape(-1, 1, 64)]
    else:
        groups = [_grouped(components[i], part.down, part.across) for i, part in zip(used, parts, strict=True)]
    tables = np.repeat([2 * min(i, 1) for i in used], [each.shape[1] for each in groups])
    step = _BLOCKS // len(tables)
    for start in range(0, len(groups[0]), step):
        now = [each[start : start + step, :, band[0] : band[1] + 1].copy() for each in groups]
        if band[0] == 0:  # a DC coefficient is coded as its difference to the one before
            for each, whole in zip(now, groups, strict=True):
                before = whole[start - 1, -1, 0] if start else 0
                each[..., 0] = np.diff(each[..., 0].ravel(), prepend=before).reshape(each.shape[:2])
        blocks = np.concatenate(now, axis=1)
        yield _coded(blocks.reshape(-1, blocks.shape[2]), band[0] == 0, np.tile(tables, len(blocks)))


def _grouped(blocks: Coefficients, down: int, across: int) -> Coefficients:
    """The blocks of one component in the order of the groups, `(groups, blocks, 64)`."""
    rows, columns = blocks.shape[0] // down, blocks.shape[1] // across
    return blocks.reshape(rows, down, columns, across, 64).swapaxes(1, 2).reshape(rows * columns, down * across, 64)


def _coded(blocks: Coefficients, has_dc: bool, tables: NDArray[np.int64]) -> _Symbols:
    """The symbols of blocks `(N, band)` of which each has the DC table of the given number, and the next one for AC.

    A coefficient is coded with the number of zeros before it, and a symbol for each 16 of them. Before it, and behind
    the last one, another symbol ends a block, or several of which all but the first have zeros only.
    """
    mask = blocks != 0
    mask[:, 0] |= has_dc
    found = np.flatnonzero(mask).astype(np.int32)
    block, place = np.divmod(found, np.int32(blocks.shape[1]))
    values = blocks.ravel()[found].astype(np.int32)
    bits = _BITS[np.abs(values)]
    step = np.diff(block, prepend=-1, append=len(blocks))
    unfinished = np.append(0, place != blocks.shape[1] - 1)
    ended = np.where(step == 0, 0, step - 1 + unfinished)
    zeros = place - np.where(step[:-1] == 0, np.append(0, place)[:-1] + 1, 0)
    skips = zeros >> 4
    position = np.cumsum((ended > 0) + np.append(skips, -1) + 1) - 1
    own, ends = position[:-1], np.flatnonzero(ended)
    keys, extra, count = (np.zeros(position[-1] + 1, kind) for kind in (np.uint16, np.uint16, np.uint8))
    alternating = tables[block] + ((place > 0) | (not has_dc))
    keys[own] = 256 * alternating + 16 * (zeros & 15) + bits
    extra[own], count[own] = values + (values < 0) * ((1 << bits.astype(np.int32)) - 1), bits
    for index in np.flatnonzero(skips):
        keys[own[index] - skips[index] : own[index]] = 256 * alternating[index] + _SKIP
    at = position[ends] - np.append(skips, 0)[ends] - (ends < len(block))
    power = _BITS[ended[ends]] - 1
    keys[at] = 256 * (tables[np.append(0, block)[ends]] + 1) + 16 * power
    extra[at], count[at] = ended[ends] - (1 << power.astype(np.int32)), power
    return _Symbols(keys, extra, count)


def _packed(chunks: Sequence[_Symbols], codes: NDArray[np.uint64], lengths: NDArray[np.uint64]) -> Iterator[bytes]:
    """The bits of a scan, part by part; a byte of ones gets a zero behind it, and the last byte is filled with ones."""
    begun, used = 0.0, 0  # the word that is not full yet, and how many of its bits are
    for chunk in chunks:
        size = lengths[chunk.keys] + chunk.bits
        ends = used + np.cumsum(size.astype(np.int64))
        start = ends - size.astype(np.int64)
        shift = (2 * _WORD - start % _WORD).astype(np.uint64) - size
        value = ((codes[chunk.keys] << chunk.bits.astype(np.uint64)) | chunk.extra) << shift
        index, total = start // _WORD, int(ends[-1]) // _WORD + 2
        sums = np.bincount(index, value >> np.uint64(_WORD), total).astype(np.float64)  # exact, as words have 32 bits
        sums += np.bincount(index + 1, value & np.uint64(0xFFFFFFFF), total)
        sums[0] += begun
        whole, used = divmod(int(ends[-1]), _WORD)
        yield _stuffed(sums[:whole].astype(">u4").tobytes())
        begun = sums[whole]
    last = int(begun) | ((1 << (_WORD - used)) - 1)
    yield _stuffed(last.to_bytes(4)[: -(-used // 8)])


def _stuffed(data: bytes) -> bytes:
    return data.replace(b"\xff", b"\xff\0")
