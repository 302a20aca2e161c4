"""Coefficients written by us and decoded by libjpeg, by the formula of ITU-T T.81, annex A.3.3."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy.fft import idctn

from denoiser.data.images.formats import jpeg_coefficients, jpeg_scans, jpeg_segments


def made(size, subsampling, mode="RGB", step=1, **options):
    """A JPEG whose tables have equal steps, and its frame."""
    file = io.BytesIO()
    kind = {} if mode == "L" else {"subsampling": subsampling}
    Image.new(mode, size).save(file, "JPEG", qtables=[[step] * 64] * 2, **kind, **options)
    return file.getvalue(), jpeg_segments.frame(file.getvalue())


def coefficients(frame, most, density, seed=0):
    """Random blocks: runs of zeros of all lengths, empty blocks, and some large values."""
    rng, result = np.random.default_rng(seed), []
    for part in frame.components:
        blocks = rng.laplace(0, most / 8, (*frame.blocks(part), 64)).clip(-most, most)
        blocks *= rng.random(blocks.shape) < density * rng.choice([0, 0.1, 1], blocks.shape[:2])[..., None]
        blocks[..., 0] = rng.integers(-most, most + 1, blocks.shape[:2])
        result.append(blocks.astype(np.int16))
    return result


def decoded(data, frame, components):
    """libjpeg's grey picture, or its three components."""
    opened = Image.open(io.BytesIO(jpeg_segments.with_scans(data, jpeg_scans.scans(frame, components))))
    if len(components) == 3:
        opened.draft("YCbCr", None)
    return np.asarray(opened).astype(int)


def by_formula(blocks, step):
    natural = np.zeros((*blocks.shape[:2], 64))
    natural[..., jpeg_coefficients.zigzag()] = blocks.astype(float) * step
    pixels = idctn(natural.reshape(*blocks.shape[:2], 8, 8), axes=(2, 3), norm="ortho") + 128
    rows, columns = blocks.shape[:2]
    return pixels.swapaxes(1, 2).reshape(8 * rows, 8 * columns).clip(0, 255)


def test_the_zigzag_of_annex_a():
    assert jpeg_coefficients.zigzag()[:12] == [0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25]
    assert jpeg_coefficients.zigzag()[-3:] == [55, 62, 63] and len(set(jpeg_coefficients.zigzag())) == 64


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("density", [0.02, 0.3, 1])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_libjpeg_decodes_what_was_meant(mode, density, progressive):
    data, frame = made((150, 99), 0, mode, 2, progressive=progressive)
    components = coefficients(frame, 60, density)
    expected = np.stack([by_formula(blocks, 2) for blocks in components], axis=-1)[:99, :150].squeeze()
    assert np.abs(decoded(data, frame, components) - expected).max() <= 1.01


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_what_is_written_is_read_again(subsampling, progressive):
    """The blocks that are seen; in progressive scans, the others have no AC coefficients."""
    data, frame = made((150, 99), subsampling, progressive=progressive)
    components = coefficients(frame, 40, 0.2)
    written = jpeg_segments.with_scans(data, jpeg_scans.scans(frame, components))
    found = jpeg_coefficients.read(written, jpeg_segments.frame(written))
    for before, after, part in zip(components, found, frame.components, strict=True):
        rows, columns = frame.seen_blocks(part) if progressive else before.shape[:2]
        assert np.array_equal(after[:rows, :columns], before[:rows, :columns])


def test_the_largest_coefficients():
    data, frame = made((64, 64), 0, "L", 2)
    blocks = np.zeros((8, 8, 64), np.int16)
    blocks[::2, ::2, 0], blocks[1::2, 1::2, 0] = -1024, 1023
    blocks[3, :, 1], blocks[5, :, 63] = 1023, -1023
    expected = by_formula(blocks, 2)
    assert np.abs(decoded(data, frame, [blocks]) - expected).max() <= 1.01


@pytest.mark.parametrize("progressive", [False, True])
def test_many_empty_blocks_in_a_row(progressive):
    data, frame = made((2048, 2048), 0, "L", 2, progressive=progressive)  # 65,536 blocks
    blocks = np.zeros((256, 256, 64), np.int16)
    blocks[200, 7, 5] = 30
    written = jpeg_scans.scans(frame, [blocks])
    assert np.abs(decoded(data, frame, [blocks]) - by_formula(blocks, 2)).max() <= 1.01
    assert len(written) < (8500 if progressive else 17000)  # one bit for DC, and another for each end of a block


def test_chunks_are_the_whole(monkeypatch):
    _, frame = made((150, 99), 2)
    components = coefficients(frame, 60, 0.3)
    whole = jpeg_scans.scans(frame, components)
    monkeypatch.setattr(jpeg_scans, "_BLOCKS", 12)
    assert jpeg_scans.scans(frame, components) == whole
