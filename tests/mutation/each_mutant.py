"""A pytest plugin for mutation testing, where the tests of each mutant run in a fork of one process."""

import functools
import gc
import threading

from hypothesis import Phase, settings
from tqdm import tqdm

settings.register_profile("first_failure", phases=(Phase.explicit, Phase.generate), database=None)
settings.load_profile("first_failure")  # the smallest failing example is not looked for, which takes long


def pytest_sessionstart() -> None:
    """Forget what the process has left: values cached before the mutation, and tqdm's lock, which all forks share."""
    for cached in (item for item in gc.get_objects() if type(item) is functools._lru_cache_wrapper):
        if cached.__module__.startswith("denoiser"):
            cached.cache_clear()
    tqdm.set_lock(threading.RLock())  # a fork that stops while it draws a bar would block all others
