"""Takes the batches of a struct stream to its handlers: as flyweights, as real messages, or as arrays.

    batch --- on_columns: an array over the batch itself (ColumnHandler)
          --- compiled loop: one flyweight a type, moved from record to record (Handler)
          --- real messages, made when the first asks for them (BatchHandler, mailboxes)

Thread: the poller's. All is as in stream.py, which this extends. The batch is open from before the first handler until
after the last one: then flyweights are stale, and arrays that somebody kept have become their holder's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast, overload

from actorbus.dispatch.handler import ColumnHandler
from actorbus.dispatch.loop import build_loop
from actorbus.dispatch.meta import BatchMeta
from actorbus.dispatch.order import MailRoute
from actorbus.dispatch.routes import Call, Route, takes
from actorbus.dispatch.stream import StreamDispatcher
from actorbus.errors import InternalError
from actorbus.message.layout import fixed_layout_of

if TYPE_CHECKING:
    import numpy as np

    from actorbus.ffi import Fixed
    from actorbus.message import Message

__all__ = ["COLUMN_BATCH", "FixedDispatcher", "as_columns", "batch_for"]

COLUMN_BATCH = (2048, 256 << 10)
"""Messages and bytes of one batch of a stream that has column handlers alone (measured: docs/performance.md)."""


def batch_for(classes: Iterable[type]) -> tuple[int, int] | None:
    """Return how much one batch takes for the handlers of a stream; None: as always."""
    kinds = list(classes)
    return COLUMN_BATCH if kinds and all(issubclass(cls, ColumnHandler) for cls in kinds) else None


class _Unread(Sequence[object]):
    """A batch that nobody has made messages of yet. Iterating gives flyweights, everything else real messages."""

    def __init__(self, fixed: Fixed, left: Iterator[object], count: int) -> None:
        self._fixed = fixed
        self._left = left
        self._count = count
        self._real: list[object] | None = None

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[object]:
        return self._left

    @overload
    def __getitem__(self, index: int) -> object: ...
    @overload
    def __getitem__(self, index: slice) -> list[object]: ...
    def __getitem__(self, index: int | slice) -> object:
        return self.real()[index]

    def real(self) -> list[object]:
        """Return the messages as real ones, made once."""
        if self._real is None:
            self._real = self._fixed.messages()
        return self._real


def _posting_real_ones(call: Call) -> Call:
    """Return a call that hands over the real message: a flyweight means nothing to another thread."""
    post = call.function

    def post_real(message: Message) -> None:
        post(message.copy())

    return call._replace(function=post_real)


class FixedDispatcher(StreamDispatcher):
    """One struct stream of a poller."""

    _fixed: Fixed
    _is_open = False

    def dispatch(self, count: int) -> None:
        """Hand the port's current batch of `count` messages to the handlers."""
        if self._decoding.reader is None:
            raise InternalError(f"stream {self.name!r} has no fixed layouts")
        self._fixed = fixed = self._decoding.reader(self._port)
        left = fixed.open()
        self._is_open = True
        try:
            self._run(cast("list[object]", _Unread(fixed, left, count)), count)
        finally:
            self._is_open = False
            fixed.close()

    def _sample(self, left: Iterator[object]) -> None:
        super()._sample(left)
        self._fixed.settle()

    def rebuild(self) -> None:
        """Go on without the handlers that are out; the loop that held the message taken last is gone."""
        super().rebuild()
        if self._is_open:
            self._fixed.settle()

    def _calls_of(self, message_type: type) -> list[Call]:
        return [_posting_real_ones(call) if call.posted else call for call in super()._calls_of(message_type)]

    def _hand(self, item: Route | MailRoute, messages: Sequence[object], places: Sequence[int] | None) -> None:
        if isinstance(item, Route) and isinstance(item.handler, ColumnHandler):
            self._hand_columns(item, cast("ColumnHandler[object]", item.handler))
        else:
            super()._hand(item, messages.real() if isinstance(messages, _Unread) else messages, places)

    def _hand_columns(self, item: Route, handler: ColumnHandler[object]) -> None:
        """Give a batch to a column handler: one call a type."""
        for number, cls in enumerate(self._types.values()):
            state = self._states[item.name]
            if state.stopped or state.away:
                return
            found = self._fixed.columns(number) if takes(type(handler), cls) else None
            if found is not None:
                self._call_columns(item, handler, cls, *found)

    def _call_columns(
        self, item: Route, handler: ColumnHandler[object], cls: type, buffer: object, places: Sequence[int] | None
    ) -> None:
        columns = as_columns(cls, buffer)
        at: Sequence[int] = range(len(columns)) if places is None else places
        port = self._port
        meta = BatchMeta(
            self.name, lambda index: port.record(at[index]), len(at), lambda index: port.recorded(at[index])
        )
        try:
            handler.on_columns(columns, meta)
        except BaseException as error:  # noqa: BLE001 - the same rule as in the compiled loop
            self._settle_whole(item, at, error)
        finally:
            meta.close()

    def _build(self) -> None:
        """Compile the loop, over flyweights."""
        from actorbus.ffi import make_layout

        super()._build()
        by_flyweight: dict[type, list[Call]] = {
            make_layout(cast("type[Message]", cls)).flyweight: calls for cls, calls in self._calls_by_type.items()
        }
        self._loop, self._calls = build_loop(by_flyweight)


def as_columns(cls: type, buffer: object) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """Return records of a class as an array; read-only when the buffer is.

    Raises:
        ModuleNotFoundError: numpy is not installed.
    """
    import numpy as np  # here: who has no column handler need not have it

    layout = fixed_layout_of(cast("type[Message]", cls))
    return np.frombuffer(cast("Any", buffer), np.dtype(cast("Any", layout.dtype)))
