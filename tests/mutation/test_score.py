"""What `make mutate` does before mutmut begins; nothing here needs mutmut."""

from pathlib import Path

import pytest
from mutation import score


@pytest.mark.parametrize(
    ("module", "tests"),
    [
        ("denoiser/data/pairs.py", "tests/data/test_pairs.py"),
        ("denoiser/runs/parse.py", "tests/runs"),
        ("denoiser/noise", "tests/noise"),
        ("denoiser/build.py", "tests/test_build.py"),
    ],
)
def test_a_module_is_tried_by_the_tests_of_its_name_or_folder(module, tests):
    assert score.tests_of(Path(module)) == Path(tests)


@pytest.mark.parametrize("modules", [[], ["denoiser/absent"], ["denoiser/noise", "denoiser/absent.py"]])
def test_what_is_no_module_is_refused(modules, capsys):
    assert score.main(modules) == 2
    problem, fix = capsys.readouterr().err.splitlines()
    assert problem == f"error: no module of denoiser/ with tests: {modules[-1] if modules else 'none given'} (MODULE)"
    assert fix.startswith("fix: make mutate MODULE=denoiser/metrics")


def test_the_configuration_names_what_is_changed_and_its_tests(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    score.write_configuration(["denoiser/noise", "denoiser/build.py"], ["tests/noise", "tests/test_build.py"])
    written = Path("setup.cfg").read_text()
    assert "only_mutate=\n    denoiser/noise/*\n    denoiser/build.py\n" in written
    assert "test_selection=\n    tests/noise\n    tests/test_build.py\n" in written
