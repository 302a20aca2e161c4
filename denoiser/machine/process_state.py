"""What a training changes in its process, as it was before for those who train from Python."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from denoiser.machine.quiet import LOGGERS


@contextmanager
def process_unchanged() -> Iterator[None]:
    """Restore afterwards the environment, warning filters, Lightning's log levels and the global random numbers."""
    from denoiser.machine.random_state import random_state, restore_random_state

    environment, levels = dict(os.environ), {name: logging.getLogger(name).level for name in LOGGERS}
    numbers = random_state()
    try:
        with warnings.catch_warnings():
            yield
    finally:
        _restore_environment(environment)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        restore_random_state(numbers)


def _restore_environment(before: dict[str, str]) -> None:
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)
