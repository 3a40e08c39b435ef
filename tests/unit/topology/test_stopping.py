from __future__ import annotations

import signal
import threading
import time

from actorbus.topology.stopping import Signals, StopFlag

DEADLINE_S = 5.0


def test_a_wait_ends_when_it_is_set_and_at_its_timeout() -> None:
    flag = StopFlag()
    assert not flag.wait(0.001)
    threading.Timer(0.02, flag.set).start()
    assert flag.wait(DEADLINE_S)
    assert flag.is_set()
    assert flag.wait()


def test_a_signal_handler_may_set_it_at_any_moment_of_a_wait() -> None:
    """With threading.Event a handler that interrupts `wait` inside its lock hangs the process."""
    before = signal.getsignal(signal.SIGALRM)
    try:
        for number in range(200):
            flag = StopFlag()
            signal.signal(signal.SIGALRM, lambda *_, flag=flag: flag.set())
            signal.setitimer(signal.ITIMER_REAL, 0.0001 + number * 0.00002)
            began = time.monotonic()
            while not flag.wait(0.0005):
                assert time.monotonic() - began < DEADLINE_S
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_signals_set_the_flag_while_they_are_taken_and_are_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    flag, signals = StopFlag(), Signals()
    signals.take(flag)
    try:
        signal.raise_signal(signal.SIGTERM)
        assert flag.is_set()
    finally:
        signals.give_back()
    assert signal.getsignal(signal.SIGTERM) is before


def test_off_the_main_thread_signals_stay_as_they_are() -> None:
    before, signals = signal.getsignal(signal.SIGTERM), Signals()
    thread = threading.Thread(target=signals.take, args=(StopFlag(),))
    thread.start()
    thread.join(10)
    assert signal.getsignal(signal.SIGTERM) is before
