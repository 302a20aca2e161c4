import itertools

import numpy as np
import pytest

from denoiser.data.images.formats import jpeg_huffman


def table(counts):
    return jpeg_huffman.table(np.array(counts + [0] * (256 - len(counts)), np.int64))


def bits(made):
    """The codes as text, by symbol."""
    pairs = zip(made.codes.tolist(), made.lengths.tolist(), strict=True)
    return {symbol: f"{code:0{length}b}" for symbol, (code, length) in enumerate(pairs) if length}


def test_known_codes():
    """Huffman's own tree of 8, 4, 2, 1 and of 0 for the code of ones, which is free."""
    assert bits(table([2, 0, 8, 1, 4])) == {2: "0", 4: "10", 0: "110", 3: "1110"}
    assert bits(table([5])) == {0: "0"}


def test_the_table_is_stored_as_annex_c_says():
    assert table([2, 0, 8, 1, 4]).stored == bytes([1, 1, 1, 1] + [0] * 12 + [2, 4, 0, 3])


@pytest.mark.parametrize("used", [2, 16, 162, 256])
def test_no_code_starts_with_another_or_has_ones_only(used):
    counts = np.random.default_rng(used).integers(1, 1000, used).tolist()
    codes = sorted(bits(table(counts)).values())
    assert len(codes) == used and not any(b.startswith(a) for a, b in itertools.pairwise(codes))
    assert all("0" in code for code in codes)


def test_rare_symbols_have_at_most_16_bits():
    """Fibonacci's numbers, whose Huffman tree is as deep as there are numbers."""
    counts = [1, 1]
    while len(counts) < 40:
        counts.append(counts[-1] + counts[-2])
    codes = bits(table(counts))
    assert len(codes) == 40 and max(map(len, codes.values())) == 16
    lengths = [len(codes[symbol]) for symbol in range(40)]
    assert lengths == sorted(lengths, reverse=True) and sum(2.0**-length for length in lengths) < 1


def test_the_codes_are_as_short_as_entropy_allows():
    counts = np.random.default_rng(0).geometric(0.02, 200) ** 3
    share = counts / counts.sum()
    mean = sum(share[symbol] * len(code) for symbol, code in bits(table(counts.tolist())).items())
    assert -(share * np.log2(share)).sum() <= mean < 1 - (share * np.log2(share)).sum()
