"""One picture of every kind in one command: formats, depth, alpha and metadata are kept."""

import io

import exifread
import imagecodecs
import numpy as np
import pytest
import tifffile
from helpers.dimmer import checkpoint, files, run
from helpers.samples import one_of_each
from PIL import Image

KEPT = ("EXIF ", "GPS ", "Image Make", "Image Model", "Image Artist")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Each kind's file before and after."""
    folder = tmp_path_factory.mktemp("kinds")
    before = one_of_each(folder / "in")
    model = checkpoint(folder / "run", 3)
    assert run(folder / "in", "-o", folder / "out", "--checkpoint", model) == 0
    assert files(folder / "out") == files(folder / "in")
    return {kind: (path, folder / "out" / path.name) for kind, path in before.items()}


def pixels(path):
    """As other libraries read it."""
    return tifffile.imread(path) if path.suffix == ".tif" else imagecodecs.imread(path)


def exif(path):
    with path.open("rb") as file, Image.open(path) as picture:
        block = io.BytesIO(picture.info["exif"].removeprefix(b"Exif\0\0")) if picture.format == "WEBP" else file
        tags = exifread.process_file(block)
    return {name: str(tag) for name, tag in tags.items()}


def test_depth_is_kept(results):
    deep = {kind: paths for kind, paths in results.items() if paths[0].suffix in (".png", ".tif")}
    assert len(deep) > 20
    for kind, (before, after) in deep.items():
        types = [pixels(path).dtype for path in (before, after)]
        assert types[0].kind == types[1].kind and types[0].itemsize <= types[1].itemsize, kind


def test_formats_are_kept(results):
    for before, after in results.values():
        if before.suffix != ".tif":  # of which Pillow does not know all
            with Image.open(before) as one, Image.open(after) as other:
                assert one.format.replace("MPO", "JPEG") == other.format


@pytest.mark.parametrize("kind", ["png8_rgba", "png16_rgba", "tiff16_rgba"])
def test_alpha_is_kept_and_colour_denoised(results, kind):
    before, after = (pixels(path).astype(float) for path in results[kind])
    assert (before[..., 3] == after[..., 3]).all()
    hidden = before[..., 3] == 0
    assert np.abs(after[..., :3] - 0.4 * before[..., :3])[~hidden].max() <= 0.51
    assert hidden.any() and (after[hidden] == before[hidden]).all()


@pytest.mark.parametrize("kind", ["turned_jpeg", "turned_png", "turned_webp", "turned_tiff"])
def test_metadata_is_kept_and_fits_the_pixels(results, kind):
    before, after = results[kind]
    was, now = exif(before), exif(after)
    kept = {name: value for name, value in was.items() if name.startswith(KEPT)}
    assert len(kept) >= 8 and kept == {name: now.get(name) for name in kept}
    upright = kind != "turned_jpeg"  # a JPEG stays as it is stored
    assert was["Image Orientation"] != "Horizontal (normal)"
    assert now["Image Orientation"] == ("Horizontal (normal)" if upright else was["Image Orientation"])
    with Image.open(before) as one, Image.open(after) as other:
        assert other.info["icc_profile"] == one.info["icc_profile"]
        assert other.size == ((48, 64) if upright else (64, 48))
