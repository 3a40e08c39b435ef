"""The first signal asks to stop, the second Ctrl-C ends at once, and what was there before comes back."""

from __future__ import annotations

import signal

import pytest

from actorbus.cli.signals import StopSignals


@pytest.mark.parametrize(("number", "interrupted"), [(signal.SIGTERM, False), (signal.SIGINT, True)])
def test_the_first_signal_sets_the_event(number: signal.Signals, interrupted: bool) -> None:
    with StopSignals() as stop:
        assert not stop.event.is_set()
        signal.raise_signal(number)

        assert stop.event.is_set()
        assert stop.interrupted is interrupted


def test_the_second_ctrl_c_interrupts() -> None:
    with StopSignals() as stop:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert not stop.interrupted


def test_the_handlers_of_before_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)

    with StopSignals():
        assert signal.getsignal(signal.SIGTERM) != before[0]

    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
