"""A pytest plugin for mutation testing, where the tests of each mutant run in a fork of one process."""

import threading

from hypothesis import Phase, settings
from tqdm import tqdm

settings.register_profile("first_failure", phases=(Phase.explicit, Phase.generate), database=None)
settings.load_profile("first_failure")  # the smallest failing example is not looked for, which takes long


def pytest_sessionstart() -> None:
    """Replace tqdm's lock, which all forks share: one that stops while it draws a bar would block all others."""
    tqdm.set_lock(threading.RLock())
