"""The work of the struct and column lanes: fixed layouts with five fields, read where they lie or as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import actorbus as ab
from actorbus.bench.handlers import remember
from actorbus.bench.work import FILL_ID, FRAMES, QUOTE_ID, SYMBOL, framed
from actorbus.codec.frame import FormatId
from actorbus.ffi import make_layout

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ColumnSink", "FixedFill", "FixedQuote", "FixedSink", "columns_of", "fixed_bodies", "fixed_frames"]


class FixedQuote(ab.Message, type_id=QUOTE_ID, version=1):
    """The five fields of the typed lanes, at fixed places: 48 bytes."""

    seq: int
    symbol: Annotated[str, ab.Chars(16)]
    bid: int
    ask: int
    ts: int


class FixedFill(ab.Message, type_id=FILL_ID, version=1):
    """Likewise."""

    seq: int
    symbol: Annotated[str, ab.Chars(16)]
    price: int
    size: int
    ts: int


class FixedSink(ab.Handler):
    """Reads two of five fields, adds them up and counts."""

    def __init__(self) -> None:
        self.count = 0
        self.last = 0
        remember(self)

    @ab.on(FixedQuote)
    def quote(self, m: FixedQuote) -> None:
        """Take a quote."""
        self.last = m.bid + m.ask
        self.count += 1

    @ab.on(FixedFill)
    def fill(self, m: FixedFill) -> None:
        """Take a fill."""
        self.last = m.price + m.size
        self.count += 1


class ColumnSink(ab.ColumnHandler[FixedQuote]):
    """Adds up two columns and counts."""

    def __init__(self) -> None:
        self.count = 0
        self.last = 0
        remember(self)

    def on_columns(self, columns: Any, meta: ab.BatchMeta) -> None:  # noqa: ARG002 - the signature is the base's
        """Take a batch."""
        self.last = int(columns["bid"].sum()) + int(columns["ask"].sum())
        self.count += len(columns)


def fixed_bodies() -> Iterator[tuple[int, bytes]]:
    """Yield type id and record of the messages of a struct lane, three quotes to one fill, each different."""
    quote, fill = make_layout(FixedQuote).pack, make_layout(FixedFill).pack
    for n in range(FRAMES):
        if n % 4 == 3:
            yield FILL_ID, fill(FixedFill(n, SYMBOL, n + 1, n + 2, n))[2:]
        else:
            yield QUOTE_ID, quote(FixedQuote(n, SYMBOL, n + 1, n + 2, n))[2:]


def fixed_frames() -> Sequence[bytes]:
    """Return the messages of a struct lane with our header."""
    form = FormatId.STRUCT
    return [framed(body, type_id=kind, sequence=0, format_id=form) for kind, body in fixed_bodies()]


def columns_of(count: int) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """Return an array of `count` quotes that differ."""
    import numpy as np

    columns = np.zeros(count, ab.dtype_of(FixedQuote))
    columns["symbol"] = SYMBOL.encode()
    for name in ("seq", "bid", "ask", "ts"):
        columns[name] = np.arange(count)
    return columns
