"""The page of before and after: what it lists, and what a browser makes of it."""

import io
import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from helpers.pages import Page
from PIL import Image, ImageCms

from denoiser.data.images.formats.photo import Details, Photo
from denoiser.errors import DenoiserError
from denoiser.photos import before_after, previews
from denoiser.photos.before_after import BeforeAfterPages
from denoiser.photos.previews import GAP

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ODD = ("a b.png", "x=[1] {2}.png", "50%20#?&.jpg", "<img src=x>.png", "\"a\" 'b'.png", "Übung 写真.tif", "\udcff.png")
BEFORE, AFTER = 60, 180


def pair(height=40, width=60, kind=np.uint8, white=255, **details):
    """A dark picture, and a bright one after."""
    dark, bright = (np.full((height, width, 3), grey / 255 * white).astype(kind) for grey in (BEFORE, AFTER))
    before = Photo(dark, white, Details("PNG", **details))
    return before, before.with_pixels(bright)


def paths_of(page):
    """Every file that a page refers to."""
    loads = [value for value in Page(page).loads if not value.startswith("data:")]
    return [page.parent / unquote(value) for value in loads]


def test_every_picture_is_listed_with_its_files_whatever_it_is_called(tmp_path):
    pages = BeforeAfterPages(tmp_path / "out" / "compare")
    for name in ODD:
        pages.add(tmp_path / "in" / name, *pair(), model="photo <1>")
    page = pages.finish()
    assert page == tmp_path / "out" / "compare" / "index.html"
    text, files = Page(page).text, paths_of(page)
    for name in ODD:
        assert name.encode("utf-8", "replace").decode() in text
    assert len(files) == len(set(files)) == 7 * len(ODD) and all(map(Path.is_file, files))
    assert "60 \N{MULTIPLICATION SIGN} 40, colour, 8-bit · estimated sigma 0.0 → 0.0 · model photo <1>" in text
    assert "img" not in re.findall(r"<h1>.*?</p>", page.read_text(), re.DOTALL)[0]


def test_the_models_own_output_is_shown_beside_another_strength(tmp_path):
    pages = BeforeAfterPages(tmp_path)
    pages.add(tmp_path / "a.png", *pair(), model="photo")
    before, after = pair()
    pages.settings = "strength 1.5, texture 0.3"
    pages.add(tmp_path / "b.png", before, after, model="photo", plain=before.with_pixels(before.pixels + 40))
    file = pages.finish()
    page = Page(file)
    assert "model photo · strength 1.5, texture 0.3" in page.text and page.text.count("strength") == 1
    first, second = page.source.split("<figure")[1:]
    assert "network" not in first and second.count('data-tag="network"') == 2
    assert len(set(paths_of(file))) == 7 + 9
    (parts,) = (tmp_path / "parts").glob("b-*")
    assert (np.asarray(Image.open(parts / "network.png")) == BEFORE + 40).all()


def test_entries_of_earlier_versions_stay_on_the_page(tmp_path):
    pages = BeforeAfterPages(tmp_path)
    pages.add(tmp_path / "a.png", *pair())
    (entry,) = (tmp_path / "parts").glob("*/picture.json")
    older = {
        key: value for key, value in json.loads(entry.read_text()).items() if key not in ("settings", "panels", "gain")
    }
    entry.write_text(json.dumps(older))
    assert len(paths_of(pages.finish())) == 5


def test_pictures_of_one_name_and_of_earlier_runs_stay_apart_and_are_kept(tmp_path):
    one, other = tmp_path / "a" / "x.png", tmp_path / "b" / "x.png"
    BeforeAfterPages(tmp_path / "compare").add(one, *pair())
    BeforeAfterPages(tmp_path / "compare").finish()
    later = BeforeAfterPages(tmp_path / "compare")
    later.add(other, *pair(kind=np.uint16, white=65535))
    later.add(one, *pair(kind=np.float32, white=1.0))  # once more
    (tmp_path / "compare" / "parts" / "broken").mkdir()
    (tmp_path / "compare" / "parts" / "broken" / "picture.json").write_text('{"source": ')
    page = Page(later.finish())
    assert page.tags.count("figure") == 2 and "2 pictures of" in page.text
    assert re.findall(r"[ab]/x\.png(?= 60)", page.text) == ["a/x.png", "b/x.png"]
    assert "32-bit float" in page.text and "16-bit" in page.text


def test_side_by_side_and_the_previews_show_both_pictures(tmp_path, monkeypatch):
    monkeypatch.setattr(previews, "SIDE", 30)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    BeforeAfterPages(tmp_path).add(tmp_path / "x.tif", *pair(kind=np.uint16, white=65535, icc=srgb))
    (both,) = tmp_path.glob("*.jpg")
    opened = Image.open(both)
    assert opened.size == (30 + GAP + 30, 20) and opened.info["icc_profile"] == srgb
    assert np.abs(np.asarray(opened)[:, [5, -5]].astype(int) - [[[BEFORE] * 3, [AFTER] * 3]]).max() <= 2
    (parts,) = (tmp_path / "parts").iterdir()
    assert sorted(path.name for path in parts.iterdir()) == [
        "after.jpg",
        "after.png",
        "before.jpg",
        "before.png",
        "difference.jpg",
        "difference.png",
        "picture.json",
    ]
    assert (np.asarray(Image.open(parts / "after.png")) == AFTER).all()


def test_pages_hold_so_many_pictures_and_lead_to_one_another(tmp_path, monkeypatch):
    monkeypatch.setattr(before_after, "PER_PAGE", 4)
    pages = BeforeAfterPages(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: pages.add(tmp_path / f"{i:02d}.png", *pair(9, 9)), range(10)))
    first = pages.finish()
    files = [first, tmp_path / "index-2.html", tmp_path / "index-3.html"]
    names = [re.findall(r"\d\d\.png(?= 9 )", Page(file).text) for file in files]
    assert names == [[f"{i:02d}.png" for i in range(10)[start:][:4]] for start in (0, 4, 8)]
    assert set(files[1:]) < set(paths_of(first)) and first in paths_of(files[2])


def test_no_picture_and_no_room(tmp_path):
    assert "No picture was denoised" in Page(BeforeAfterPages(tmp_path / "none").finish()).text
    (tmp_path / "file").touch()
    with pytest.raises(DenoiserError) as raised:
        BeforeAfterPages(tmp_path / "file").add(tmp_path / "x.png", *pair())
    assert raised.value.code == 3


@pytest.fixture(scope="module")
def chromium():
    if not CHROMIUM:
        pytest.skip("no Chromium on the path")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def many(tmp_path):
    pages = BeforeAfterPages(tmp_path)
    for i, name in enumerate([*ODD[:-1], *(f"z{i}.png" for i in range(6))]):
        pages.add(tmp_path / name, *pair(*[(40, 60), (700, 500), (30, 900)][i % 3]))
    return pages.finish()


def shades(locator):
    """The greys a fifth from the left and from the right of what is seen of an element."""
    seen = Image.open(io.BytesIO(locator.screenshot())).convert("L")
    return [seen.getpixel((int(seen.width * at), int(seen.height * 0.8))) for at in (0.2, 0.8)]


@pytest.mark.parametrize("width", [390, 1440])
def test_a_browser_shows_the_slider_and_loads_pictures_as_they_come_near(chromium, many, width):
    messages, page = [], chromium.new_page(viewport={"width": width, "height": 900})
    loaded = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: loaded.append(request.url))
    page.goto(many.as_uri())
    outputs = page.locator("output")
    sync_api.expect(outputs.first).to_contain_text("pixels")
    stage = page.locator(".stage").first
    assert shades(stage) == pytest.approx([BEFORE, AFTER], abs=2)
    page.locator("input[type=range]").first.focus()
    page.keyboard.press("End")
    assert shades(stage) == pytest.approx([BEFORE, BEFORE], abs=2)
    tiles = page.locator("figure").first.locator(".tile canvas").all()
    assert [shades(tile)[0] for tile in tiles] == [BEFORE, AFTER, 248]  # 180 - 60 more than mid-grey
    page.locator("select.right").first.select_option(label="difference \N{MULTIPLICATION SIGN}1")
    page.keyboard.press("Home")
    page.locator("input[type=range]").first.press("Home")
    assert shades(stage) == pytest.approx([248, 248], abs=2)
    assert outputs.last.inner_text() == "" and not any("z5-" in url for url in loaded)
    page.locator("figure").last.scroll_into_view_if_needed()
    sync_api.expect(outputs.last).to_contain_text("pixels")
    shown = filter(None, outputs.all_inner_texts())  # those that came near
    enlargements = [float(text.split(", ")[1].rstrip("\N{MULTIPLICATION SIGN}")) for text in shown]
    assert min(enlargements) >= 2
    assert shades(page.locator(".stage").last) == pytest.approx([BEFORE, AFTER], abs=2)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert messages == [] and all(url.startswith(("file:", "data:")) for url in loaded)
    page.close()


def test_without_scripts_both_pictures_are_there(chromium, many):
    page = chromium.new_page(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page.goto(many.as_uri())
    first = page.locator("figure").first
    assert first.locator(".panels img:visible").count() == first.locator(".tile img:visible").count() == 3
    assert first.locator(".tile img").first.bounding_box()["width"] > 340
    assert shades(first.locator(".panels img").first)[0] == pytest.approx(BEFORE, abs=2)
    page.close()
