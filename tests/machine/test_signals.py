"""Ctrl-C is an interruption whatever a library makes of it, and SIGTERM one for a while."""

import os
import signal
import subprocess
import threading

import pytest
from helpers.signals import ctrl_c_interrupts

from denoiser.cli import failures
from denoiser.machine.signals import interrupted, remembering_interrupts, sigterm_interrupts


def swallowed():
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        raise ValueError("too many values to unpack") from None


def test_ctrl_c_that_became_another_exception_is_still_an_interruption(capsys):
    assert failures.guarded(swallowed) == 130
    assert capsys.readouterr().err.startswith("error: interrupted")
    assert not interrupted() and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_failure_without_ctrl_c_is_none(capsys):
    def fail():
        raise ValueError("too many values to unpack")

    assert failures.guarded(fail) == 1 and "ValueError: too many values" in capsys.readouterr().err


def test_a_handler_of_the_callers_own_is_left_alone():
    def own(*_):
        """Of the caller."""

    before = signal.signal(signal.SIGINT, own)
    try:
        with remembering_interrupts():
            assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_nothing_is_handled_and_nothing_fails():
    done = []

    def work():
        with remembering_interrupts(), sigterm_interrupts():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]


def test_sigterm_is_an_interruption_while_it_is_looked_for():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt, match="terminated"), sigterm_interrupts():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has a signal that is ignored from a process to its child")
def test_tests_interrupt_their_children_where_a_background_shell_has_ctrl_c_ignored():
    child = ["sh", "-c", "kill -INT $$; exit 7"]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert subprocess.run(child).returncode == 7
        with ctrl_c_interrupts():
            assert subprocess.run(child).returncode == -signal.SIGINT
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
