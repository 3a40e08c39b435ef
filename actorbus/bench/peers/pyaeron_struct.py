"""pyaeron + struct: what one writes by hand for fixed layouts: type and two fields by one `unpack_from`.

The fields stand where ours stand in a struct stream's record; the type, which ours has in the frame, is in front.
"""

from __future__ import annotations

import struct
from typing import Any

from actorbus.bench.case import Case
from actorbus.bench.fixed import fixed_bodies
from actorbus.bench.peers.handles import Handle
from actorbus.bench.peers.native_floor import NativeSource
from actorbus.bench.peers.pyaeron_raw import PolledSink
from actorbus.bench.work import FILL_ID, QUOTE_ID

__all__ = ["ABOUT", "PACKAGE", "Fields", "ran", "sink", "source", "two_fields"]

ABOUT = "pyaeron with struct.unpack_from, written by hand for the two fields that are read: no frame, no other field."
PACKAGE = "pyaeron"
HEAD = struct.Struct("<q")
TWO = struct.Struct("<q24xqq")
"""The type; past the running number and 16 characters; two integers."""


class Fields:
    """The same two methods as our handler of flyweights has, given the fields."""

    def __init__(self) -> None:
        self.count = 0
        self.wrong = 0
        self.last = 0

    def quote(self, bid: int, ask: int) -> None:
        """Take a quote."""
        self.last = bid + ask
        self.count += 1

    def fill(self, price: int, size: int) -> None:
        """Take a fill."""
        self.last = price + size
        self.count += 1


def two_fields() -> tuple[Handle, Fields]:
    """Return a callback that reads type and two fields, and who counts."""
    unpack, fields = TWO.unpack_from, Fields()
    quote, fill = fields.quote, fields.fill

    def handle(buffer: Any, header: object = None) -> None:
        kind, first, second = unpack(buffer)
        if kind == QUOTE_ID:
            quote(first, second)
        elif kind == FILL_ID:
            fill(first, second)

    return handle, fields


def source(case: Case) -> NativeSource:
    """Open the writing side: the same native flood as ours."""
    return NativeSource(case, [HEAD.pack(kind) + body for kind, body in fixed_bodies()])


def sink(case: Case) -> PolledSink:
    """Open the reading side."""
    return PolledSink(case, two_fields())


def ran(case: Case, way: str) -> tuple[object, ...]:
    """Return what does a way of this case."""
    return (NativeSource, PolledSink, two_fields, Fields)
