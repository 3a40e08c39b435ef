from __future__ import annotations

import logging

import pytest

from actorbus.actors.watch import STEP_NS, TOLD_NS, Watch
from actorbus.clock import ManualClock
from actorbus.errors import DriverLost


class FakeClient:
    def __init__(self) -> None:
        self.is_lost = False

    def take_errors(self) -> list[tuple[int, str]]:
        return [(-1000, "client timeout\nby the driver"), (0, " ")]


def watched(clock: ManualClock) -> tuple[Watch, FakeClient]:
    client = FakeClient()
    return Watch(client, "/dev/shm/d", clock), client


def test_a_lost_driver_is_told_once_with_what_the_client_said() -> None:
    watch, client = watched(ManualClock(time_ns=5))
    watch.look()
    client.is_lost = True
    with pytest.raises(DriverLost, match="client timeout") as lost:
        watch.look()
    assert lost.value.where == "/dev/shm/d"
    assert "clock" not in str(lost.value)
    assert watch.is_lost
    watch.look()


@pytest.mark.parametrize("seconds", [3600, -3600, 2])
def test_a_step_of_the_wall_clock_is_told_when_it_happens_and_where_it_ends_the_client(
    seconds: int, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock(time_ns=10**18)
    watch, client = watched(clock)
    clock.advance("250ms")
    watch.look()
    clock.step_time_ns(clock.time_ns() + seconds * 10**9)
    with caplog.at_level(logging.WARNING, "actorbus.watch"):
        watch.look()
        watch.look()
    assert [record.getMessage().split(" s:")[0] for record in caplog.records] == [
        f"the wall clock stepped by {seconds:+.1f}"
    ]
    assert watch.steps == 1
    client.is_lost = True
    with pytest.raises(DriverLost, match="the wall clock stepped by .* slew the clock"):
        watch.look()


def test_drift_is_no_step_and_an_old_step_explains_nothing(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock(time_ns=10**18)
    watch, client = watched(clock)
    for _ in range(20):
        clock.step_time_ns(clock.time_ns() + STEP_NS // 2)
        watch.look()
    assert not caplog.records
    clock.step_time_ns(clock.time_ns() + 2 * STEP_NS)
    watch.look()
    clock.advance(TOLD_NS / 1e9)
    client.is_lost = True
    with pytest.raises(DriverLost) as lost:
        watch.look()
    assert "clock" not in str(lost.value)
