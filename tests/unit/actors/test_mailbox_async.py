"""Async mailbox handlers: what they leave running is cancelled at the end; a quiet loop wakes for a batch."""

from __future__ import annotations

import asyncio

import actorbus.dispatch as d
from actorbus.actors.shell import launch
from tests.unit.actors.test_mailbox_handler import Bench, TakingLater
from tests.unit.dispatch.test_stream import Tick


class Leaving(TakingLater):
    """Starts a task that never ends by itself."""

    @d.on(Tick)
    async def tick(self, message: Tick) -> None:  # type: ignore[override]
        self.task = asyncio.create_task(self.for_ever())
        self.log_of.append(message.n)

    async def for_ever(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.log_of.append("cancelled")


def test_tasks_that_are_left_are_cancelled_and_the_loop_is_closed() -> None:
    bench = Bench(Leaving)
    launch(bench.actor)
    bench.send(1)
    assert bench.empty()
    bench.send(2)
    assert bench.empty()
    bench.stop()

    assert bench.log == ["init", 1, 2, "on_stop", "cancelled", "cancelled"]
    assert bench.failures == []
