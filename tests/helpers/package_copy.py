"""A copy of the package that a test changes, and what its commands print."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from helpers import one_process

from denoiser.search_path import PACKAGE, config_dir

CONTRIBUTING = PACKAGE.parent / "CONTRIBUTING.md"
FILE = re.compile(r"^`(?P<path>[\w/]+\.\w+)`:\n\n```(?P<kind>\w+)\n(?P<text>.*?)```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^```sh\n(.*?)```$", re.MULTILINE | re.DOTALL)


def patched(text: str, diff: str) -> str:
    """`text` with the lines of a diff replaced; its context says where, it has no line numbers."""
    lines = diff.splitlines(keepends=True)
    before, after = ("".join(line[1:] for line in lines if line[0] in signs) for signs in (" -", " +"))
    assert text.count(before) == 1, f"the context of the patch is not there once:\n{before}"
    return text.replace(before, after)


class PackageCopy:
    """`denoiser/` and `conf/` in a folder of their own; weights are linked, not copied."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(PACKAGE, folder / "denoiser", ignore=shutil.ignore_patterns("__pycache__", "*.safetensors"))
        for weights in PACKAGE.rglob("*.safetensors"):
            (folder / "denoiser" / weights.relative_to(PACKAGE)).symlink_to(weights)
        shutil.copytree(config_dir(), folder / "conf")

    def apply(self, section: str) -> None:
        """Write the new files of a section of CONTRIBUTING.md, and apply its patches."""
        for match in FILE.finditer(section):
            path = self.folder / match["path"]
            if match["kind"] == "diff":
                path.write_text(patched(path.read_text(), match["text"]))
            else:
                assert not path.exists(), f"{path} would be replaced"
                path.write_text(match["text"])

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`denoiser ARGUMENTS` of this copy, in a new folder."""
        return self.run_all(arguments)

    def run_all(self, *commands: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Several of them in one process, up to the first that fails."""
        work = self.folder / "work"
        work.mkdir(exist_ok=True)
        return one_process.denoiser(*commands, cwd=work, env={**os.environ, "PYTHONPATH": str(self.folder)})


def sections() -> dict[str, str]:
    """The text below each `###` heading of CONTRIBUTING.md, by heading."""
    _, *parts = re.split(r"^### (.+)\n", CONTRIBUTING.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {
        heading: re.split(r"^## ", text, flags=re.MULTILINE)[0]
        for heading, text in zip(parts[::2], parts[1::2], strict=True)
    }


def lines_to_write(section: str) -> int:
    """Lines of code that a section asks for; blank ones do not count, of a patch the added ones do."""
    texts = [(match["kind"], match["text"].splitlines()) for match in FILE.finditer(section)]
    return sum(bool(line.strip()) and (kind != "diff" or line.startswith("+")) for kind, text in texts for line in text)
