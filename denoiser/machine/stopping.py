"""Ctrl-C and SIGTERM during a training: it ends after the batch, when all can be saved."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_requests: list[int] = []
"""Signals that were received within `stopping_later`."""


def requested() -> bool:
    """Whether the training is to stop."""
    return bool(_requests)


def interrupt() -> KeyboardInterrupt:
    """The exception of the first signal."""
    return KeyboardInterrupt(*([] if _requests[:1] == [signal.SIGINT] else ["terminated"]))


@contextmanager
def stopping_later(possible: Callable[[], bool]) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM makes `requested` true; a second one raises `KeyboardInterrupt` at once.

    Args:
        possible: whether `requested` will be asked; where it is False, the first signal raises too.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if hasattr(signal, "SIGCHLD"):  # the signal may end loader workers too: torch would raise its own error
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _requests.append(number)
        if len(_requests) > 1 or not possible():
            raise interrupt()
        with suppress(OSError, ValueError):  # not by print, which may be at work
            os.write(sys.stderr.fileno(), b"stopping as soon as all can be saved; again to stop at once\n")

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    except (Exception, SystemExit) as error:
        if not _requests:
            raise
        raise interrupt() from error  # a library has turned the signal into this, as Lightning does with SIGTERM
    else:
        if _requests:  # it came after the last batch
            raise interrupt()
    finally:
        _requests.clear()
        for number, handler in before.items():
            signal.signal(number, handler)
