"""Quotes and trades in, spreads and bars out. Replace the two sources by your feed."""

from __future__ import annotations

import random
from collections.abc import Iterator

import actorbus as ab

PIP = ab.price("0.0001")


class Quotes(ab.Source[ab.Quote]):
    """A random walk of quotes; the same one each time."""

    def __init__(self, *, symbols: list[str], count: int) -> None:
        self.symbols = symbols
        self.count = count

    def produce(self) -> Iterator[ab.Quote]:
        """Yield one quote of each symbol in turn."""
        walk = random.Random(1)  # noqa: S311 - a made-up market, no secret
        middle = {symbol: ab.price("1.0850") for symbol in self.symbols}
        for number in range(self.count):
            symbol = self.symbols[number % len(self.symbols)]
            middle[symbol] += walk.choice((-PIP, 0, PIP))
            half = walk.randint(1, 3) * PIP
            yield ab.Quote(symbol, bid=middle[symbol] - half, ask=middle[symbol] + half)


class Trades(ab.Source[ab.TradePrint]):
    """A random walk of trades."""

    def __init__(self, *, symbols: list[str], count: int) -> None:
        self.symbols = symbols
        self.count = count

    def produce(self) -> Iterator[ab.TradePrint]:
        """Yield one trade of each symbol in turn."""
        walk = random.Random(2)  # noqa: S311 - a made-up market, no secret
        last = {symbol: ab.price("1.0850") for symbol in self.symbols}
        for number in range(self.count):
            symbol = self.symbols[number % len(self.symbols)]
            last[symbol] += walk.choice((-PIP, 0, PIP))
            yield ab.TradePrint(symbol, price=last[symbol], size=ab.quantity(100), trade_id=str(number))


class Spread(ab.Handler):
    """Keeps the widest spread of each symbol and logs them at the end."""

    def on_start(self) -> None:
        """Begin with nothing."""
        self.widest: dict[str, int] = {}

    @ab.on(ab.Quote)
    def quote(self, message: ab.Quote) -> None:
        """Prices are integers in units of 1e-9: sums and comparisons are exact."""
        spread = message.ask - message.bid
        self.widest[message.symbol] = max(spread, self.widest.get(message.symbol, 0))

    def on_stop(self) -> None:
        """Tell what was seen."""
        for symbol, spread in self.widest.items():
            self.log.info("widest spread of %s: %s", symbol, ab.to_decimal(spread, 9))


class ToBars(ab.Handler):
    """Makes a bar of every so many trades of a symbol."""

    bars = ab.Output(ab.Bar)

    def __init__(self, *, trades: int) -> None:
        self.trades = trades
        self.waiting: dict[str, list[ab.TradePrint]] = {}

    @ab.on(ab.TradePrint)
    def trade(self, message: ab.TradePrint) -> None:
        """Collect, and publish a bar when there are enough."""
        collected = self.waiting.setdefault(message.symbol, [])
        collected.append(message)
        if len(collected) == self.trades:
            prices = [trade.price for trade in collected]
            self.bars.publish(
                ab.Bar(
                    message.symbol,
                    start_time_ns=collected[0].event_time_ns,
                    open=prices[0],
                    high=max(prices),
                    low=min(prices),
                    close=prices[-1],
                    volume=sum(trade.size for trade in collected),
                    count=len(collected),
                )
            )
            collected.clear()
