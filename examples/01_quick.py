"""A message of your own from a publisher to a function, through the real media driver, without any YAML.

Prints:
    EURUSD was halted: wide
    USDJPY was halted: news
"""

from __future__ import annotations

import actorbus as ab


class Halt(ab.Message, type_id=1001, version=1):
    """Trading in a symbol stops. Ids below 1000 are actorbus's own."""

    symbol: str
    reason: str = ""


def show(message: Halt) -> None:
    """Be called with each message, on the poller's thread."""
    print(f"{message.symbol} was halted: {message.reason}")


with ab.quick() as node:
    node.stream("halts", Halt)
    node.on("halts", show)
    publisher = node.publisher("halts")
    publisher.publish(Halt("EURUSD", "wide"))
    publisher.publish(Halt("USDJPY", reason="news"))
