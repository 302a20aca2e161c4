"""The house stands as CONTRIBUTING.md draws it, and the check of that sees each way in which it could not."""

import ast
import collections
import statistics

import pytest
from helpers.house import violations

from denoiser.cli.main import VERBS
from denoiser.search_path import PACKAGE

DRAWING = PACKAGE.parent / "CONTRIBUTING.md"
SOURCES = sorted(PACKAGE.rglob("*.py"))
TINY = "```rooms\nrun data.__main__  # commands\ndata runs\ncli\nerrors config build\n```\n"


def test_imports_run_downwards_through_the_rooms_that_are_drawn():
    assert violations(PACKAGE, DRAWING.read_text(encoding="utf-8"), VERBS) == []


@pytest.fixture
def tiny(tmp_path):
    """Makes a package that is as `TINY` draws it, with more or other files."""

    def make(changes):
        files = {
            "__init__": "from tiny.data.sets import names\n",
            "run": "from tiny import data\nfrom tiny.runs.folder import claim\n",
            "errors": "",
            "config": "import os\n",
            "build": "from omegaconf import OmegaConf\n",
            "cli/__init__": "",
            "cli/main": "def main():\n    from tiny.errors import Problem\n",
            "data/__init__": "",
            "data/__main__": "from tiny.data.sets import names\nfrom tiny.cli.main import main\n",
            "data/sets": "from . import files\nfrom tiny.build import make\n",
            "data/files": "from ..config import folder\n",
            "data/store/__init__": "",
            "data/store/lock": "from tiny.errors import Problem\n",
            "runs/__init__": "",
            "runs/folder": "import tiny.config as config\n",
        }
        for name, text in {**files, **changes}.items():
            path = tmp_path / "tiny" / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / "tiny"

    return make


def test_a_package_that_is_as_it_is_drawn_has_no_violations(tiny):
    assert violations(tiny({}), TINY, ["run", "data"]) == []


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("cli/keys", "from tiny.data import sets\n", "tiny.cli.keys imports tiny.data.sets, which is not below it"),
        (
            "cli/keys",
            "def f():\n    import tiny.data.sets\n",
            "tiny.cli.keys imports tiny.data.sets, which is not below",
        ),
        (
            "cli/keys",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..data.sets import Set\n",
            "tiny.cli.keys imports tiny.data.sets, which is not below it",
        ),
        ("errors", "import tiny.cli.main\n", "tiny.errors imports tiny.cli.main, which is not below it"),
        ("errors", "from tiny import names\n", "tiny.errors imports tiny, which is not below it"),
        ("runs/folder", "from tiny.data.sets import names\n", "which is not below it"),
        ("data/sets", "from tiny.data.__main__ import main\n", "which is not below it"),
        ("data/files", "from tiny.data import sets\n", "circle of files: tiny.data."),
        ("data/files", "from . import sets\n", "circle of files: tiny.data."),
        ("extra", "", "extra.py at the root is no command"),
        ("speed/__init__", "", "the drawing lacks speed"),
    ],
)
def test_each_violation_is_seen(name, text, message, tiny):
    assert any(message in sentence for sentence in violations(tiny({name: text}), TINY, ["run", "data"]))


def test_a_circle_of_folders_without_one_of_files_is_seen(tiny):
    package = tiny({"data/sets": "import tiny.data.store.lock\n", "data/store/disk": "import tiny.data.files\n"})
    (sentence,) = violations(package, TINY, ["run", "data"])
    assert sentence.startswith("circle of folders: ") and "tiny.data.store" in sentence


def test_a_drawn_room_that_does_not_exist_is_seen(tiny):
    drawing = TINY.replace("cli\n", "cli\nmachine\n")
    assert violations(tiny({}), drawing, ["run", "data"]) == ["machine is drawn and does not exist"]


def lines(path):
    return len(path.read_text(encoding="utf-8").splitlines())


def functions(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.relative_to(PACKAGE)}: {node.name}", node.end_lineno - node.lineno + 1


def test_files_and_functions_stay_short():
    assert statistics.median(map(lines, SOURCES)) <= 110
    assert [str(path) for path in SOURCES if lines(path) > 260] == []
    assert [(name, length) for path in SOURCES for name, length in functions(path) if length > 50] == []


def test_a_class_name_exists_once():
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES]
    names = collections.Counter(
        node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []
