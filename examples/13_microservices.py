"""Two services without remote calls: each tells what happened, and neither waits for, or knows, the other.

In life each is a process of its own (`actorbus run shop.yaml`, `actorbus run stock.yaml`) and the driver a third; here
both nodes are in one, and the second joins the driver of the first.

Prints:
    stock: 3 lamps kept for order-1
    stock: only 2 lamps left for order-2
    shop: order-1 is confirmed
    shop: order-2 is refused
"""

from __future__ import annotations

import actorbus as ab


class Placed(ab.Message, type_id=1001):
    """Somebody ordered something. An event is a fact, in the past tense; who cares subscribes."""

    order: str
    item: str
    count: int


class Decided(ab.Message, type_id=1002):
    """The stock has it, or not. `order` says which event it answers: no reply address, no open request."""

    order: str
    kept: bool


class Stock(ab.Handler):
    """The stock service: its state is its own, and changes by messages only."""

    decided = ab.Output(Decided)

    def __init__(self, *, lamps: int) -> None:
        self.left = {"lamps": lamps}

    @ab.on(Placed)
    def placed(self, message: Placed) -> None:
        """Keep what was ordered, if there is enough."""
        left = self.left.get(message.item, 0)
        if kept := message.count <= left:
            self.left[message.item] = left - message.count
            print(f"stock: {message.count} {message.item} kept for {message.order}")
        else:
            print(f"stock: only {left} {message.item} left for {message.order}")
        self.decided.publish(Decided(message.order, kept))


STREAMS = {
    "placed": ab.StreamSpec(stream_id=1001, messages=[Placed]),
    "decided": ab.StreamSpec(stream_id=1002, messages=[Decided]),
}
with ab.Node(ab.Topology(name="shop", streams=STREAMS)) as shop, shop.subscribe("decided", Decided) as decisions:
    stock = ab.Topology(
        name="stock",
        driver=ab.DriverSpec(mode="external", directory=shop.health().driver_directory),
        streams=STREAMS,
        handlers={
            "stock": ab.HandlerSpec(stream="placed", cls=Stock, publishes={"decided": "decided"}, options={"lamps": 5})
        },
    )
    with ab.Node(stock):
        orders = shop.publisher("placed", Placed)
        for number in (1, 2):
            orders.publish(Placed(f"order-{number}", "lamps", 3))  # waits up to 5 s for a first subscriber
        open_orders = {"order-1", "order-2"}
        told: list[str] = []
        for decision in decisions:  # whenever they come, in whatever order
            open_orders.discard(decision.order)
            told.append(f"shop: {decision.order} is {'confirmed' if decision.kept else 'refused'}")
            if not open_orders:
                break
print(*told, sep="\n")
