"""Runs the parcels of a handler's mailbox on the handler's own thread: the same loop, `Meta` and error rules as inline.

    parcel --> compiled loop --> methods of the handler        (plain methods)
           --> await each in turn                              (`async def` methods: actors/event_loop.py drives it)
           --> on_batch                                        (batch handlers)

A parcel may be left half done when the handler is to be restarted: `run` answers how far it came, and goes on from
there with the new object. Thread: the handler's.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import cast

from actorbus.clock import Clock
from actorbus.dispatch.events import StreamEvent
from actorbus.dispatch.handler import BatchHandler, Handler
from actorbus.dispatch.loop import build_loop
from actorbus.dispatch.meta import BatchMeta, Countdown, Meta, Record
from actorbus.dispatch.parcel import Parcel
from actorbus.dispatch.routes import Call, Route, calls_for
from actorbus.dispatch.sampling import Sampling
from actorbus.dispatch.state import HandlerState

__all__ = ["MailDispatcher"]

Failed = Callable[[Parcel, int, BaseException], None]
"""Told a parcel, the index of the message in it and what the handler raised, for what `on_error` asks."""


class _Leave(Exception):
    """The handler is out: leave the parcel here."""


class MailDispatcher:
    """One handler with a mailbox. `types` are those of each of its streams."""

    def __init__(
        self, state: HandlerState, types: Mapping[str, Iterable[type]], clock: Clock, *, failed: Failed
    ) -> None:
        self.state = state
        self._done = 0
        self._left: Countdown | None = None
        self._count = 0
        self._types = {stream: tuple(its) for stream, its in types.items()}
        self._clock = clock
        self._failed = failed
        self._sampling = Sampling()
        self._until_sample = 1
        self._metas = {stream: Meta(stream, _nothing) for stream in types}
        self._parcel: Parcel | None = None
        self._start = 0
        self._handler: Handler | None = None

    @property
    def handled(self) -> int:
        """Messages given to the handler so far, raising ones included. Any thread; the one being handled counts."""
        left, count, done = self._left, self._count, self._done
        return done if left is None else done + count - left.__length_hint__()

    def host(self, handler: Handler) -> None:
        """Take the handler's object: at the start, and a new one at each restart."""
        self._handler = handler
        route = Route(self.state.name, handler, 0, 0)
        every = {each for types in self._types.values() for each in types}
        self._calls_by_type: dict[type, list[Call]] = {each: calls_for([route], each) for each in every}
        self._whole = isinstance(handler, BatchHandler)
        if not self._whole:
            self._loop, _ = build_loop(self._calls_by_type)

    # -- plain methods -----------------------------------------------------------------------------------------------

    def run(self, parcel: Parcel, start: int, stop: int) -> int:
        """Handle messages `start` to `stop` - 1 of a parcel (a batch handler: all); returns how far it came."""
        self._sample(parcel, start)
        if self._whole:
            return self._run_whole(parcel, start)
        done = min(stop, len(parcel))
        messages = parcel.messages[start:done]
        self._parcel, self._start = parcel, start
        left = iter(messages)
        meta = self._metas[parcel.origin.stream]
        count = len(messages)
        record = parcel.record
        self._left, self._count = cast("Countdown", left), count
        meta.open(self._left, count, record if not start else lambda place: record(place + start))
        try:
            self._loop(left, meta, self._fail)
        except _Leave:
            done = start + meta.place() + 1
        finally:
            meta.close()
            self._left = None
            self._done += done - start
        return done

    def _fail(self, _number: int, _message: object, error: BaseException) -> None:
        parcel = self._parcel
        if parcel is not None:
            index = self._start + self._metas[parcel.origin.stream].place()
            self.settle(parcel, index, error)
            if self.state.away or self.state.stopped:
                raise _Leave

    def settle(self, parcel: Parcel, index: int, error: BaseException) -> None:
        """Count an error and let the owner apply `on_error`."""
        self.state.raised(error, f"on stream {parcel.origin.stream!r}")
        self._failed(parcel, index, error)

    def _run_whole(self, parcel: Parcel, start: int) -> int:
        count = len(parcel) - start
        handler = cast("BatchHandler[object]", self._handler)
        meta = BatchMeta(parcel.origin.stream, lambda index: parcel.record(start + index), count)
        try:
            handler.on_batch(tuple(parcel.messages[start:]), meta)
        except BaseException as error:  # noqa: BLE001 - settled by the handler's policy
            self.settle_whole(parcel, start, error)
        finally:
            meta.close()
            self._done += count
        return len(parcel)

    def settle_whole(self, parcel: Parcel, start: int, error: BaseException) -> None:
        """Count an error of a batch handler: it is that of all its messages."""
        self.state.raised(error, f"on stream {parcel.origin.stream!r}, with a batch of {len(parcel) - start}")
        for index in range(start, len(parcel)):
            self._failed(parcel, index, error)
            if self.state.on_error != "quarantine":
                break

    def event(self, event: StreamEvent) -> None:
        """Tell the handler an event. What it raises is counted."""
        if self._handler is None:
            return
        try:
            self._handler.on_event(event)
        except BaseException as error:
            self.state.errors += 1
            self.state.log.exception("%s.on_event raised", self.state.name, exc_info=error)

    # -- async methods -----------------------------------------------------------------------------------------------

    async def run_async(self, parcel: Parcel, start: int, go_on: Callable[[], bool]) -> int:
        """The same for a handler with `async def` methods: awaits one message after the other, while `go_on()`."""
        self._sample(parcel, start)
        if self._whole:
            return await self._run_whole_async(parcel, start)
        meta = self._metas[parcel.origin.stream]
        for index in range(start, len(parcel)):
            message = parcel.messages[index]
            meta.open(_At(index), 0, parcel.record)
            try:
                for call in self._calls_by_type.get(type(message), ()):
                    answer = call.function(message, meta) if call.takes_meta else call.function(message)
                    if inspect.isawaitable(answer):
                        await answer
            except BaseException as error:  # noqa: BLE001 - settled by the handler's policy
                self.settle(parcel, index, error)
            finally:
                meta.close()
                self._done += 1
            if self.state.away or self.state.stopped or not go_on():
                return index + 1
        return len(parcel)

    async def _run_whole_async(self, parcel: Parcel, start: int) -> int:
        count = len(parcel) - start
        handler = cast("BatchHandler[object]", self._handler)
        meta = BatchMeta(parcel.origin.stream, lambda index: parcel.record(start + index), count)
        try:
            answer: object = handler.on_batch(tuple(parcel.messages[start:]), meta)
            if inspect.isawaitable(answer):
                await answer
        except BaseException as error:  # noqa: BLE001 - settled by the handler's policy
            self.settle_whole(parcel, start, error)
        finally:
            meta.close()
            self._done += count
        return len(parcel)

    def trace_soon(self) -> None:
        """Measure the next parcel when none was measured since this was called last. Any thread."""
        if self._sampling.overdue():
            self._until_sample = 1

    def _sample(self, parcel: Parcel, start: int) -> None:
        """Measure how late the first message of a parcel is, of some parcels a second."""
        self._until_sample -= 1
        if not self._until_sample:
            self._until_sample = self._sampling.after(self._clock.monotonic_ns())
            record = parcel.record(start)
            self.state.latency.record(max(0, self._clock.time_ns() - (record[5] or record[6])))


class _At:
    """A countdown that stands at one place (see `Meta.place`)."""

    __slots__ = ("_place",)

    def __init__(self, place: int) -> None:
        self._place = place

    def __length_hint__(self) -> int:
        return -self._place - 1  # so that 0 - hint - 1 is the place


def _nothing(_place: int) -> Record:
    raise IndexError("no parcel is being handled")
