import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from denoiser.inference.tile_layout import BAND_BYTES, margin_for, padded, sides, smallest, spans


@given(
    size=st.integers(1, 3000),
    extra=st.integers(0, 500),
    margin=st.integers(0, 130),
    multiple=st.sampled_from([1, 2, 8, 12, 64]),
    start=st.floats(0, 0.999),
)
def test_what_is_one_everywhere_is_one_at_every_pixel_that_is_wanted(size, extra, margin, multiple, start):
    first, tile = int(start * size), smallest(margin, multiple) + extra
    total, lengths, faded = torch.zeros(size), [], torch.empty(0)
    for span in spans(size, tile, margin, multiple, first):
        assert span.start % multiple == 0
        assert span.stop % multiple == 0 or span.stop == size
        assert 0 <= span.start <= span.first < span.last <= span.stop <= size
        assert span.stop - span.start < tile + multiple
        # Nothing within seven eighths of the margin to an artificial border is used.
        assert span.start == 0 or span.first - span.start >= 0.875 * margin
        assert span.stop == size or span.stop - span.last >= 0.875 * margin
        share = torch.ones(span.last - span.first)
        faded = span.meet(share, faded)
        total[span.first : span.last] = share
        total[span.last - span.fall : span.last] = 2  # is the next one's
        lengths.append(span.stop - span.start)
    torch.testing.assert_close(total, (torch.arange(size) >= first).float())
    assert max(lengths) - min(lengths) < multiple


@given(reach=st.integers(0, 130), multiple=st.sampled_from([1, 4, 8, 12, 64]), size=st.integers(1, 3000))
def test_nothing_is_used_that_a_border_reaches(reach, multiple, size):
    margin = margin_for(reach, multiple)
    for span in spans(size, smallest(margin, multiple), margin, multiple):
        assert span.start == 0 or span.first - span.start >= reach
        assert span.stop == size or span.stop - span.last >= reach


def test_a_side_that_fits_is_one_span():
    assert spans(301, 301, 40, 8) == spans(301, 304, 40, 8) == [(0, 301, 0, 301, 0, 0)]


@pytest.mark.parametrize(
    ("height", "width", "margin", "expected"),
    [
        (900, 1100, 40, (900, 1100)),
        (5000, 5000, 0, (1000, 1000)),
        (500, 9000, 0, (500, 1800)),
        (9000, 500, 0, (1800, 500)),
        (3000, 4000, 40, (1054, 864)),
        (1200, 1600, 40, (1200, 587)),
    ],
)
def test_tiles_have_the_shape_that_computes_least(height, width, margin, expected):
    assert sides(3, height, width, 1000, 200, margin) == expected


def computed(height, width, tall, wide, margin):
    lengths = [
        sum(span.stop - span.start for span in spans(*side, margin, 1)) for side in ((height, tall), (width, wide))
    ]
    return lengths[0] * lengths[1]


@example(height=300, width=300, margin=18, tile=213)
@given(
    height=st.integers(300, 3000), width=st.integers(300, 3000), margin=st.integers(0, 40), tile=st.integers(200, 900)
)
def test_no_other_shape_computes_less(height, width, margin, tile):
    chosen = sides(3, height, width, tile, 150, margin)
    assert chosen[0] * chosen[1] <= tile * tile
    others = [(tile * tile // wide, wide) for wide in range(150, tile * tile // 150 + 1, 7)]
    least = min(computed(height, width, *other, margin) for other in others)
    assert computed(height, width, *chosen, margin) <= 1.01 * least  # a pixel or two for each tile


@given(
    height=st.integers(1, 10**6),
    width=st.integers(1, 10**6),
    multiple=st.sampled_from([1, 8, 12, 64]),
    margin=st.integers(0, 90),
)
def test_tiles_keep_their_area_when_a_network_pads_them(height, width, multiple, margin):
    least = max(64, smallest(margin, multiple))
    tile = 2 * padded(least, multiple)
    tall, wide = sides(3, height, width, tile, least, margin, multiple)
    assert tall <= height and wide <= width
    assert padded(tall, multiple) * padded(wide, multiple) <= tile * tile


def test_a_band_of_a_very_wide_picture_is_bounded():
    tall, wide = sides(3, 2000, 100_000, 1000, 100, 20)
    assert tall * 100_000 * 3 * 4 <= BAND_BYTES
    assert 900_000 < tall * wide <= 1_000_000
