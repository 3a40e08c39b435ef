"""News and quotes on two streams of one handler: urgent news stops what it thinks of a symbol's quotes.

Prints:
    EURUSD 1.0851
    halted by: Central bank surprises
    EURUSD is halted: quote ignored
"""

from __future__ import annotations

import actorbus as ab


class Desk(ab.Handler):
    """Takes two kinds of message; both methods run on one thread, so they share state without a lock."""

    def on_start(self) -> None:
        """Begin with nothing halted."""
        self.halted: set[str] = set()

    @ab.on(ab.News)
    def news(self, message: ab.News) -> None:
        """Halt the symbol of a flash."""
        if message.urgency is ab.Urgency.FLASH:
            self.halted.add(message.symbol)
            print(f"halted by: {message.headline}")

    @ab.on(ab.Quote)
    def quote(self, message: ab.Quote) -> None:
        """Show the middle, unless the symbol is halted."""
        if message.symbol in self.halted:
            print(f"{message.symbol} is halted: quote ignored")
        else:
            print(f"{message.symbol} {ab.to_decimal((message.bid + message.ask) // 2, 9):.4f}")


topology = ab.Topology(
    name="news",
    streams={
        "news": ab.StreamSpec(stream_id=1001, messages=[ab.News]),
        "quotes": ab.StreamSpec(stream_id=1002, messages=[ab.Quote]),
    },
    handlers={"desk": ab.HandlerSpec(streams=["news", "quotes"], cls=Desk)},
)
QUOTE = ab.Quote("EURUSD", bid=ab.price("1.0850"), ask=ab.price("1.0852"))
with ab.Node(topology) as node:
    quotes, news = node.publisher("quotes", ab.Quote), node.publisher("news", ab.News)
    quotes.publish(QUOTE)
    node.wait(until_idle_ns=50_000_000)  # order holds within a stream, not between two: wait for what must be first
    news.publish(ab.News("EURUSD", "Central bank surprises", urgency=ab.Urgency.FLASH))
    node.wait(until_idle_ns=50_000_000)
    quotes.publish(QUOTE)
    node.wait(until_idle_ns=50_000_000)
