"""An order book kept by level from single changes; the best bid and ask are printed when they change.

Prints:
    100.00 x 5 | - x 0
    100.00 x 5 | 100.10 x 7
    100.05 x 2 | 100.10 x 7
    100.00 x 5 | 100.10 x 7
"""

from __future__ import annotations

import actorbus as ab


class Book(ab.Handler):
    """Price to size for each side."""

    def __init__(self) -> None:
        self.levels: dict[ab.Side, dict[int, int]] = {ab.Side.BUY: {}, ab.Side.SELL: {}}
        self.shown = ""

    @ab.on(ab.BookUpdate)
    def update(self, message: ab.BookUpdate) -> None:
        """Apply one change."""
        side = self.levels[message.side]
        match message.action:
            case ab.BookAction.CLEAR:
                side.clear()
            case ab.BookAction.DELETE:
                side.pop(message.price, None)
            case _:
                side[message.price] = message.size
        self.show()

    def show(self) -> None:
        """Print the best of both sides, when they are new."""
        bids, asks = self.levels[ab.Side.BUY], self.levels[ab.Side.SELL]
        best = f"{_level(bids, max(bids, default=None))} | {_level(asks, min(asks, default=None))}"
        if best != self.shown:
            self.shown = best
            print(best)


def _level(side: dict[int, int], price: int | None) -> str:
    return "- x 0" if price is None else f"{ab.to_decimal(price, 9):.2f} x {ab.to_decimal(side[price], 8):.0f}"


topology = ab.Topology(
    name="order-book",
    streams={"book": ab.StreamSpec(stream_id=1001, messages=[ab.BookUpdate])},
    handlers={"book": ab.HandlerSpec(stream="book", cls=Book)},
)
ADD, DELETE = ab.BookAction.ADD, ab.BookAction.DELETE
with ab.Node(topology) as node:
    book = node.publisher("book", ab.BookUpdate)
    for action, side, price, size in (
        (ADD, ab.Side.BUY, "100.00", 5),
        (ADD, ab.Side.SELL, "100.10", 7),
        (ADD, ab.Side.SELL, "100.20", 9),
        (ADD, ab.Side.BUY, "100.05", 2),
        (DELETE, ab.Side.BUY, "100.05", 0),
    ):
        book.publish(ab.BookUpdate("XYZ", action, side, price=ab.price(price), size=ab.quantity(size)))
    node.wait(until_idle_ns=50_000_000)
