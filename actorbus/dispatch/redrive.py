"""Hands one message again to one handler that raised on it: the same methods and `Meta`, no error policy.

Thread: the handler's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import TYPE_CHECKING, NamedTuple, cast

from actorbus.dispatch.fixed import as_columns
from actorbus.dispatch.handler import BatchHandler, ColumnHandler, Handler
from actorbus.dispatch.meta import BatchMeta, Meta, Record
from actorbus.dispatch.port import OnePlace
from actorbus.dispatch.routes import Route, calls_for, takes
from actorbus.errors import UsageError
from actorbus.message.layout import fixed_layout_of

if TYPE_CHECKING:
    from actorbus.message import Message

__all__ = ["OneMessage", "handing"]

TYPE_BYTES = 2
"""A packed struct message has its type in front until it is offered (native/ab_offer.h)."""


class OneMessage(NamedTuple):
    """A decoded message, where it came from, and its sequence and position in the recording."""

    stream: str
    message: object
    record: Record
    recorded: tuple[int, int]


@contextlib.contextmanager
def handing(handler: Handler, one: OneMessage) -> Generator[list[object]]:
    """Call what the handler has for a message; yields what it returned, to be awaited where it can be, while `Meta` is
    valid.

    Raises:
        UsageError: the handler does not take such a message (any more). Or whatever it raised.
    """
    kind = type(one.message)
    if not takes(type(handler), kind):
        raise UsageError(f"{type(handler).__qualname__} takes no {kind.__name__}")
    if isinstance(handler, (BatchHandler, ColumnHandler)):
        whole = BatchMeta(one.stream, lambda _index: one.record, 1, lambda _index: one.recorded)
        try:
            if isinstance(handler, ColumnHandler):
                columns = as_columns(kind, _packed(cast("Message", one.message)))
                yield [cast("object", handler.on_columns(columns, whole))]
            else:
                batch = cast("BatchHandler[object]", handler)
                yield [cast("object", batch.on_batch((one.message,), whole))]
        finally:
            whole.close()
        return
    meta = Meta(one.stream, lambda _place: one.record, lambda _place: one.recorded)
    meta.open(OnePlace(one.message, 0), 0)
    try:
        yield [
            cast("object", call.function(one.message, meta) if call.takes_meta else call.function(one.message))
            for call in calls_for([Route("", handler, 0, 0)], kind)
        ]
    finally:
        meta.close()


def _packed(message: Message) -> bytes:
    """Return a message as one record of an array of its class."""
    from actorbus.ffi import make_layout

    body = make_layout(type(message)).pack(message)[TYPE_BYTES:]
    return body.ljust(fixed_layout_of(type(message)).stride, b"\0")
