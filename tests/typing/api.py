"""Right and wrong uses of the public face. Checked, never run: tests/typing/test_api.py holds that a strict type
checker reports exactly the lines that end in `# wrong`, and no other.

Each wrong line stands beside the right one it could be taken for.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import assert_type

import msgspec

import actorbus as ab

# ---- Message: the class statement ----------------------------------------------------------------------------------


class Halt(ab.Message, type_id=1001, version=1):
    symbol: str
    reason: str = ""


class NoVersion(ab.Message, type_id=1002):
    symbol: str
    levels: list[int] = msgspec.field(default_factory=list[int])


class Sided(ab.Message, type_id=ab.ABSTRACT):
    symbol: str


class Fill(Sided, type_id=1003):
    quantity: int = 0


class NoTypeId(ab.Message):  # wrong
    symbol: str


class TextTypeId(ab.Message, type_id="1001"):  # wrong
    symbol: str


class TextVersion(ab.Message, type_id=1004, version="1"):  # wrong
    symbol: str


class Thawed(ab.Message, type_id=1005, frozen=False):  # wrong
    symbol: str


class Tagged(ab.Message, type_id=1006, tag="x"):  # wrong
    symbol: str


class DefaultFirst(ab.Message, type_id=1007):
    reason: str = ""
    symbol: str  # wrong


# ---- Message: its objects --------------------------------------------------------------------------------------------

halt = Halt("EURUSD", "wide")
_ = Halt("EURUSD")
_ = Halt(symbol="EURUSD", reason="wide")
_ = Fill("EURUSD", 5)
assert_type(halt.symbol, str)
assert_type(NoVersion("E").levels, list[int])

_ = Halt()  # wrong
_ = Halt(5)  # wrong
_ = Halt("EURUSD", "wide", "more")  # wrong
_ = Halt("EURUSD", cause="wide")  # wrong
_ = Fill("EURUSD", "5")  # wrong
halt.symbol = "USDJPY"  # wrong
_ = halt.symbl  # wrong

# ---- built-in messages and decimals ----------------------------------------------------------------------------------

quote = ab.Quote("EURUSD", ab.price("1.0850"), ab.price(1.0852), ab.quantity(5), asset_class=ab.AssetClass.FX)
bar = ab.Bar("IBM", 0, ab.price(1), ab.price(2), ab.price(1), ab.price(2), metadata={"row": "1"})
assert_type(quote.bid, int)
assert_type(quote.bid_decimal, Decimal)
assert_type(bar.volume_decimal, Decimal)
assert_type(ab.price(Decimal("1.5")), int)


def takes_any_market_data(message: ab.MarketData) -> None: ...


takes_any_market_data(bar)
takes_any_market_data(halt)  # wrong
_ = ab.Quote("EURUSD", "1.0850", 2)  # wrong
_ = ab.Quote("EURUSD", 1.0850, 2)  # wrong
_ = ab.Quote("EURUSD", 1, 2, asset_class="FX")  # wrong
_ = ab.Bar("IBM", 0, 1, 2, 1, 2, metadata={"row": 1})  # wrong
_ = ab.price(None)  # wrong
_ = ab.Status("IBM", ab.TradingState.HALT)  # wrong

# ---- @on -------------------------------------------------------------------------------------------------------------


class Right(ab.Handler):
    alerts = ab.Output(Halt)
    both = ab.Output(ab.Quote, ab.Bar)
    three = ab.Output(ab.Quote, ab.Bar, Halt)
    four = ab.Output(ab.Quote, ab.Bar, Halt, ab.News, ab.Order)

    def __init__(self, *, limit: int = 50) -> None:
        self.limit = limit

    def on_start(self) -> None:
        timer = self.every("1s", self.flush)
        timer.cancel()
        _ = self.after(0.5, self.flush)
        _ = self.after(timedelta(seconds=1), self.flush)

    def flush(self) -> None: ...

    @ab.on(ab.Bar)
    def bar(self, message: ab.Bar) -> None:
        if message.high - message.low > self.limit:
            sequence = self.alerts.publish(Halt(message.symbol, "wide"))
            assert_type(sequence, int)

    @ab.on(ab.Quote)
    def quote(self, message: ab.Quote, meta: ab.Meta) -> None:
        assert_type(meta.sequence, int)
        assert_type(meta.stream, str)
        assert_type(meta.copy(), ab.MetaCopy)
        _ = self.both.publish(message)
        _ = self.three.publish(message)
        _ = self.four.publish(message)

    @ab.on(ab.TradePrint, ab.News)
    def several(self, message: ab.TradePrint | ab.News) -> None:
        assert_type(message.symbol, str)

    @ab.on(ab.Quote, ab.TradePrint, ab.Bar)
    def three_of_them(self, message: ab.Quote | ab.TradePrint | ab.Bar) -> None: ...

    @ab.on(ab.Quote, ab.TradePrint, ab.Bar, ab.News, ab.Status, ab.BookUpdate)
    def all_of_them(self, message: ab.MarketData) -> None: ...

    @ab.on(bytes)
    def raw(self, message: bytes) -> None: ...

    @ab.on(object)
    def everything(self, message: object, meta: ab.Meta) -> None: ...

    @ab.on(Halt)
    def wider_than_it_must_be(self, message: Halt | ab.Bar) -> None: ...

    def on_event(self, event: ab.StreamEvent, /) -> None:
        if isinstance(event, ab.Gap):
            assert_type(event.missing, int)

    def on_stop(self) -> None: ...


class Wrong(ab.Handler):
    alerts = ab.Output(Halt)
    two = ab.Output(ab.Quote, ab.Bar)
    text = ab.Output("Halt")  # wrong

    @ab.on(ab.Bar)  # wrong
    def other_type(self, message: ab.Quote) -> None: ...

    @ab.on(ab.Bar, ab.Quote)  # wrong
    def one_of_two(self, message: ab.Bar) -> None: ...

    @ab.on(ab.Quote, ab.TradePrint, ab.Bar)  # wrong
    def two_of_three(self, message: ab.Quote | ab.Bar) -> None: ...

    @ab.on(ab.Bar)  # wrong
    def no_message(self) -> None: ...

    @ab.on(ab.Bar)  # wrong
    def meta_of_another_type(self, message: ab.Bar, meta: int) -> None: ...

    @ab.on(ab.Bar)  # wrong
    def too_many(self, message: ab.Bar, meta: ab.Meta, more: int) -> None: ...

    @ab.on(ab.Bar)  # wrong
    async def asynchronous_and_wrong(self, message: ab.Quote) -> None: ...

    @ab.on(ab.Bar)  # wrong
    def answers(self, message: ab.Bar) -> int: ...

    @ab.on("Bar")  # wrong
    def by_name(self, message: ab.Bar) -> None: ...

    @ab.on()  # wrong
    def of_nothing(self, message: ab.Bar) -> None: ...

    def on_start(self) -> None:
        _ = self.alerts.publish(ab.Event("x"))  # wrong
        _ = self.alerts.publish("EURUSD")  # wrong
        _ = self.alerts.publish()  # wrong
        _ = self.two.publish(ab.News("EURUSD", "x"))  # wrong
        _ = self.every("1s", self.needs_more)  # wrong
        _ = self.every(None, self.fine)  # wrong
        _ = self.every("1s")  # wrong
        self.name = "other"  # wrong

    def needs_more(self, more: int) -> None: ...

    def fine(self) -> None: ...

    def on_event(self, event: ab.Gap, /) -> None: ...  # wrong

    def on_stop(self, more: int) -> None: ...  # wrong


class Finals(ab.Handler):
    def every(self) -> None: ...  # wrong

    @property
    def clock(self) -> ab.Clock: ...  # wrong


# ---- Source ----------------------------------------------------------------------------------------------------------


class Ticks(ab.Source[ab.Bar]):
    def produce(self) -> Iterator[ab.Bar]:
        yield bar
        if not self.clock.sleep_until_ns(5):
            return


class Confused(ab.Source[ab.Bar]):
    def produce(self) -> Iterator[ab.Quote]:  # wrong
        yield quote


class Mixed(ab.Source[ab.Bar]):
    def produce(self) -> Iterator[ab.Bar]:
        yield quote  # wrong


# ---- nodes, publishers, subscriptions --------------------------------------------------------------------------------


def use(node: ab.Node) -> None:
    publisher = node.publisher("halts", Halt)
    assert_type(publisher.publish(halt), int)
    assert_type(publisher.offer(halt), ab.OfferResult)
    _ = publisher.publish_many([halt, halt])
    _ = publisher.publish(bar)  # wrong
    _ = publisher.offer("EURUSD")  # wrong
    _ = publisher.publish_many([bar])  # wrong
    _ = node.publisher(Halt)  # wrong
    _ = node.publisher("halts").publish(halt)
    with node.subscribe("bars", ab.Bar) as subscription:
        for message in subscription:
            assert_type(message, ab.Bar)
            _ = message.bid  # wrong


with ab.quick() as node:
    node.stream("halts", Halt)
    node.on("halts", print)
    node.stream("halts", "Halt")  # wrong
    node.on("halts", "print")  # wrong


# ---- errors ----------------------------------------------------------------------------------------------------------


def handle(error: ab.Refused) -> str:
    assert_type(error.code, str)
    assert_type(error.hint, str | None)
    return str(error)


def read(error: ab.ConfigError) -> list[int | None]:
    return [problem.line for problem in error.problems]


_ = handle(ab.BackPressured("full"))
_ = handle(ab.DecodeError("no"))  # wrong
_ = ab.BackPressured("full", reason="x")  # wrong
_ = ab.Problem(code="AB1101")  # wrong
