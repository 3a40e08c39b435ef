"""Classes that the broken topologies beside this file name. Right in themselves, where they do not say otherwise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Literal

import msgspec

import actorbus as ab


class Halt(ab.Message, type_id=1001, version=1):
    """A message."""

    symbol: str
    reason: str = ""


class Pause(ab.Message, type_id=1001, version=1):
    """Another message under the same id."""

    symbol: str
    seconds: int = 0


class Tick(ab.Message, type_id=1002, version=1):
    """A message of fixed layout."""

    bid: float


class Columns(ab.ColumnHandler[Tick]):
    """Takes them as arrays."""


class NotAMessage:
    """A plain class."""


class Range(ab.Handler):
    """Takes bars, publishes halts."""

    alerts = ab.Output(Halt)

    def __init__(self, *, limit: int = 50, names: list[str] | None = None, mode: str = "soft") -> None:
        self.limit = limit
        self.names = names
        self.mode = mode

    @ab.on(ab.Bar)
    def bar(self, message: ab.Bar) -> None:
        """Publish a halt."""
        self.alerts.publish(Halt(message.symbol))


class Again(ab.Handler):
    """Takes halts and publishes halts."""

    out = ab.Output(Halt)

    @ab.on(Halt)
    def halt(self, message: Halt) -> None:
        """Publish it again."""
        self.out.publish(message)


class Deaf(ab.Handler):
    """Takes nothing."""


class Torn(ab.Handler):
    """Marks two methods for one type."""

    @ab.on(ab.Bar)
    def first(self, message: ab.Bar) -> None:
        """Take it."""

    @ab.on(ab.Bar)
    def second(self, message: ab.Bar) -> None:
        """Take it as well."""


class Bars(ab.Source[ab.Bar]):
    """Produces no bars at all."""

    def __init__(self, *, path: str, speed: float = 1.0) -> None:
        self.path = path
        self.speed = speed

    def produce(self) -> Iterator[ab.Bar]:
        """End at once."""
        yield from ()


class Later(ab.Handler):
    """Asynchronous: needs a thread of its own."""

    @ab.on(ab.Bar)
    async def bar(self, message: ab.Bar) -> None: ...


class Plain(ab.Handler):
    """Takes bars."""

    @ab.on(ab.Bar)
    def bar(self, message: ab.Bar) -> None:
        """Take it."""


class Pace(msgspec.Struct):
    """A structured option."""

    seconds: float = 1.0


class Typed(ab.Handler):
    """Takes options of many types."""

    def __init__(
        self,
        *,
        side: Literal["buy", "sell"],
        pause: Pace | None = None,
        weights: dict[str, float] | None = None,
        pair: tuple[int, int] = (0, 0),
        when: dt.date | None = None,
    ) -> None:
        self.given = (side, pause, weights, pair, when)

    @ab.on(ab.Bar)
    def bar(self, message: ab.Bar) -> None:
        """Take it."""
