"""A handler and a message of your own; watch.yaml says who talks to whom."""

from __future__ import annotations

import actorbus as ab


class Halt(ab.Message, type_id=1001, version=1):
    """Trading in a symbol stops."""

    symbol: str
    reason: str = ""


class Watch(ab.Handler):
    """Halts a symbol whose bar is wider than `limit`."""

    halts = ab.Output(Halt)

    def __init__(self, *, limit: str = "5") -> None:
        self.limit = ab.price(limit)

    @ab.on(ab.Bar)
    def bar(self, message: ab.Bar) -> None:
        """Take one bar; runs on the poller's thread."""
        if message.high - message.low > self.limit:
            self.halts.publish(Halt(message.symbol, "wide"))
