"""A native port that is fed by hand, and messages of fixed layout: for the tests of how batches become messages."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import actorbus as ab
from actorbus.codec import FormatId, Frame, pack
from actorbus.ffi import PollPort, make_layout, make_poll_port
from actorbus.ffi.layouts import native_layout
from actorbus.ffi.native import ffi, lib
from actorbus.message import Message, fixed_layout_of, type_id_of, version_of

__all__ = ["Fed", "Halt", "Side", "Tick", "fed_port"]


class Side(enum.IntEnum):
    NONE = 0
    BUY = 5
    SELL = -3


class Tick(ab.Message, type_id=1001):
    symbol: Annotated[str, ab.Chars(8)]
    bid: float
    size: ab.Int32
    side: Side = Side.NONE
    live: bool = True

    @property
    def value(self) -> float:
        return self.bid * self.size


class Halt(ab.Message, type_id=1002):
    number: int
    key: Annotated[bytes, ab.Octets(4)] = b"\0\1\2\0"


class Fed:
    """A subscription without a driver. `feed` gives it a frame, as if Aeron had."""

    def __init__(self, handle: int, form: FormatId = FormatId.STRUCT) -> None:
        self._handle = handle
        self._form = form
        self.port: PollPort = make_poll_port(handle)
        self._position = 0
        self._sequence = 0
        self.counters = ffi.new("int64_t[]", lib.AB_STREAM_COUNTERS)

    def bodies(self, bodies: Sequence[bytes], type_id: int, version: int = 1) -> bool:
        frame = Frame(
            format=self._form,
            type_id=type_id,
            schema_version=version,
            publisher=9,
            sequence=self._sequence,
            bodies=tuple(bodies),
        )
        data = pack(frame)
        position = self._position + (len(data) + 32 + 31) // 32 * 32
        taken = lib.ab_batch_feed(self._handle, 7, position, data, len(data), 0xC0)
        if taken == 1:
            self._sequence += len(bodies)
            self._position = position
        return taken == 1

    def messages(self, *messages: Message) -> bool:
        """Feed each message in a frame of its own."""
        for message in messages:
            cls = type(message)
            if not self.bodies([make_layout(cls).pack(message)[2:]], type_id_of(cls), version_of(cls)):
                return False
        return True

    def poll(self) -> int:
        """Take what was fed, past the notices."""
        while (count := self.port.poll()) == lib.AB_POLL_NOTICES:
            _ = self.port.notices()
        return count


@contextmanager
def fed_port(
    *types: type[Message], batch: tuple[int, int] | None = None, form: FormatId = FormatId.STRUCT
) -> Iterator[Fed]:
    handle = lib.ab_batch_open()
    fed = Fed(handle, form)
    table = ffi.new("ab_type[]", [(type_id_of(cls), version_of(cls), 1) for cls in types])
    assert lib.ab_subscription_configure(handle, 1, form, table, len(types), fed.counters) == lib.AB_OK
    for cls in types if form is FormatId.STRUCT else ():
        assert lib.ab_subscription_layout(handle, native_layout(fixed_layout_of(cls))) == lib.AB_OK
    if batch is not None:
        assert lib.ab_subscription_batch(handle, *batch) == lib.AB_OK
    try:
        yield fed
    finally:
        assert lib.ab_batch_close(handle) == lib.AB_OK
