"""Ctrl-C in tests."""

import signal
from contextlib import contextmanager


@contextmanager
def ctrl_c_interrupts():
    """Ctrl-C interrupts this process and those that it starts, even where a background shell has it ignored."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, signal.SIG_IGN)
