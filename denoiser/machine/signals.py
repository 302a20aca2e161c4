"""Ctrl-C and SIGTERM: both end a command as `KeyboardInterrupt`, whatever Lightning and torch do with them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from denoiser.machine.terminal import OutputClosed

if TYPE_CHECKING:
    from lightning.pytorch import Trainer

_interrupts: list[int] = []


@contextmanager
def remembering_interrupts() -> Iterator[None]:
    """Remember a Ctrl-C for `interrupted`: some libraries turn its `KeyboardInterrupt` into another exception."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler or not _in_main_thread():
        yield
        return

    def remember(number: int, frame: object) -> NoReturn:
        _interrupts.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        _interrupts.clear()
        signal.signal(signal.SIGINT, signal.default_int_handler)


def interrupted() -> bool:
    """Whether Ctrl-C was pressed within `remembering_interrupts`."""
    return bool(_interrupts)


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Within this context SIGTERM raises `KeyboardInterrupt("terminated")`."""
    if not _in_main_thread():
        yield
        return

    def interrupt(*_: object) -> NoReturn:
        # The same signal may end loader workers, and torch would then raise its own error over this exception.
        if hasattr(signal, "SIGCHLD"):
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        raise KeyboardInterrupt("terminated")

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def run_stage(trainer: Trainer, stage: Callable[..., object], *arguments: Any, **options: Any) -> None:
    """Call a stage of Lightning's trainer, such as `trainer.fit`, so that an interruption can be handled.

    Args:
        trainer: the trainer.
        stage: its method.
        *arguments: of the method.
        **options: of the method.

    Raises:
        KeyboardInterrupt: upon Ctrl-C and SIGTERM, where Lightning by itself would exit the process.
    """
    before = signal.getsignal(signal.SIGINT)
    try:
        with sigterm_interrupts():
            stage(*arguments, **options)
    except SystemExit as error:
        if isinstance(error, OutputClosed) or not trainer.interrupted:
            raise
        raise KeyboardInterrupt(*getattr(error.__context__, "args", ())) from None
    finally:
        signal.signal(signal.SIGINT, before)


def exit_on_sigterm(worker: int) -> None:
    """The `worker_init_fn` of loaders: SIGTERM ends a worker without an error.

    SIGTERM often goes to the whole process group. The main process handles it; torch would report failed workers.
    """
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))


def _in_main_thread() -> bool:
    """Python allows signal handlers in the main thread only."""
    return threading.current_thread() is threading.main_thread()
