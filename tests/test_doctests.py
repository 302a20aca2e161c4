"""The examples in docstrings are run as tests, in an empty folder and without network like all others."""

import doctest
import importlib

import pytest

from denoiser.search_path import PACKAGE


def dotted(path):
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


WITH_EXAMPLES = [dotted(path) for path in sorted(PACKAGE.rglob("*.py")) if ">>>" in path.read_text(encoding="utf-8")]


@pytest.mark.filterwarnings("ignore::UserWarning:lightning")  # of what short trainings do without
@pytest.mark.filterwarnings("ignore:.*LeafSpec.*is deprecated.*")
@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_print_what_they_show(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.testmod(importlib.import_module(name), optionflags=flags)
    assert result.attempted > 0 and result.failed == 0, "see the captured output"
