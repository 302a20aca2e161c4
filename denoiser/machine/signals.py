"""Ctrl-C and SIGTERM: both end a run in words, whatever the libraries underneath make of them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from lightning.pytorch import Trainer

_noticed: list[int] = []


@contextmanager
def noticing() -> Iterator[None]:
    """Remember a Ctrl-C for `interrupted`: some libraries turn the exception that it raises into another one."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler or not _may_handle():
        yield
        return

    def note(number: int, frame: object) -> NoReturn:
        _noticed.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        _noticed.clear()
        signal.signal(signal.SIGINT, signal.default_int_handler)


def interrupted() -> bool:
    """Whether Ctrl-C came since `noticing` began."""
    return bool(_noticed)


@contextmanager
def terminating() -> Iterator[None]:
    """Turn SIGTERM into `KeyboardInterrupt("terminated")` for a while."""
    if not _may_handle():
        yield
        return

    def stop(*_: object) -> NoReturn:
        # Loader workers may end of the same signal, about which torch would raise over this exception.
        if hasattr(signal, "SIGCHLD"):
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        raise KeyboardInterrupt("terminated")

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def uninterrupted(trainer: Trainer, stage: Callable[..., object], *arguments: Any, **options: Any) -> None:
    """Run a stage of Lightning's trainer, such as `trainer.fit`, with these arguments.

    Raises:
        KeyboardInterrupt: of Ctrl-C and SIGTERM, of which Lightning would end the process.
    """
    interrupt = signal.getsignal(signal.SIGINT)
    try:
        with terminating():
            stage(*arguments, **options)
    except SystemExit as error:
        if not trainer.interrupted:
            raise
        raise KeyboardInterrupt(*getattr(error.__context__, "args", ())) from None
    finally:
        signal.signal(signal.SIGINT, interrupt)


def quiet_worker(worker: int) -> None:
    """For a loader's worker: it ends of SIGTERM as if its work were done, or torch would tell of it as a failure.

    SIGTERM to a whole process group is for the first process to tell.
    """
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))


def _may_handle() -> bool:
    return threading.current_thread() is threading.main_thread()
