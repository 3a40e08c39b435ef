"""Clocks: the system's and the one that tests move."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from actorbus.clock import Clock, ManualClock, SystemClock
from actorbus.errors import InvalidValue


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock()], ids=repr)
def test_both_are_clocks(clock: object) -> None:
    assert isinstance(clock, Clock)


def test_the_system_clock_reads_the_clocks_that_native_code_reads() -> None:
    clock = SystemClock()
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC), time.clock_gettime_ns(time.CLOCK_REALTIME)
    read = clock.monotonic_ns(), clock.time_ns()
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC), time.clock_gettime_ns(time.CLOCK_REALTIME)
    assert before[0] <= read[0] <= after[0]
    assert before[1] <= read[1] <= after[1]


def test_a_manual_clock_stands_still() -> None:
    clock = ManualClock(time_ns=5, monotonic_ns=7)
    assert [clock.time_ns(), clock.time_ns(), clock.monotonic_ns(), clock.monotonic_ns()] == [5, 5, 7, 7]


@pytest.mark.parametrize("by", ["1.5s", "1500ms", 1.5, dt.timedelta(seconds=1.5)])
def test_a_manual_clock_advances_both_readings(by: str | float | dt.timedelta) -> None:
    clock = ManualClock(time_ns=100)
    clock.advance(by)
    assert clock.monotonic_ns() == 1_500_000_000
    assert clock.time_ns() == 1_500_000_100


def test_a_manual_clock_does_not_go_back() -> None:
    with pytest.raises(InvalidValue):
        ManualClock().advance(-1)


def test_the_time_of_day_may_step_back_and_deadlines_do_not_notice() -> None:
    clock = ManualClock(time_ns=1_000, monotonic_ns=50)
    clock.step_time_ns(10)
    assert (clock.time_ns(), clock.monotonic_ns()) == (10, 50)


def test_a_time_before_the_epoch_is_refused() -> None:
    with pytest.raises(InvalidValue, match="-1 is before the epoch"):
        ManualClock().step_time_ns(-1)
