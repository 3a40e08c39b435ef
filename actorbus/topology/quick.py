"""`ab.quick()`: a node without YAML, for notebooks and first steps. Streams and handlers are added while it runs."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TypeVar

from actorbus.actors import AddPoller, AddStream, HandlerPart, PollerPart, ask
from actorbus.dispatch import Handler, on
from actorbus.errors import UsageError
from actorbus.topology.assembly import idle_of, stream_part
from actorbus.topology.node import OPEN_TIMEOUT_S, Node
from actorbus.topology.plan import plan_stream
from actorbus.topology.subscribing import check_stream

__all__ = ["QuickNode", "quick"]

M = TypeVar("M")
FIRST_STREAM_ID = 1001
"""As in the examples: clear of the small ids that other Aeron applications like."""
_numbers = itertools.count(1)


class _Function(Handler):
    """Calls a plain function with every message of the stream."""

    def __init__(self, *, function: Callable[[object], object]) -> None:
        self._function = function

    @on(object)
    def message(self, message: object) -> None:
        self._function(message)


class QuickNode(Node):
    """A node of its own embedded driver whose streams are declared by calls, on any thread but a handler's."""

    def stream(
        self, name: str, first: type, /, *more: type, channel: str = "aeron:ipc", stream_id: int | None = None
    ) -> None:
        """Declare a stream that carries these message types (`bytes` alone: a raw stream).

        Args:
            name: what it is called from here on.
            first: its message type.
            more: further message types.
            channel: an Aeron channel.
            stream_id: an int32; the next free one from 1001 when None.

        Raises:
            UsageError: the name is taken. ConfigError: the channel or the types are wrong. ClosedError: not open.
        """
        if name in self._parts.streams:
            raise UsageError(f"stream {name!r} is declared already")
        number = stream_id if stream_id is not None else FIRST_STREAM_ID + len(self._parts.streams)
        part = stream_part(plan_stream(name, (first, *more), channel, number, self.plan))
        ask(self._open_supervisor(), AddStream(part), OPEN_TIMEOUT_S)
        self._parts = self._parts._replace(streams={**self._parts.streams, name: part})

    def on(self, stream: str, function: Callable[[M], object], /) -> None:
        """Call a function with every message of a stream, from now on, on a thread of its own.

        Raises:
            UsageError: there is no such stream. ClosedError: the node is not open.
        """
        check_stream(self._parts.streams, stream)
        number = next(_numbers)
        name = f"{getattr(function, '__name__', 'function')}-{number}"
        idle = idle_of(self.plan.idle)
        handler = HandlerPart(name, _Function, {"function": function}, (stream,), 0, number, "quarantine", {})
        poller = PollerPart(name, (stream,), None, idle)
        ask(self._open_supervisor(), AddPoller(poller, (handler,)), OPEN_TIMEOUT_S)


def quick(name: str = "quick") -> QuickNode:
    """Return a node called `name` with an embedded driver and the `laptop` profile; use it in `with`, declare streams.

    Thread: any; nothing is started before `with`.
    """
    return QuickNode.from_dict({"version": 1, "name": name, "streams": {}})
