"""Line plots as SVG in the page's colours."""

import re

from denoiser.reports.html.svg import Line, Point, plot


def keys(figure):
    """The entries of a plot's key, without their signs."""
    return re.findall(r"</span> (.*?)</li>", figure)


def drawn(span, other=None, **sizes):
    points = [Point(15, 30), Point(50, 25)]
    return plot("sigma", [Line("a", points, span=span), Line("b", points, span=other)], "sigma", "PSNR (dB)")


def test_nothing_is_drawn_without_points():
    assert plot("loss", [Line("a", [])], "epoch", "loss") == ""


def test_a_plot_keeps_to_its_own_names_and_the_pages_colours():
    lines = [Line("<a> & b", [Point(0, 1), Point(1, 2, 0.5, 0.1)]), Line("reference", [Point(0, 1)], dashed=True)]
    figure = plot("loss", lines, "epoch", "loss", "a caption")
    assert figure == plot("loss", lines, "epoch", "loss", "a caption")
    assert keys(figure) == ["&lt;a&gt; &amp; b", "reference"] and "a caption" in figure
    assert "var(--line-0)" in figure and "var(--line-6)" in figure and "#0a0" not in figure
    ids = re.findall(r'\bid="([^"]+)"', figure)
    assert ids and all(name.startswith("loss-") for name in ids)
    assert set(re.findall(r'(?:url\(#|href="#)([^)"]+)', figure)) <= set(ids)


def bars(figure):
    """Heights of the vertical bars through points: lines that go straight down."""
    return len(re.findall(r'd="M ([\d.]+) [\d.]+\s+L \1 [\d.]+\s*"', figure))


def test_bars_are_drawn_where_a_point_has_one():
    plain = bars(plot("a", [Line("a", [Point(0, 1), Point(1, 2)])], "x", "y"))
    assert bars(plot("a", [Line("a", [Point(0, 1, 0.2, 0.1), Point(1, 2)])], "x", "y")) > plain


def test_ranges_are_shaded_and_single_levels_are_lines():
    assert keys(drawn(None)) == ["a", "b"] and "opacity" not in drawn(None)
    shaded = drawn([0, 55])
    assert keys(shaded)[2:] == ["shaded: noise levels trained on"] and shaded.count("opacity: 0.08") == 1
    assert keys(drawn([0, 55], [25, 25]))[2:] == [
        "shaded: noise levels trained on",
        "vertical: the one noise level trained on",
    ]
    assert drawn([0, 55], [10, 30]).count("opacity: 0.08") == 2


def test_lines_at_the_same_level_take_turns():
    dashes = re.findall(
        r"stroke-dasharray: ([\d.]+),([\d.]+); stroke-dashoffset: ([\d.]+); stroke: var\(--line-([01])\)",
        drawn([25], [25]),
    )
    assert dashes[0][:2] == dashes[1][:2] and dashes[0][2:] != dashes[1][2:]
    assert {dash[3] for dash in dashes} == {"0", "1"}
