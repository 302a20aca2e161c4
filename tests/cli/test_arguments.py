"""Errors of ordinary arguments."""

import pytest

from denoiser.cli.arguments import Parser
from denoiser.errors import DenoiserError


@pytest.mark.parametrize(
    ("arguments", "problem", "fix"),
    [
        (["--rot", "x"], "unrecognized arguments: --rot x (denoiser data)", "did you mean --root?"),
        (["--quite-another"], "unrecognized arguments: --quite-another (denoiser data)", "denoiser data --help"),
        (["--root"], "argument --root: expected one argument (denoiser data)", "denoiser data --help"),
    ],
)
def test_errors_name_the_nearest_option(arguments, problem, fix):
    parser = Parser("denoiser data", allow_abbrev=False)
    parser.add_argument("--root")
    with pytest.raises(DenoiserError) as error:
        parser.parse_args(arguments)
    assert (error.value.what, error.value.fix) == (problem, fix)
