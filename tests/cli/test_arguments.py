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


@pytest.mark.parametrize(
    ("words", "what", "fix"),
    [
        (["--level", "abc"], "argument --level: not a number: 'abc' (denoiser verb)", "denoiser verb --help"),
        (["--count", "1.5"], "argument --count: not a whole number: '1.5' (denoiser verb)", "denoiser verb --help"),
        (["--format", "jpg"], "argument --format: invalid choice: 'jpg'", "--format jpeg"),
        (["--bits", "12"], "argument --bits: invalid choice: 12", "--bits 16"),
        (["-dash.png"], "unrecognized arguments: -dash.png", "./-dash.png, because names that begin with -"),
    ],
)
def test_what_a_hurried_user_types_gets_a_fix(words, what, fix, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-dash.png").touch()
    parser = Parser("denoiser verb")
    parser.add_argument("--level", type=float)
    parser.add_argument("--count", type=int)
    parser.add_argument("--format", choices=("png", "jpeg"))
    parser.add_argument("--bits", type=int, choices=(8, 16))
    with pytest.raises(DenoiserError) as caught:
        parser.parse_args(words)
    assert caught.value.what.startswith(what) and caught.value.fix.startswith(fix)
