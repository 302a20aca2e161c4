"""Ctrl-C and SIGTERM during a training: it ends after the batch, when all can be saved."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from denoiser.errors import DenoiserError

_requests: list[int] = []
"""Signals that were received within `stopping_later`."""
_handlers: dict[signal.Signals, Any] = {}
"""What handles each signal within `stopping_later`."""


def requested() -> bool:
    """Whether the training is to stop."""
    return bool(_requests)


def interrupt() -> KeyboardInterrupt:
    """The exception of the first signal."""
    return KeyboardInterrupt(*([] if _requests[:1] == [signal.SIGINT] else ["terminated"]))


def take_over() -> None:
    """Handle the signals again: Lightning's Trainer adds a handler of its own, and restores ours at its end."""
    for number, handler in _handlers.items():
        signal.signal(number, handler)


@contextmanager
def stopping_later(possible: Callable[[], bool]) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM makes `requested` true; a second one raises `KeyboardInterrupt` at once.

    A signal that is ignored stays ignored, as Ctrl-C is for a command in the background of a script.

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

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    _handlers.update({number: handle for number, old in before.items() if old not in (signal.SIG_IGN, None)})
    children = signal.getsignal(signal.SIGCHLD) if hasattr(signal, "SIGCHLD") else None
    take_over()
    try:
        yield
    except (Exception, SystemExit) as error:
        if not _requests or isinstance(error, DenoiserError):
            raise
        raise interrupt() from error  # a library has turned the signal into this, as Lightning does with Ctrl-C
    else:
        if _requests:  # it came after the last batch
            raise interrupt()
    finally:
        for number in _handlers:
            signal.signal(number, before[number])
        if _requests and children is not None:
            signal.signal(signal.SIGCHLD, children)
        _requests.clear()
        _handlers.clear()
