"""What a training changes in its process, as it was before for those who train from Python."""

from __future__ import annotations

import logging
import os
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from denoiser.machine.quiet import LOGGERS


@contextmanager
def process_unchanged() -> Iterator[None]:
    """Restore afterwards the environment, warning filters, Lightning's log levels and the global random numbers."""
    import numpy as np
    import torch

    environment, levels = dict(os.environ), {name: logging.getLogger(name).level for name in LOGGERS}
    python, numpy, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings():
            yield
    finally:
        _restore_environment(environment)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(cpu)
        if gpus:
            torch.cuda.set_rng_state_all(gpus)


def _restore_environment(before: dict[str, str]) -> None:
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)
