"""What commands print: text that no terminal obeys, and a quiet end where nobody reads any further."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import Any, TextIO, cast
from unicodedata import category

CLOSED = 141
"""Exit code where the reader of the output has ended, as `head` does: that of programs which SIGPIPE ends."""
_REORDERING = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""Characters that turn the direction of writing, and could make a name look like another."""


class OutputClosed(SystemExit):
    """Nobody reads the output any more; no `SystemExit` of others, and no error that libraries catch and report."""


def printable(text: str, encoding: str | None = None) -> str:
    r"""Text with a question mark for each character that an encoding lacks, by default that of standard output.

    Control characters other than tabs and line ends are replaced too, because a terminal would obey those in a file's
    name, and those that turn the direction of writing.

    >>> printable("a\x1b[2Jb.png")
    'a?[2Jb.png'
    """
    name = encoding or getattr(sys.stdout, "encoding", None) or "utf-8"
    plain = "".join("?" if _is_obeyed(sign) else sign for sign in text)
    return plain.encode(name, "replace").decode(name)


def _is_obeyed(sign: str) -> bool:
    return sign in _REORDERING or (category(sign) == "Cc" and sign not in "\n\t")


def say(*parts: object, sep: str = " ", end: str = "\n", error: bool = False) -> None:
    """Print at once and `printable`: the only way in which commands print.

    Args:
        *parts: what is printed, as by `print`.
        sep: printed between the parts.
        end: printed after them, unchanged.
        error: print to stderr.
    """
    stream = sys.stderr if error else sys.stdout
    print(printable(sep.join(map(str, parts)), getattr(stream, "encoding", None)), end=end, file=stream, flush=True)


@contextmanager
def quiet_end() -> Iterator[None]:
    """Within this context a closed standard output or error raises `OutputClosed`, and warnings are `printable`.

    The closed stream then leads nowhere, so that Python does not complain about it when it ends.
    """
    before = warnings.formatwarning

    def plain(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
    ) -> str:
        ours = issubclass(category, UserWarning) and f"{os.sep}denoiser{os.sep}" in filename
        return printable(f"warning: {message}\n" if ours else before(message, category, filename, lineno, line))

    warnings.formatwarning = plain
    try:
        with redirect_stdout(_guarded(sys.stdout)), redirect_stderr(_guarded(sys.stderr)):
            try:
                yield
            finally:
                sys.stdout.flush()
    finally:
        warnings.formatwarning = before


def _guarded(stream: TextIO) -> TextIO:
    return cast(TextIO, _Output(stream))


class _Output:
    """A stream that raises `OutputClosed` once its reader has gone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with _closing(self._stream):
            return self._stream.write(text)

    def flush(self) -> None:
        with _closing(self._stream):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _closing(stream: TextIO) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
        raise OutputClosed(CLOSED) from None
