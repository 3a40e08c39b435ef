"""A handler under test: its topology on an in-process bus, with a clock that the test moves. No driver, no sleeping.

In a project these are functions of `tests/test_*.py`; pytest finds them, and they need no fixture.

Prints:
    test_a_wide_spread_is_told: passed
    test_silence_is_told_after_a_minute: passed
    test_an_error_of_a_handler_fails_its_test: passed
"""

from __future__ import annotations

import logging

import actorbus as ab

logging.getLogger("actorbus").setLevel(logging.CRITICAL)  # the error of the third test would be told with its traceback


class Watch(ab.Handler):
    """Tells wide spreads, and that a minute went by without a quote."""

    alerts = ab.Output(ab.Event)

    def __init__(self, *, limit: str) -> None:
        self.limit = ab.price(limit)
        self.quotes = 0

    def on_start(self) -> None:
        """Look once a minute."""
        self.every("1m", self.look)

    @ab.on(ab.Quote)
    def quote(self, message: ab.Quote) -> None:
        """Look at one quote."""
        if message.ask < message.bid:
            raise ValueError(f"{message.symbol}: the ask is below the bid")
        self.quotes += 1
        if message.ask - message.bid > self.limit:
            self.alerts.publish(ab.Event("wide", symbol=message.symbol))

    def look(self) -> None:
        """Tell when nothing came since the last look."""
        if self.quotes == 0:
            self.alerts.publish(ab.Event("silence"))
        self.quotes = 0


TOPOLOGY = ab.Topology(
    name="watch",
    streams={
        "quotes": ab.StreamSpec(stream_id=1001, messages=[ab.Quote]),
        "alerts": ab.StreamSpec(stream_id=1002, messages=[ab.Event]),
    },
    handlers={
        "watch": ab.HandlerSpec(stream="quotes", cls=Watch, publishes={"alerts": "alerts"}, options={"limit": "0.01"})
    },
)


def quote(bid: str, ask: str) -> ab.Quote:
    """Return a quote of EURUSD."""
    return ab.Quote("EURUSD", bid=ab.price(bid), ask=ab.price(ask))


def test_a_wide_spread_is_told() -> None:
    """`expect` waits, with a deadline, for the message it is asked for."""
    with ab.testing.bus(TOPOLOGY) as bus:
        bus.publish("quotes", quote("1.08", "1.081"), quote("1.08", "1.10"))
        assert bus.expect("alerts", ab.Event).kind == "wide"
        bus.expect_none("alerts", ab.Event)


def test_silence_is_told_after_a_minute() -> None:
    """A minute of the handler's clock takes a millisecond of the test's."""
    with ab.testing.bus(TOPOLOGY) as bus:
        bus.clock.advance("59s")
        bus.expect_none("alerts", ab.Event)
        bus.clock.advance("1s")
        assert bus.expect("alerts", ab.Event).kind == "silence"


def test_an_error_of_a_handler_fails_its_test() -> None:
    """Unless the test expects it."""
    with ab.testing.bus(TOPOLOGY) as bus:
        bus.publish("quotes", quote("1.10", "1.08"))
        assert "the ask is below" in str(bus.expect_error("watch", ValueError))


if __name__ == "__main__":
    for test in (
        test_a_wide_spread_is_told,
        test_silence_is_told_after_a_minute,
        test_an_error_of_a_handler_fails_its_test,
    ):
        test()
        print(f"{test.__name__}: passed")
