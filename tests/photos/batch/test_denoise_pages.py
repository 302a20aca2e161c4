"""Files of several pages, as the command writes them."""

import tracemalloc

import numpy as np
import pytest
import tifffile
from helpers.dimmer import FACTOR, error_output, files, run

from denoiser.photos.batch import pages
from denoiser.photos.batch.pages import PageDenoising
from denoiser.photos.batch.plan import Job
from denoiser.photos.batch.reader import FileOptions, Item, SeveralPages
from denoiser.photos.noise_measure import MeasuredNoise

PAGES = np.random.default_rng(0).integers(0, 60000, (3, 20, 24)).astype(np.uint16)


@pytest.fixture
def stack(here):
    tifffile.imwrite(here / "stack.tif", PAGES, imagej=True, metadata={"Labels": ["a", "b", "c"], "unit": "um"})
    return here / "stack.tif"


def test_each_page_is_denoised_and_the_file_stays_what_it_is(stack, model, capsys):
    assert run(stack, "-o", "out.tif", "--checkpoint", model) == 0
    with tifffile.TiffFile("out.tif") as after, tifffile.TiffFile(stack) as before:
        np.testing.assert_array_equal(after.asarray(), np.rint(PAGES * FACTOR))
        assert len(after.pages) == 3 and after.imagej_metadata == before.imagej_metadata
    assert "1 picture, 0.0014 megapixels" in capsys.readouterr().out


def test_signs_and_32_bits_are_kept(here, model, capsys):
    signed, wide = PAGES.astype(np.int16), PAGES.astype(np.uint32) * 70000
    for name, pixels in (("signed", signed), ("wide", wide)):
        (here / "in").mkdir(exist_ok=True)
        tifffile.imwrite(here / "in" / f"{name}.tif", pixels, photometric="minisblack")
    assert run("in", "-o", "out", "--checkpoint", model) == 0
    err = error_output(capsys, 2, ["in/signed.tif", "-o", "x.png", "--checkpoint", model])
    assert "PNG holds no int16 (x.png)" in err and "fix: --bits 16" in err
    after = tifffile.imread("out/signed.tif")
    assert after.dtype == np.int16 and (np.abs(after - signed * FACTOR) <= 0.51).all()
    after = tifffile.imread("out/wide.tif")
    assert after.dtype == np.uint32 and (np.abs(after - wide * FACTOR) <= 2**32 * 1e-6).all()


def test_bright_cells_on_a_dark_ground_are_denoised_too(here, model):
    cells = np.full((20, 24), 20, np.int16)
    cells[3:9, 4:10] = 2000
    tifffile.imwrite("cells.tif", cells)
    assert run("cells.tif", "-o", "out.tif", "--checkpoint", model) == 0
    np.testing.assert_array_equal(tifffile.imread("out.tif"), cells * FACTOR)


@pytest.mark.parametrize(("which", "index"), [("first", 0), ("2", 1), ("3", 2)])
def test_one_page_alone_says_nothing_of_the_others(which, index, stack, model, capsys):
    assert run(stack, "-o", "out.tif", "--checkpoint", model, "--pages", which) == 0
    with tifffile.TiffFile("out.tif") as after:
        np.testing.assert_array_equal(after.asarray(), np.rint(PAGES[index] * FACTOR))
        assert "Labels" not in (after.imagej_metadata or {}) and "images" not in (after.imagej_metadata or {})
    assert run(stack, "-o", "out.png", "--checkpoint", model, "--pages", which) == 0


def test_each_page_is_a_result_of_its_own(stack, model, capsys, here):
    arguments = [stack, "-o", "out", "--checkpoint", model, "--compare", "--pages"]
    for which, index in (("first", 0), ("2", 1), ("3", 2)):
        assert run(*arguments, which) == 0
        np.testing.assert_array_equal(tifffile.imread(f"out/stack-page{index + 1}.tif"), np.rint(PAGES[index] * FACTOR))
        assert "kept" not in capsys.readouterr().out
    assert run(*arguments, "2") == 0
    assert "1 output exists already" in capsys.readouterr().out
    assert (here / "out/compare/index.html").read_text().count("stack.tif (page ") >= 3


def test_a_file_that_may_be_another_page_is_not_taken_for_the_result(stack, model, capsys, here):
    arguments = [stack, "-o", "out.tif", "--checkpoint", model, "--pages"]
    assert run(*arguments, "2") == 0
    before = (here / "out.tif").read_bytes()
    assert "may be another page than 3 (-o out.tif --pages 3)" in error_output(capsys, 2, [*arguments, "3"])
    assert (here / "out.tif").read_bytes() == before
    assert run(*arguments, "3", "--overwrite") == 0
    np.testing.assert_array_equal(tifffile.imread("out.tif"), np.rint(PAGES[2] * FACTOR))


def test_what_is_asked_and_not_possible_is_refused(stack, model, capsys, here):
    rest = ["-o", "out.png", "--checkpoint", model]
    assert "there is no page 4, only 3 (" in error_output(capsys, 2, [stack, *rest, "--pages", "4"])
    err = error_output(capsys, 2, [stack, *rest])
    assert "PNG holds one page, not 3 (out.png)" in err and "fix: --pages first, or " in err
    assert "neither all nor first nor the number of a page, from 1: 0" in error_output(
        capsys, 2, [stack, *rest, "--pages", "0"]
    )
    assert files(here) == ["stack.tif"]


def test_a_damaged_page_leaves_no_file(stack, model, capsys, here):
    with tifffile.TiffFile(stack, mode="r+") as opened:
        opened.pages[2].aspage().tags["StripByteCounts"].overwrite([0])
    err = error_output(capsys, 2, [stack, "-o", "out.tif", "--checkpoint", model])
    assert "page 3 of 3: the file is cut off" in err and files(here) == ["stack.tif"]


def test_a_dry_run_counts_the_pages(stack, model, capsys):
    assert run(stack, "-o", "out.tif", "--checkpoint", model, "--dry-run") == 0
    assert "-> out.tif (3 pages, 24x20, grey, 16 bits, " in capsys.readouterr().out
    assert run(stack, "-o", "out.tif", "--checkpoint", model, "--dry-run", "--pages", "2") == 0
    assert "-> out.tif (24x20, grey, 16 bits, " in capsys.readouterr().out


def test_the_first_page_stands_for_its_file_on_the_page_before_and_after(stack, model, here):
    assert run(stack, "-o", "out", "--checkpoint", model, "--compare", "--strength", "0.5") == 0
    page = (here / "out" / "compare" / "index.html").read_text()
    assert page.count("shown: the first of several pages") == 1


def test_arrays_are_denoised_and_converted(here, model, capsys):
    (here / "in").mkdir()
    np.save(here / "in" / "stack.npy", PAGES)
    np.save(here / "in" / "planes.npy", PAGES.astype(np.float16))
    assert run("in", "-o", "out", "--checkpoint", model, "--axes", "nhw") == 0
    assert files(here / "out") == ["planes.npy", "stack.npy"]
    np.testing.assert_array_equal(np.load("out/stack.npy"), np.rint(PAGES * FACTOR))
    assert np.load("out/planes.npy").dtype == np.float16
    assert run("in/stack.npy", "-o", "x.tif", "--checkpoint", model, "--axes", "NHW") == 0
    np.testing.assert_array_equal(tifffile.imread("x.tif"), np.rint(PAGES * FACTOR))
    assert run("x.tif", "-o", "y.npy", "--checkpoint", model) == 0
    assert run("x.tif", "-o", "arrays", "--format", "npy", "--checkpoint", model) == 0
    np.testing.assert_array_equal(np.load("y.npy"), np.load("arrays/x.npy"))
    err = error_output(capsys, 2, ["in/stack.npy", "-o", "z.npy", "--checkpoint", model])
    assert "an array of shape (3, 20, 24) can be HWC, CHW or NHW (in/stack.npy)" in err and "--axes CHW" in err


class Copier:
    """Stands in for models: returns pages unchanged."""

    by_noise = False

    def denoise(self, photo, noise, warn):
        return photo.with_pixels(photo.pixels.copy()), "copier"


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_memory_holds_a_page_and_not_the_file(compression, here):
    pixels = np.random.default_rng(0).integers(0, 60000, (24, 256, 256)).astype(np.uint16)
    peaks = {}
    for count in (4, 24):
        tifffile.imwrite("in.tif", pixels[:count], photometric="minisblack", compression=compression)
        job, options = Job("in.tif", "out.tif", 1), FileOptions()
        stack = options.opened(job)
        several = SeveralPages(stack, stack.levels())
        begun = {}
        work = PageDenoising(Copier(), options, lambda _, before, after, noise: after, begun.__setitem__)
        tracemalloc.start()
        work.write(Item(job, 0), several)
        peaks[count] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert begun == dict.fromkeys(range(1, count + 1), count)
    np.testing.assert_array_equal(tifffile.imread("out.tif"), pixels)
    assert peaks[24] < 1.5 * peaks[4] < 12 * pixels[0].nbytes


class Chooser:
    """Stands in for models: the noise of a page is its mean."""

    by_noise = True

    def noise_of(self, photo):
        mean = float(photo.pixels.mean())
        return MeasuredNoise((mean,), 1.0, True) if mean else None


class Blank:
    """Pages of which only one is not black."""

    levels = None

    def __init__(self, means):
        self.means, self.stack = means, self

    def __len__(self):
        return len(self.means)

    def photos(self, levels, places):
        for place in places:
            yield type("Photo", (), {"pixels": np.full((4, 4), self.means[place])})


@pytest.mark.parametrize(("means", "place"), [([0, 5, 0, 9, 0], 0), ([0, 0, 7, 0, 0], 2), ([1, 0, 2, 0, 3], 4)])
def test_black_pages_do_not_choose_the_model(means, place):
    noise, chosen = pages.noise(Blank(means), Chooser())
    assert (noise and noise.deviation, chosen) == ((means[place],) if means[place] else None, place)
