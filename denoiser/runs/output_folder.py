"""The output folder of a single job: one that is free, and none where the job was refused."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

RUN_DIR = "hydra.run.dir="
OUTPUTS = "outputs"


class OutputFolder:
    """The folder that Hydra makes before it starts the job.

    Args:
        arguments: those of the command, before Hydra has made a folder.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        given = [word.removeprefix(RUN_DIR).strip("'\"") for word in arguments if word.startswith(RUN_DIR)]
        self.given = bool(given)
        place = Path(given[-1] if given else OUTPUTS).absolute()
        self.top = next(path for path in (place, *place.parents) if path.exists())

    @contextmanager
    def free(self, folder: Path) -> Iterator[Path]:
        """The folder, or one beside it if another job of the same second has taken it.

        Where the job has written nothing, its folder is removed again with those above it that are empty; what was
        there before the command stays.
        """
        folder = folder if self.given else _free(folder)
        try:
            yield folder
        finally:
            for path in (folder / ".hydra", folder, *folder.parents):
                if path == self.top or self.top not in path.parents:
                    break
                with suppress(OSError):  # it is not empty
                    path.rmdir()


def _free(folder: Path) -> Path:
    for count in itertools.count(1):
        candidate = folder if count == 1 else folder.with_name(f"{folder.name}-{count}")
        try:
            (candidate / ".hydra").mkdir(parents=True)
        except FileExistsError:
            continue
        return candidate
    raise AssertionError("the loop has no end")
