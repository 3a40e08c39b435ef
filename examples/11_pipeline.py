"""A pipeline of three steps, each a handler that publishes to the next stream: parse, enrich, write.

Prints:
    AAPL 3 alpha
    MSFT 5 beta
    2 lines written, 1 kept in the quarantine: broken
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import actorbus as ab

logging.getLogger("actorbus").setLevel(logging.CRITICAL)  # the first broken line would be told with its traceback


class Row(ab.Message, type_id=1001):
    """A parsed line; `label` comes with the second step."""

    symbol: str
    value: int
    label: str = ""


class Lines(ab.Source[bytes]):
    """Raw bytes, as a file or a socket brings them."""

    def produce(self) -> Iterator[bytes]:
        """Yield the lines."""
        yield from (b"AAPL,3", b"broken", b"MSFT,5")


class Parse(ab.Handler):
    """Bytes to rows. What raises is kept in the quarantine, and the stream goes on."""

    rows = ab.Output(Row)

    @ab.on(bytes)
    def line(self, message: bytes) -> None:
        """Parse one line."""
        symbol, value = message.decode().split(",")
        self.rows.publish(Row(symbol, int(value)))


class Enrich(ab.Handler):
    """Adds what the next step needs."""

    rows = ab.Output(Row)

    def __init__(self, *, labels: dict[str, str]) -> None:
        self.labels = labels

    @ab.on(Row)
    def row(self, message: Row) -> None:
        """Messages are immutable: publish a new one."""
        self.rows.publish(Row(message.symbol, message.value, self.labels[message.symbol]))


class Write(ab.Handler):
    """The end of the pipeline."""

    @ab.on(Row)
    def row(self, message: Row) -> None:
        """Print one row."""
        print(message.symbol, message.value, message.label)


topology = ab.Topology(
    name="pipeline",
    streams={
        "lines": ab.StreamSpec(stream_id=1, codec=ab.CodecSpec(format="raw")),
        "rows": ab.StreamSpec(stream_id=2, messages=[Row]),
        "enriched": ab.StreamSpec(stream_id=3, messages=[Row]),
    },
    sources={"lines": ab.SourceSpec(stream="lines", cls=Lines)},
    handlers={
        "parse": ab.HandlerSpec(stream="lines", cls=Parse, publishes={"rows": "rows"}, on_error="quarantine"),
        "enrich": ab.HandlerSpec(
            stream="rows",
            cls=Enrich,
            publishes={"rows": "enriched"},
            options={"labels": {"AAPL": "alpha", "MSFT": "beta"}},
        ),
        "write": ab.HandlerSpec(stream="enriched", cls=Write),
    },
)
with ab.Node(topology) as node:
    node.wait(until_idle_ns=50_000_000)
    kept = node.quarantine("lines")
written = node.stats().streams["enriched"].received
print(f"{written} lines written, {len(kept)} kept in the quarantine: {kept[0].body.decode()}")
