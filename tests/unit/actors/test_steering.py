from __future__ import annotations

from types import SimpleNamespace

import pytest

from actorbus.actors.shell import Shell, launch
from actorbus.actors.steering import Steering
from actorbus.actors.supervisor import MoveClock, Settle
from actorbus.errors import ClosedError


class FakeClockwork:
    """Knows when something is due."""

    def next_due_ns(self) -> int | None:
        return 12

    def sources_wait(self, now_ns: int) -> bool:
        return now_ns < 12


class FakeSupervisor(Shell):
    """Notes what it is asked."""

    def __init__(self) -> None:
        super().__init__("fake")
        self.session = SimpleNamespace(clockwork=FakeClockwork())
        self.asked: list[object] = []

    def on_receive(self, message: object) -> object:
        self.asked.append(message)
        return isinstance(message, Settle)


def test_it_asks_the_supervisor_and_reads_the_session() -> None:
    supervisor = FakeSupervisor()
    launch(supervisor)
    steering = Steering(supervisor)  # pyright: ignore[reportArgumentType]
    assert steering.settle(timeout_ns=1_000_000_000)
    steering.clock_moved()
    assert [type(message) for message in supervisor.asked] == [Settle, MoveClock]
    assert steering.next_due_ns() == 12
    assert steering.sources_wait(11)
    assert not steering.sources_wait(12)
    supervisor.request_stop()
    assert supervisor.thread is not None
    supervisor.thread.join(5)
    with pytest.raises(ClosedError):
        steering.clock_moved()
