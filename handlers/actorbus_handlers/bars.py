"""`bars`: makes longer bars out of bars, for each symbol by itself.

A bucket of a period is closed by the first bar of a later one, a bucket of n bars by its n-th bar; only then is it
published: what is published is final. Periods start at multiples of themselves since 1970-01-01 UTC, weeks on Mondays.
"""

from __future__ import annotations

from dataclasses import dataclass

import actorbus as ab

__all__ = ["Bars"]

NS = 1_000_000_000
DAY = 86_400 * NS
WEEK = 7 * DAY
UNITS = {"s": NS, "m": 60 * NS, "h": 3600 * NS, "d": DAY, "w": WEEK}
MONDAY = 4 * DAY  # 1970-01-01 was a Thursday


@dataclass(slots=True)
class _Open:
    """A bucket that is not closed yet: when it began, its first bar, and the bar so far."""

    start_ns: int
    first: ab.Bar
    taken: int
    high: int
    low: int
    close: int
    volume: int
    count: int


class Bars(ab.Handler):
    """Aggregates bars per symbol; its output `bars` gets one longer bar when a bucket is closed.

    Options, one of the first two:
        period: `30s`, `5m`, `1h`, `1d`, `1w`: a whole number and a unit of s, m, h, d, w.
        every: this many bars, from the first one of a symbol on.
        max_symbols: more symbols than this are refused with an error: what it holds in memory is bounded.

    Buckets still open at the end are not published, because they are not final; the log says how many there were.
    A bar older than its symbol's open bucket is an error of this handler, so it is counted and quarantined.
    """

    bars = ab.Output(ab.Bar)

    def __init__(self, *, period: str | None = None, every: int | None = None, max_symbols: int = 10_000) -> None:
        if (period is None) == (every is None):
            raise ab.UsageError(
                f"period is {period!r} and every is {every!r}", hint="give one of them: period: 1w, or every: 5"
            )
        if every is not None and every < 1:
            raise ab.UsageError(f"every is {every}", hint="give 1 or more bars")
        if max_symbols < 1:
            raise ab.UsageError(f"max_symbols is {max_symbols}", hint="give 1 or more")
        self.bucket_bars = every or 0
        self.period_ns = period_ns(period) if period is not None else 0
        self.origin_ns = MONDAY if self.period_ns and self.period_ns % WEEK == 0 else 0
        self.max_symbols = max_symbols
        self.open: dict[str, _Open] = {}
        self.published = 0

    @ab.on(ab.Bar)
    def bar(self, message: ab.Bar) -> None:
        """Take one bar into its symbol's bucket; publish the bucket that it closes.

        Raises:
            ValueError: the bar is older than the open bucket, or there are more symbols than `max_symbols`.
        """
        held = self.open.get(message.symbol)
        if held is None and len(self.open) >= self.max_symbols:
            raise ValueError(f"symbol {message.symbol!r} is one more than max_symbols ({self.max_symbols}): raise it")
        if held is not None and message.start_time_ns < held.start_ns:
            raise ValueError(
                f"the bar of {message.symbol} at {message.start_time_ns} ns is older than its open bucket, "
                f"which began at {held.start_ns} ns: bars of a symbol must come in order"
            )
        if held is not None and self.period_ns and message.start_time_ns >= held.start_ns + self.period_ns:
            self._close(held)
            held = None
        if held is None:
            held = self.open[message.symbol] = self._start(message)
        else:
            held.taken += 1
            held.high = max(held.high, message.high)
            held.low = min(held.low, message.low)
            held.close = message.close
            held.volume += message.volume
            held.count += message.count
        if held.taken == self.bucket_bars:
            self._close(held)

    def _start(self, bar: ab.Bar) -> _Open:
        start_ns = bar.start_time_ns
        if self.period_ns:
            start_ns -= (start_ns - self.origin_ns) % self.period_ns
        return _Open(start_ns, bar, 1, bar.high, bar.low, bar.close, bar.volume, bar.count)

    def _close(self, held: _Open) -> None:
        # Forgotten before it is published: a refused publish is counted as this handler's error, and not sent twice.
        first = held.first
        del self.open[first.symbol]
        self.bars.publish(
            ab.Bar(
                symbol=first.symbol,
                exchange=first.exchange,
                asset_class=first.asset_class,
                event_time_ns=held.start_ns,
                start_time_ns=held.start_ns,
                open=first.open,
                high=held.high,
                low=held.low,
                close=held.close,
                volume=held.volume,
                count=held.count,
            )
        )
        self.published += 1

    def on_stop(self) -> None:
        """Say how many were published and how many were left open."""
        self.log.info("published %d bars; %d were still open and are not published", self.published, len(self.open))


def period_ns(text: str) -> int:
    """Return the nanoseconds of a period like `5m` or `1w`."""
    number, unit = text[:-1], text[-1:]
    if unit not in UNITS or not (number.isascii() and number.isdigit()) or int(number) < 1:
        raise ab.UsageError(f"period is {text!r}", hint="give a whole number and a unit of s, m, h, d, w: 5m, 1h, 1w")
    return int(number) * UNITS[unit]
