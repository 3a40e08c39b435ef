"""The classes of the topology: they live in a module, not in the notebook, so that the topology can name them."""

from __future__ import annotations

from collections.abc import Iterator

import actorbus as ab


class Tick(ab.Message, type_id=1001, version=1):
    """One value."""

    symbol: str
    value: float


class Ticks(ab.Source[Tick]):
    """A saw-tooth."""

    def __init__(self, *, count: int) -> None:
        self.count = count

    def produce(self) -> Iterator[Tick]:
        """Yield the values."""
        for number in range(self.count):
            yield Tick("SAW", float(number % 10))


class Sums(ab.Handler):
    """Sums values by symbol."""

    def on_start(self) -> None:
        """Begin with nothing."""
        self.sums: dict[str, float] = {}

    @ab.on(Tick)
    def tick(self, message: Tick) -> None:
        """Add one value."""
        self.sums[message.symbol] = self.sums.get(message.symbol, 0.0) + message.value

    def on_stop(self) -> None:
        """Tell the sums."""
        self.log.info("sums: %s", self.sums)
