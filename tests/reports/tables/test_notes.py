"""The notes below a table."""

import math

import pytest
from helpers.pages import parsed, result

from denoiser.reports.tables import notes


def below(*rows, methods=(), protocol="published"):
    return notes.notes(parsed(rows=list(rows), methods=list(methods), protocol=protocol, kind="evaluation"))


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
    ("facts", "listed"),
    [
        (method(leak=None), True),
        (method(kind="weights", leak=None), True),
        (method(), False),
        (method(kind="baseline", leak=None), False),
        (method(leak=["a"]), False),
    ],
)
def test_methods_of_unknown_training_are_listed(facts, listed):
    line = "not known whether trained or selected on these pictures: unet"
    assert (line in below(result(), methods=[facts])) == listed
