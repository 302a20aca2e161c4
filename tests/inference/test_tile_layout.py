import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from denoiser.errors import DenoiserError
from denoiser.inference import tile_layout
from denoiser.inference.padding import padded_side
from denoiser.inference.tile_layout import (
    BAND_BYTES,
    CPU_BYTES,
    Tiling,
    blend,
    blend_weights,
    check_tile,
    overlap_for,
    smallest_tile,
    spans,
    tile_shape,
)


@settings(deadline=None)
@given(
    size=st.integers(1, 3000),
    extra=st.integers(0, 500),
    overlap=st.integers(0, 260),
    multiple=st.sampled_from([1, 2, 8, 12, 64]),
    start=st.floats(0, 0.999),
)
def test_tiles_of_ones_blend_to_one_at_every_pixel_that_is_needed(size, extra, overlap, multiple, start):
    first, tile = int(start * size), smallest_tile(overlap, multiple) + extra
    total, lengths, end = torch.zeros(size), [], torch.empty(0)
    for span in spans(size, tile, overlap, multiple, first):
        assert span.start % multiple == 0
        assert span.stop % multiple == 0 or span.stop == size
        assert 0 <= span.start <= span.core_start < span.core_stop <= span.stop <= size
        assert span.stop - span.start < tile + multiple
        # No core comes nearer to an artificial border than seven sixteenths of the overlap.
        assert span.start == 0 or span.core_start - span.start >= 7 / 16 * overlap
        assert span.stop == size or span.stop - span.core_stop >= 7 / 16 * overlap
        core = torch.ones(span.core_stop - span.core_start)
        end = blend(core, end, span)
        total[span.core_start : span.core_stop] = core
        total[span.core_stop - span.blend_out : span.core_stop] = 2  # the next tile replaces it
        lengths.append(span.stop - span.start)
    torch.testing.assert_close(total, (torch.arange(size) >= first).float())
    assert max(lengths) - min(lengths) < multiple


@settings(deadline=None)
@given(radius=st.integers(0, 130), multiple=st.sampled_from([1, 4, 8, 12, 64]), size=st.integers(1, 3000))
def test_no_core_comes_nearer_to_a_border_than_the_radius(radius, multiple, size):
    overlap = overlap_for(radius, multiple)
    assert overlap % (2 * multiple) == 0
    assert 7 / 16 * (overlap - 2 * multiple) < radius or radius == 0  # and is no larger than that takes
    for span in spans(size, smallest_tile(overlap, multiple), overlap, multiple):
        assert span.start == 0 or span.core_start - span.start >= radius
        assert span.stop == size or span.stop - span.core_stop >= radius


def test_the_diagram_is_true():
    for index, span in enumerate(spans(88, tile=60, overlap=32, multiple=1)):
        used = span.core_stop - span.core_start - span.blend_in - span.blend_out
        core = "%" * span.blend_in + "=" * used + "%" * span.blend_out
        output = "." * (span.core_start - span.start) + core + "." * (span.stop - span.core_stop)
        assert f"    tile {index}  {' ' * span.start}{output}\n" in tile_layout.__doc__


def test_a_side_that_fits_is_one_span():
    assert spans(301, 301, 80, 8) == spans(301, 304, 80, 8) == [(0, 301, 0, 301, 0, 0)]


@pytest.mark.parametrize(
    ("height", "width", "overlap", "expected"),
    [
        (900, 1100, 80, (900, 1100)),
        (5000, 5000, 0, (1000, 1000)),
        (500, 9000, 0, (500, 1800)),
        (9000, 500, 0, (1800, 500)),
        (3000, 4000, 80, (1054, 864)),
        (1200, 1600, 80, (1200, 587)),
    ],
)
def test_tiles_have_the_shape_that_computes_least(height, width, overlap, expected):
    assert tile_shape(3, height, width, 1000, 200, overlap) == expected
    in_cells = tile_shape(3, height, width, 1000, 200, overlap, 8)
    assert in_cells == pytest.approx(expected, rel=0.15)
    assert overlap or tile_shape(3, height, width, 1000, 200) == expected  # the default


def computed(height, width, tall, wide, overlap):
    lengths = [
        sum(span.stop - span.start for span in spans(*side, overlap, 1)) for side in ((height, tall), (width, wide))
    ]
    return lengths[0] * lengths[1]


@settings(deadline=None)
@example(height=300, width=300, overlap=36, tile=213)
@given(
    height=st.integers(300, 3000), width=st.integers(300, 3000), overlap=st.integers(0, 80), tile=st.integers(200, 900)
)
def test_no_other_shape_computes_less(height, width, overlap, tile):
    chosen = tile_shape(3, height, width, tile, 150, overlap)
    assert chosen[0] * chosen[1] <= tile * tile
    others = [(tile * tile // wide, wide) for wide in range(150, tile * tile // 150 + 1, 7)]
    least = min(computed(height, width, *other, overlap) for other in others)
    assert computed(height, width, *chosen, overlap) <= 1.01 * least  # a pixel or two for each tile


@settings(deadline=None)
@given(
    height=st.integers(1, 10**6),
    width=st.integers(1, 10**6),
    multiple=st.sampled_from([1, 8, 12, 64]),
    overlap=st.integers(0, 180),
)
def test_tiles_keep_their_area_when_a_network_pads_them(height, width, multiple, overlap):
    least = max(64, smallest_tile(overlap, multiple))
    tile = 2 * padded_side(least, multiple)
    tall, wide = tile_shape(3, height, width, tile, least, overlap, multiple)
    assert tall <= height and wide <= width
    assert padded_side(tall, multiple) * padded_side(wide, multiple) <= tile * tile


@pytest.mark.parametrize("multiple", [1, 8])
def test_a_band_of_a_very_wide_picture_is_bounded(multiple):
    tall, wide = tile_shape(3, 2000, 100_000, 1000, 100, 40, multiple)
    assert 0.9 * BAND_BYTES < tall * 100_000 * 3 * 4 <= BAND_BYTES
    assert 900_000 < tall * wide <= 1_000_000


def test_a_blend_fades_from_one_tile_to_the_next():
    left, right = spans(88, tile=60, overlap=32, multiple=1)
    dark, bright = torch.zeros(2, left.core_stop), torch.ones(2, 88 - right.core_start)
    blend(bright, blend(dark, torch.empty(0), left), right)
    expected = torch.cat([blend_weights(right.blend_in), torch.ones(88 - right.core_start - right.blend_in)])
    torch.testing.assert_close(bright, expected.expand(2, -1))
    assert dark.eq(0).all() and right.blend_in == left.blend_out == 4


@pytest.mark.parametrize(("overlap", "multiple", "least"), [(0, 1, 2), (32, 1, 50), (80, 8, 136), (74, 8, 136)])
def test_a_tile_can_be_as_short_as_one_and_a_half_overlaps_and_two_cells(overlap, multiple, least):
    assert smallest_tile(overlap, multiple) == least


def test_the_smallest_tile_is_allowed_and_named_where_one_is_smaller():
    check_tile(136, 136)
    with pytest.raises(DenoiserError, match="a tile of 135 is smaller") as caught:
        check_tile(135, 136)
    assert caught.value.fix == "--tile 136"


@pytest.mark.parametrize(("height", "dtype"), [(1000, torch.float32), (10_000, torch.uint8)])
def test_a_tile_takes_what_the_picture_and_its_copies_leave(height, dtype):
    image = torch.empty(3, height, 10_000, dtype=dtype, device="meta")
    side = Tiling(4096, 80, 8, cost=200).tile_beside(image)
    taken = 3 * image.nbytes + min(BAND_BYTES, 4 * image.numel())
    assert taken + 200 * side**2 <= CPU_BYTES < taken + 200 * (side + 1) ** 2


def test_beside_a_huge_picture_a_tile_has_an_eighth_of_the_memory_and_is_never_too_small():
    image = torch.empty(3, 30_000, 30_000, device="meta")
    side = Tiling(4096, 80, 8, cost=200).tile_beside(image)
    assert 200 * side**2 <= CPU_BYTES / 8 < 200 * (side + 1) ** 2
    assert Tiling(4096, 80, 8, cost=1e9).tile_beside(image) == 136
    assert Tiling(500, 80, 8, cost=200).tile_beside(image) == 500 and Tiling(4096, 80, 8).tile_beside(image) == 4096


@pytest.mark.parametrize("length", [1, 2, 7, 400])
def test_a_blend_is_flat_at_both_ends_and_its_two_weights_add_up_to_one(length):
    weights = blend_weights(length)
    torch.testing.assert_close(weights + weights.flip(0), torch.ones(length))
    if length > 100:  # a seam of both slopes would be seen
        steps = weights.diff()
        assert max(steps[0], steps[-1]) < 0.02 * steps.max()
