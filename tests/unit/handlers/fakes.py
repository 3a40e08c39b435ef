"""What the runtime attaches to a handler or a source before its `__init__` runs, made small."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import actorbus as ab

NO_OUTPUTS: Mapping[str, str] = MappingProxyType({})


class Port:
    """An output's other end: keeps what is published."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def publish(self, message: object) -> int:
        self.messages.append(message)
        return len(self.messages) - 1


class Context:
    """The context of a handler; it has no timers."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.log = logging.getLogger(f"tests.{name}")
        self.clock = StepClock()

    def start_timer(self, after_ns: int, every_ns: int | None, callback: Callable[[], None]) -> object:
        raise AssertionError("no handler of the shelf starts a timer")


class StepClock:
    """A clock that jumps to each deadline it is asked to wait for, and stops at a limit as a stopped source would."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.now_ns = 1_000
        self.deadlines: list[int] = []
        self.stop_after = stop_after

    def monotonic_ns(self) -> int:
        return self.now_ns

    def time_ns(self) -> int:
        return self.now_ns

    def sleep_until_ns(self, deadline_ns: int) -> bool:
        if self.stop_after is not None and len(self.deadlines) >= self.stop_after:
            return False
        self.deadlines.append(deadline_ns)
        self.now_ns = max(self.now_ns, deadline_ns)
        return True


def handler[H: ab.Handler](cls: type[H], *outputs: str, **options: object) -> tuple[H, dict[str, Port]]:
    """Return a started handler, as the poller makes one, and the ports of its outputs."""
    made = cls.__new__(cls)
    ports = {name: Port() for name in outputs}
    made.__dict__["_context"] = Context(cls.__name__.lower())
    made.__dict__.update(ports)
    made.__init__(**options)
    made.on_start()
    return made, ports


def running(cls: type[ab.Handler], outputs: Mapping[str, str] = NO_OUTPUTS, **options: object) -> ab.testing.Bus:
    """Return a bus whose handler `it` takes the stream `bars` and publishes to a stream for each of its outputs.

    `outputs` is output name to message class, as a topology names it.
    """
    streams: dict[str, object] = {"bars": {"stream_id": 1, "messages": ["Bar"]}}
    for number, (name, message) in enumerate(outputs.items()):
        streams[f"out-{name}"] = {"stream_id": 2 + number, "messages": [message]}
    it = {
        "stream": "bars",
        "class": f"actorbus_handlers:{cls.__name__}",
        "options": options,
        "publishes": {name: f"out-{name}" for name in outputs},
    }
    return ab.testing.bus({"version": 1, "name": "shelf", "streams": streams, "handlers": {"it": it}})


def source[S: ab.Source[Any]](cls: type[S], clock: StepClock | None = None, **options: object) -> S:
    """Return a started source."""
    made = cls.__new__(cls)
    made.name = cls.__name__.lower()
    made.clock = clock or StepClock()
    made.log = logging.getLogger(f"tests.{made.name}")
    made.__init__(**options)
    made.on_start()
    return made


def bar(
    start_ns: int = 0,
    *,
    symbol: str = "AAPL",
    prices: tuple[str, str, str, str] = ("10", "12", "9", "11"),
    volume: str = "100",
    count: int = 1,
    row: int | None = None,
) -> ab.Bar:
    """Return a bar that is right unless told otherwise."""
    opened, high, low, close = (ab.price(text) for text in prices)
    return ab.Bar(
        symbol=symbol,
        exchange="XNAS",
        asset_class=ab.AssetClass.EQUITY,
        event_time_ns=start_ns,
        start_time_ns=start_ns,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=ab.quantity(volume),
        count=count,
        metadata=None if row is None else {"row": str(row)},
    )
