from __future__ import annotations

import datetime as dt

import pytest

from actorbus.clock import Clock
from actorbus.errors import InvalidValue
from actorbus.testing.clock import START_MONOTONIC_NS, START_TIME_NS, BusClock


def test_it_stands_still_and_says_how_far_it_is_to_go() -> None:
    asked: list[int] = []
    clock = BusClock(START_TIME_NS, asked.append)
    assert isinstance(clock, Clock)
    clock.advance("1s")
    clock.advance(0.5)
    clock.advance(dt.timedelta(minutes=1))
    assert asked == [1_000_000_000, 500_000_000, 60_000_000_000]
    assert (clock.time_ns(), clock.monotonic_ns()) == (START_TIME_NS, START_MONOTONIC_NS)
    assert dt.datetime.fromtimestamp(clock.time_ns() / 1e9, dt.UTC).isoformat() == "2024-01-01T00:00:00+00:00"


def test_both_readings_go_forward_together_to_the_nanosecond() -> None:
    clock = BusClock(0, lambda _step: None)
    clock.set_forward(START_MONOTONIC_NS + 12_345_678_901)
    assert (clock.time_ns(), clock.monotonic_ns() - START_MONOTONIC_NS) == (12_345_678_901, 12_345_678_901)
    clock.set_forward(START_MONOTONIC_NS)  # never back
    assert clock.time_ns() == 12_345_678_901


def test_the_time_of_day_steps_alone() -> None:
    clock = BusClock(100, lambda _step: None)
    clock.step_time_ns(7)
    assert (clock.time_ns(), clock.monotonic_ns()) == (7, START_MONOTONIC_NS)
    assert repr(clock) == "BusClock(time_ns=7)"
    with pytest.raises(InvalidValue):
        clock.step_time_ns(-1)
    with pytest.raises(InvalidValue):
        clock.advance("-1s")
