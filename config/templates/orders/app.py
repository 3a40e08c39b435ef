"""Orders through a risk check to a venue, and executions into positions. Replace Strategy and Venue by yours."""

from __future__ import annotations

from collections.abc import Iterator

import actorbus as ab


class Strategy(ab.Source[ab.Order]):
    """Sends orders of growing quantity."""

    def __init__(self, *, orders: int) -> None:
        self.orders = orders

    def produce(self) -> Iterator[ab.Order]:
        """Yield one order after another."""
        for number in range(1, self.orders + 1):
            yield ab.Order(
                "AAPL",
                ab.Action.NEW,
                client_order_id=f"c{number}",
                side=ab.Side.BUY if number % 2 else ab.Side.SELL,
                order_type=ab.OrderType.LIMIT,
                price=ab.price("187.50"),
                quantity=ab.quantity(number * 50),
            )


class Risk(ab.Handler):
    """Lets an order pass, or says why not. Its priority is the highest: it is first with every order."""

    approved = ab.Output(ab.Order)
    alerts = ab.Output(ab.Event)

    def __init__(self, *, max_quantity: str) -> None:
        self.max_quantity = ab.quantity(max_quantity)

    @ab.on(ab.Order)
    def order(self, message: ab.Order) -> None:
        """Check one order."""
        if message.quantity > self.max_quantity:
            text = f"{message.client_order_id}: {message.quantity_decimal:.0f} is above the limit"
            self.alerts.publish(ab.Event("refused", "risk", ab.Severity.WARNING, text, message.symbol))
        else:
            self.approved.publish(message)


class Venue(ab.Handler):
    """Fills every order at once."""

    executions = ab.Output(ab.Trade)

    def on_start(self) -> None:
        """Begin to number."""
        self.number = 0

    @ab.on(ab.Order)
    def order(self, message: ab.Order) -> None:
        """Fill one order."""
        self.number += 1
        self.executions.publish(
            ab.Trade(
                message.symbol,
                trade_id=f"t{self.number}",
                order_id=message.client_order_id,
                side=message.side,
                price=message.price,
                quantity=message.quantity,
                status=ab.OrderStatus.FILLED,
            )
        )


class Positions(ab.Handler):
    """Sums executions; logs the positions at the end."""

    def on_start(self) -> None:
        """Begin flat."""
        self.position: dict[str, int] = {}

    @ab.on(ab.Trade)
    def trade(self, message: ab.Trade) -> None:
        """Add one execution."""
        signed = message.quantity if message.side is ab.Side.BUY else -message.quantity
        self.position[message.symbol] = self.position.get(message.symbol, 0) + signed

    def on_stop(self) -> None:
        """Tell where we stand."""
        for symbol, quantity in self.position.items():
            self.log.info("position in %s: %s", symbol, f"{ab.to_decimal(quantity, 8):.0f}")
