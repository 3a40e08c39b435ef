"""A message, a source and a handler; topology.yaml says who talks to whom."""

from __future__ import annotations

from collections.abc import Iterator

import actorbus as ab


class Tick(ab.Message, type_id=1001, version=1):
    """A message of your own: ids from 1000 on are yours. Append new fields at the end, with defaults."""

    symbol: str
    value: int


class Ticks(ab.Source[Tick]):
    """Produces messages by itself, on a thread of its own."""

    def __init__(self, *, count: int) -> None:
        self.count = count

    def produce(self) -> Iterator[Tick]:
        """Yield the messages; the end is the end of the source."""
        for number in range(1, self.count + 1):
            yield Tick("EURUSD", number)


class Watch(ab.Handler):
    """Is called with each message; `options` of the topology are the arguments of `__init__`."""

    alarms = ab.Output(ab.Event)

    def __init__(self, *, limit: int) -> None:
        self.limit = limit

    @ab.on(Tick)
    def tick(self, message: Tick) -> None:
        """Take one message, on the poller's thread."""
        if message.value > self.limit:
            self.alarms.publish(ab.Event("limit", source="watch", symbol=message.symbol, text=f"{message.value}"))
