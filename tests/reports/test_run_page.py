"""The page in a browser: what a click, a drag, a finger and a key change, and how it fits a telephone and a screen."""

import io
import json
import shutil

import numpy as np
import pytest
from helpers.pages import make_evaluation, make_run, noise
from PIL import Image

from denoiser.reports.comparison.write import write_comparison
from denoiser.reports.html import viewer
from denoiser.reports.run_page import write_report
from denoiser.runs.strip_layout import GAP

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium on the path")
PER_IMAGE = "[aria-label='Scores per image']"
GREYS = {"noisy": 40, "unet": 100, "nlm": 160, "clean": 220}


@pytest.fixture(scope="module")
def chromium():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def show(chromium):
    """Opens a page as a file; whatever the console says beyond the ordinary fails the test."""
    said, contexts = [], []

    def opened(path, width=1440, **options):
        contexts.append(chromium.new_context(viewport={"width": width, "height": 900}, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or said.append(request.url))
        page.goto(path.as_uri())
        if options.get("java_script_enabled", True) and page.locator("figure.viewer").count():
            sync_api.expect(page.locator("output").first).to_contain_text("pixels")  # all is drawn
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []


def picture_of(folder, panels=GREYS, size=(96, 64), entries=1, **changes):
    """Strips whose panels are a grey each, with a dark column every 16 pixels that shows where one is."""
    (folder / "images").mkdir(exist_ok=True)
    width, height = size
    strip = np.full((height, len(panels) * (width + GAP) - GAP), 255, dtype=np.uint8)
    for i, grey in enumerate(panels.values()):
        panel = strip[:, i * (width + GAP) :][:, :width]
        panel[:] = grey
        panel[:, ::16] = 0
    Image.fromarray(strip).save(folder / "images/a.png")
    scores = {name: {"psnr": 30.4, "ssim": 0.9} for name in panels if name not in ("noisy", "clean", "error")}
    entry = {"rank": "best", "sigma": 25, "image": "coffee", "file": "a.png", "panels": list(panels), "scores": scores}
    entry |= {"worst": [16, 32, 32], "psnr": 30.4, "ssim": 0.9, "psnr_noisy": 20.1, "ssim_noisy": 0.4} | changes
    (folder / "images/index.json").write_text(json.dumps([entry] * entries))


@pytest.fixture
def evaluation(tmp_path):
    run = make_evaluation(tmp_path / "run")
    picture_of(run)
    return write_report(run)


def seen(locator, right, down=0.85):
    """Which panel is seen at a fraction of an element's width and height."""
    image = Image.open(io.BytesIO(locator.screenshot())).convert("L")
    grey = image.getpixel((int(image.width * right), int(image.height * down)))
    return {value: name for name, value in GREYS.items()}.get(grey, grey)


def both(page):
    """What the left and the right quarter of the picture show, away from its dark columns."""
    return [seen(page.locator(".stage"), right) for right in (0.25, 0.75)]


PIXELS = """() => [...document.querySelectorAll(".tile canvas")].map((canvas) => {
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    return [...copy.getImageData(0, 0, canvas.width, canvas.height).data];
})"""


def tiles(page):
    """The pixels of each tile, without their opacity."""
    flat = [np.array(pixels) for pixels in page.evaluate(PIXELS)]
    return [pixels.reshape(side := int((len(pixels) // 4) ** 0.5), side, 4)[..., :3] for pixels in flat]


def columns(page):
    """Where the dark columns are in each tile, in pixels of the picture."""
    return [np.flatnonzero(tile[0, :, 0] == 0).tolist() for tile in tiles(page)]


def drag(page, locator, start, end):
    box = locator.bounding_box()
    page.mouse.move(box["x"] + start * box["width"], box["y"] + 0.85 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], box["y"] + 0.85 * box["height"], steps=5)
    page.mouse.up()


def test_a_drag_moves_the_divider(show, evaluation):
    page = show(evaluation)
    assert both(page) == ["noisy", "unet"]
    drag(page, page.locator(".stage"), 0.5, 0.9)
    assert both(page) == ["noisy", "noisy"]
    drag(page, page.locator(".stage"), 0.4, 0.1)  # from anywhere on the picture
    assert both(page) == ["unet", "unet"]


def test_keys_move_the_divider_and_the_focus_is_seen(show, evaluation):
    page = show(evaluation)
    page.locator(".viewer figcaption").click()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "range"
    assert page.evaluate("getComputedStyle(document.querySelector('.stage')).outlineStyle") == "solid"
    page.keyboard.press("End")
    assert both(page) == ["noisy", "noisy"]
    page.keyboard.press("Home")
    assert both(page) == ["unet", "unet"]
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.querySelector('.stage').style.getPropertyValue('--at')") == "2%"


def test_a_finger_moves_the_divider_and_the_blocks(show, evaluation):
    page = show(evaluation, width=390, has_touch=True, is_mobile=True)
    page.locator(".stage").scroll_into_view_if_needed()
    box, touch = page.locator(".stage").bounding_box(), page.context.new_cdp_session(page)
    for kind, right in [("Start", 0.5), ("Move", 0.6), ("Move", 0.75), ("Move", 0.9), ("End", None)]:
        points = [{"x": box["x"] + right * box["width"], "y": box["y"] + 0.85 * box["height"]}] if right else []
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    assert both(page) == ["noisy", "noisy"]
    before = columns(page)
    page.touchscreen.tap(box["x"] + 0.2 * box["width"], box["y"] + 0.5 * box["height"])
    assert columns(page) != before


def finger(page, locator, start, *moves):
    """A finger put down at a fraction of an element, moved by pixels of the screen, and lifted."""
    locator.scroll_into_view_if_needed()
    box, touch = locator.bounding_box(), page.context.new_cdp_session(page)
    x, y = box["x"] + start[0] * box["width"], box["y"] + start[1] * box["height"]
    for kind, (right, down) in [("Start", (0, 0)), *(("Move", move) for move in moves)]:
        touch.send(
            "Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": [{"x": x + right, "y": y + down}]}
        )
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def until(page, condition, argument=None):
    """Wait until a condition holds. Playwright's own waiting evaluates text in the page, which the page forbids."""
    for _ in range(600):
        if page.evaluate(condition, argument):
            return
        page.wait_for_timeout(50)
    pytest.fail(condition)


@pytest.mark.parametrize("place", [".tile canvas", ".stage"])
def test_a_finger_that_goes_up_scrolls_the_page_and_moves_nothing(show, evaluation, place):
    page = show(evaluation, width=390, has_touch=True, is_mobile=True)
    element = page.locator(place).first
    element.scroll_into_view_if_needed()
    element.tap()  # which gives it the focus
    scrolled, before, divider = page.evaluate("scrollY"), columns(page), both(page)
    finger(page, element, (0.5, 0.6), *[(3 * i, -10 * i) for i in range(1, 9)])
    until(page, "from => scrollY > from + 30", scrolled)
    assert columns(page) == before and both(page) == divider


def test_a_finger_that_goes_sideways_moves_the_blocks(show, evaluation):
    page = show(evaluation, width=390, has_touch=True, is_mobile=True)
    tile = page.locator(".tile canvas").first
    tile.scroll_into_view_if_needed()
    scrolled, before = page.evaluate("scrollY"), columns(page)
    finger(page, tile, (0.8, 0.5), *[(-8 * i, -i) for i in range(1, 8)])
    assert columns(page) != before and page.evaluate("scrollY") == scrolled


@pytest.mark.parametrize("place", [".tile canvas", ".stage"])
def test_two_fingers_enlarge_the_page(show, evaluation, place):
    page = show(evaluation, width=390, has_touch=True, is_mobile=True)
    element = page.locator(place).first
    element.scroll_into_view_if_needed()
    box, before = element.bounding_box(), columns(page)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = page.context.new_cdp_session(page)
    for kind, apart in [("Start", 20), *(("Move", 20 + 6 * i) for i in range(1, 10))]:
        points = [{"x": x + side * apart, "y": y + side * apart / 3, "id": side + 1} for side in (-1, 1)]
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    until(page, "visualViewport.scale > 1.2")
    assert columns(page) == before


def test_any_two_panels_are_compared(show, evaluation):
    page = show(evaluation)
    assert page.locator("select.left option").all_inner_texts() == list(GREYS)
    page.locator("select.left").select_option("clean")
    page.locator("select.right").select_option("nlm")
    assert both(page) == ["clean", "nlm"]
    assert page.locator(".tag").all_inner_texts() == ["clean", "nlm 30.40 dB"]


def test_all_blocks_move_together(show, evaluation):
    page = show(evaluation)
    assert columns(page) == [[0, 16]] * 4  # the worst block is 32 pixels wide, from 32 on
    assert [seen(tile, 0.25, 0.5) for tile in page.locator(".tile canvas").all()] == list(GREYS)
    page.locator(".stage").click(position={"x": 672 * 30 / 96, "y": 448 / 2})  # 7 screen pixels for one
    assert columns(page) == [[2, 18]] * 4
    tile = page.locator(".tile canvas").nth(1)
    drag(page, tile, 0.5, 0.5 + 4 / 32)
    assert columns(page) == [[6, 22]] * 4
    page.keyboard.press("ArrowRight")
    assert columns(page) == [[2, 18]] * 4
    page.keyboard.press("+")
    assert page.locator("output").inner_text().startswith("25 ")
    page.keyboard.press("ArrowLeft")
    page.mouse.wheel(0, 100)
    sync_api.expect(page.locator("output")).to_contain_text("32 \N{MULTIPLICATION SIGN} 32 pixels")
    page.locator(".out").click()
    assert page.locator("output").inner_text().startswith("40 ")
    page.locator(".reset").click()
    assert columns(page) == [[0, 16]] * 4


def test_a_page_that_is_scrolled_past_stays_as_it_is(show, evaluation):
    page = show(evaluation)
    page.locator(".tile canvas").first.hover()
    before = page.evaluate("scrollY"), page.locator("output").inner_text()
    page.mouse.wheel(0, 50)
    until(page, "from => scrollY > from", before[0])
    assert page.locator("output").inner_text() == before[1]


def test_a_block_stays_exact_where_its_picture_is_reduced(show, tmp_path, monkeypatch):
    monkeypatch.setattr(viewer, "PICTURE_BYTES", 30_000)
    run = make_run(tmp_path / "run")
    (run / "images").mkdir()
    noise(3 * 200 + 2 * GAP, 150).save(run / "images/a.png")
    entry = {"file": "a.png", "panels": ["noisy", "unet", "clean"], "worst": [50, 70, 24]}
    (run / "images/index.json").write_text(json.dumps([entry]))
    page = show(write_report(run))
    assert "downscaled here" in page.locator(".viewer figcaption").inner_text()
    whole = np.asarray(Image.open(run / "images/a.png"))
    assert np.array_equal(tiles(page)[1], whole[50:74, 200 + GAP + 70 :][:, :24])


def test_small_pictures_are_enlarged_and_the_error_is_a_tile(show, tmp_path):
    run = make_run(tmp_path / "run")
    panels = {"noisy": 40, "unet": 100, "clean": 220, "error": 128}
    picture_of(run, panels, size=(28, 28), worst=[0, 0, 14])
    page = show(write_report(run))
    assert page.locator(".stage").bounding_box()["width"] == 28 * 12
    assert page.evaluate("getComputedStyle(document.querySelector('.stage img')).imageRendering") == "pixelated"
    assert page.locator("select.right option").all_inner_texts() == ["noisy", "unet", "clean"]
    assert [text.split()[0] for text in page.locator(".tile").all_inner_texts()] == list(panels)
    assert page.locator(".tile canvas").last.bounding_box()["width"] > 150


def cells(page, column):
    return page.locator(f"{PER_IMAGE} tbody tr:visible td:nth-child({column})").all_inner_texts()


def test_a_table_is_sorted_and_filtered(show, tmp_path):
    run = make_run(tmp_path / "run")
    lines = ["p10,a,15,9.5", "p2,a,15,10.25", "p1,b,15,", "p3,b,50,inf", "p20,b,50,-1"]
    (run / "results.csv").write_text("\n".join(["image,method,sigma,psnr", *lines]) + "\n")
    page = show(write_report(run))
    head = page.locator(f"{PER_IMAGE} th")
    head.nth(0).locator("button").click()
    assert cells(page, 1) == ["p1", "p2", "p3", "p10", "p20"]
    head.nth(3).locator("button").focus()
    page.keyboard.press("Enter")
    assert cells(page, 4) == ["-1.00", "9.50", "10.25", "inf", "-"]
    page.keyboard.press("Enter")
    assert cells(page, 4) == ["inf", "10.25", "9.50", "-1.00", "-"]
    assert [one.get_attribute("aria-sort") for one in head.all()[:4]] == [None, None, None, "descending"]
    page.get_by_label("Method").select_option("b")
    assert cells(page, 1) == ["p3", "p20", "p1"]
    page.get_by_label("Sigma").select_option("15")
    assert cells(page, 1) == ["p1"]


def test_a_row_of_a_shown_picture_leads_to_it(show, tmp_path):
    run = make_evaluation(tmp_path / "run")
    picture_of(run, image="p1", sigma=50)
    page = show(write_report(run))
    links = page.locator(f"{PER_IMAGE} a")
    rows = page.locator(f"{PER_IMAGE} tr", has=page.locator("a")).all_inner_texts()
    assert [row.split()[:3] for row in rows] == [["p1", "unet", "50"], ["p1", "nlm", "50"]]
    links.last.click()
    assert page.locator("figure.viewer").bounding_box()["y"] == pytest.approx(0, abs=1)


def test_a_telephones_fingers_hit_the_sort_buttons(show, tmp_path):
    page = show(write_report(make_evaluation(tmp_path / "run")), 390, has_touch=True, is_mobile=True)
    buttons = page.locator("th button:visible").all()
    assert len(buttons) >= 20 and min(button.bounding_box()["height"] for button in buttons) >= 24


def test_short_words_are_not_broken(show, tmp_path):
    facts = {"command": "denoiser evaluate " + "checkpoint=/a/long/way/to/it " * 9, "device": "AMD EPYC, 16 threads"}
    runs = [
        make_evaluation(tmp_path / name, ["kair_dncnn_25", "nlm"], **facts, commit="f614217b9608+") for name in "ab"
    ]
    write_comparison(runs, tmp_path / "out", False)
    page = show(tmp_path / "out/report.html")
    broken = r"""() => [...document.querySelectorAll("td")].filter((cell) => /^\S{1,14}$/.test(cell.innerText.trim())
        && cell.getBoundingClientRect().height > 0 && (() => {
            const range = document.createRange();
            range.selectNodeContents(cell);
            return new Set([...range.getClientRects()].map((box) => box.top)).size > 1;
        })()).map((cell) => cell.innerText)"""
    assert page.evaluate(broken) == [] and page.evaluate("document.documentElement.scrollWidth") == 1440


@pytest.mark.parametrize("width", [390, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_and_can_be_read(show, tmp_path, width, scheme):
    long = "a_method_" + "with_a_very_long_name_" * 3
    names = ["psnr_y", "psnr_y_noisy", "sigma_estimated", "lpips", "dists", "vif", "ms_ssim", "a_metric"]
    more = {"leak": ["p0"], "further": dict.fromkeys(names, 0.5)}
    run = make_evaluation(tmp_path / "run", ["unet", long, "nlm"], (5, 15, 25, 50), **more)
    picture_of(run, GREYS | {long: 128})
    page = show(write_report(run), width, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    small = """() => [...document.querySelectorAll("main *")].filter((e) => e.checkVisibility() && e.innerText
        && !e.closest("svg") && parseFloat(getComputedStyle(e).fontSize) < 12).map((e) => e.outerHTML)"""
    assert page.evaluate(small) == []
    assert page.locator(".stage").bounding_box()["width"] <= width - 32


def test_without_scripts_every_picture_is_there(show, evaluation):
    page = show(evaluation, java_script_enabled=False)
    assert page.locator(".panels img:visible").count() == 4 and page.locator(".tile img:visible").count() == 4
    assert page.locator("select:visible, button:visible, .stage:visible, .scripted:visible").count() == 0


def test_a_page_of_100_images_stays_small(show, tmp_path):
    methods = ["unet", "dncnn", "nlm", "bm3d", "wavelet"]
    run = make_evaluation(tmp_path / "run", methods, (15, 25, 50), images=100)
    panels = dict.fromkeys(["noisy", *methods, "clean"], 0)
    picture_of(run, panels, size=(481, 321), entries=24)
    noise(len(panels) * (481 + GAP) - GAP, 321).save(run / "images/a.png")
    path = write_report(run)
    assert path.stat().st_size < 10_000_000
    page = show(path)
    assert page.locator("figure.viewer").count() == 24 and page.locator(f"{PER_IMAGE} tbody tr").count() == 1500
