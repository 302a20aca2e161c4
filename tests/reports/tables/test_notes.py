"""What stands below a table: what must be known to trust it."""

import math

import pytest
from helpers.pages import result

from denoiser.reports.tables import notes
from denoiser.runs.reading import told


def below(*rows, methods=(), protocol="published"):
    content = {"rows": list(rows), "methods": list(methods), "protocol": protocol, "kind": "evaluation"}
    return notes.notes(content)


def method(**changes):
    return {"method": "unet", "kind": "checkpoint", "leak": []} | changes


@pytest.mark.parametrize(("values", "expected"), [(1600, True), (10_000_000, False), (None, False)])
def test_the_noisy_input_may_be_as_far_from_its_law_as_the_draw_makes_it(values, expected):
    row = result(psnr_noisy=20 * math.log10(255 / 25) - 0.17, **({"values": values} if values else {}))
    (line,) = [line for line in below(row) if line.startswith("noisy input")]
    assert ("as expected" in line) == expected and ("differs from" in line) != expected


def test_infinite_figures_other_than_psnr_are_counted():
    lines = below(result(n_infinite={"vif": 1, "psnr": 2, "psnr_y": 3}))
    assert [line for line in lines if "infinite for" in line] == [
        "vif is infinite for 1 of 5 pictures, left out of the mean (unet on photos, sigma 25)",
        "psnr_y is infinite for 3 of 5 pictures, left out of the mean (unet on photos, sigma 25)",
    ]
    assert not any("infinite for" in line for line in below(result()))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (method(leak=None), True),
        (method(kind="weights", leak=None), True),
        (method(), False),
        (method(kind="baseline", leak=None), False),
        (method(leak=["a"]), False),
    ],
)
def test_a_leak_that_could_not_be_looked_for_is_said(given, said):
    line = "whether these pictures were trained or selected on is not known: unet"
    assert (line in below(result(), methods=[given])) == said


def test_counts_are_no_metrics():
    (row,) = told({"rows": [result(values=100, n_infinite={"vif": 1}, channels=3, place="a", vif=0.5)]})["rows"]
    assert row["further"] == {"vif": 0.5} and row["values"] == 100
