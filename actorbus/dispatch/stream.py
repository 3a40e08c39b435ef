"""Takes the batches of one stream from its port and hands them to the handlers, in priority order.

Thread: the poller's, for everything but `counts()`. Guarantees:
* inv_priority_order: all handlers of message 1 from high to low, then message 2.
* inv_body_belongs_to_its_record: as many messages come out of the decoder as the native part wrote records, or the
  batch is decoded one by one and each that fails is quarantined under its own address.
* An exception of a handler never leaves `step`; it is counted and settled by the handler's `on_error`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, cast

from actorbus.clock import Clock
from actorbus.codec import Decoding
from actorbus.dispatch.events import StreamEvent
from actorbus.dispatch.handler import Handler
from actorbus.dispatch.loop import Loop, build_loop
from actorbus.dispatch.meta import Countdown, Meta, Record
from actorbus.dispatch.notices import Notice, event_of
from actorbus.dispatch.routes import Call, Route, calls_for, in_priority_order
from actorbus.errors import InternalError

__all__ = ["HandlerState", "Port", "StreamDispatcher"]

REASON_DECODE = 3
REASON_HANDLER = 4
NOTICES = -1
SAMPLE_EVERY = 64
"""One batch in so many has one message traced: which handlers ran, and how late. 1/64 is under 1 % of the cost."""


class Port(Protocol):
    """What the dispatcher needs of a native `PollPort` (actorbus/ffi)."""

    def poll(self) -> int: ...
    def bodies(self) -> list[bytes]: ...
    def record(self, place: int, /) -> Record: ...
    def reject(self, place: int, reason: int, error: str, /) -> object: ...
    def session_position(self, session: int, /) -> int: ...
    def notices(self) -> list[Notice]: ...
    @property
    def type_counts(self) -> list[tuple[int, int]]: ...


class Latency(Protocol):
    """Where sampled latencies go: a histogram of the statistics file."""

    def record(self, value_ns: int, /) -> None: ...


class HandlerState:
    """What is counted of one handler, on all its streams. Written on the poller's thread only."""

    __slots__ = ("errors", "frozen", "latency", "log", "name", "on_error", "restarts", "seen", "stopped", "undecoded")

    def __init__(self, name: str, on_error: str, latency: Latency, log: logging.Logger) -> None:
        self.name = name
        self.on_error = on_error
        self.latency = latency
        self.log = log
        self.errors = 0
        self.restarts = 0
        self.stopped = False
        self.seen: set[type[BaseException]] = set()


class _Rebuild(Exception):
    """A handler stopped: leave the loop, build it anew without the handler, go on with the rest of the batch."""


class StreamDispatcher:
    """One stream of a poller: `step()` takes one batch, if there is one, through to the handlers."""

    def __init__(
        self,
        name: str,
        port: Port,
        decoding: Decoding,
        types: Mapping[int, type],
        routes: Sequence[Route],
        states: Mapping[str, HandlerState],
        clock: Clock,
        *,
        on_stopped: Callable[[str, Handler, BaseException], None],
        on_event: Callable[[StreamEvent], None],
    ) -> None:
        self.name = name
        self._port = port
        self._poll = port.poll
        self._decoding = decoding
        self._types = dict(types)
        self._routes = in_priority_order(routes)
        self._states = states
        self._clock = clock
        self._on_stopped = on_stopped
        self._on_event = on_event
        self._meta = Meta(name, port.record)
        self._until_sample = 1  # the first batch is sampled
        self._samples: list[tuple[str, int, list[str]]] = []
        self._last_rejected: tuple[int, int] | None = None
        self._batches = 0
        self._undecoded: dict[int, int] = {}
        self._at_stop: dict[str, int] = {}
        self._batch: list[object] = []
        self._batch_at: int | None = None
        self.rebuild()

    # -- the way of a batch ------------------------------------------------------------------------------------------

    def step(self) -> int:
        """Take one batch, or the notices that come before it. Returns how much was done: 0 for nothing."""
        count = self._poll()
        if count > 0:
            self.dispatch(count)
            return count
        if count == 0:
            return 0
        if count == NOTICES:
            return self._tell()
        return 0  # stale: the subscription was closed; the actor hears of it on its control lane

    def dispatch(self, count: int) -> None:
        """Decode the port's current batch of `count` messages and hand it to the handlers."""
        batch = self._decoding.batch
        if batch is None:
            self._one_by_one(count)
            return
        try:
            messages = batch(self._port)
        except Exception:  # noqa: BLE001 - one body is wrong; which one is found by decoding them one by one
            self._one_by_one(count)
            return
        if len(messages) != count:
            raise InternalError(
                f"stream {self.name!r}: {count} records but {len(messages)} messages in one batch "
                "(inv_body_belongs_to_its_record)"
            )
        self._run(messages, count)

    def _run(self, messages: list[object], count: int) -> None:
        self._batch, self._batch_at = messages, None
        left = iter(messages)
        meta = self._meta
        meta.open(cast("Countdown", left), count)  # a list's iterator counts what is left
        try:
            self._until_sample -= 1
            if not self._until_sample:
                self._until_sample = SAMPLE_EVERY
                self._sample(left)
            while True:
                try:
                    self._loop(left, meta, self._fail)
                    return
                except _Rebuild:
                    self.rebuild()
        finally:
            meta.close()
            self._batches += 1

    def _one_by_one(self, count: int) -> None:
        """Decode each body by itself; those that fail go to the quarantine, the others to the handlers."""
        one = self._decoding.one
        port = self._port
        good: list[object] = []
        places: list[int] = []
        for place, body in enumerate(port.bodies()):
            try:
                good.append(one(body))
                places.append(place)
            except Exception as error:  # noqa: BLE001 - whatever a decoder says of a wrong body, it is theirs
                type_id = port.record(place)[7]
                self._undecoded[type_id] = self._undecoded.get(type_id, 0) + 1
                port.reject(place, REASON_DECODE, f"{type(error).__name__}: {error}")
        if len(good) == count:
            self._run(good, count)
            return
        self._batch = good
        for number, message in enumerate(good):
            # Alone in its own small batch, at its own place: `_Place` counts down from there.
            self._batch_at = number
            self._run_at(message, places[number])

    def _run_at(self, message: object, place: int) -> None:
        left = _Place(message, place)
        self._meta.open(left, 0)
        try:
            while True:
                try:
                    self._loop(left, self._meta, self._fail)
                    return
                except _Rebuild:
                    self.rebuild()
        finally:
            self._meta.close()
            self._batches += 1

    # -- errors, events, samples -------------------------------------------------------------------------------------

    def _fail(self, number: int, message: object, error: BaseException) -> None:
        """Settle an error met in the compiled loop, which is left only when the handler is to stop."""
        call = self._calls[number]
        if self._settle(call, error):
            calls = self._calls_by_type[type(message)]
            self._call_each(calls[calls.index(call) + 1 :], message)
            raise _Rebuild

    def _settle(self, call: Call, error: BaseException) -> bool:
        """Count an error and apply the handler's `on_error`; True when the handler has just been stopped by it."""
        state = self._states[call.route.name]
        state.errors += 1
        if type(error) not in state.seen:
            state.seen.add(type(error))
            state.log.error(
                "%s raised %s on stream %r; further ones of this type are only counted",
                state.name,
                type(error).__name__,
                self.name,
                exc_info=error,
            )
        if state.on_error == "quarantine":
            place = self._meta.place()
            if self._last_rejected != (self._batches, place):
                self._last_rejected = (self._batches, place)
                self._port.reject(place, REASON_HANDLER, f"{state.name}: {type(error).__name__}: {error}")
        if state.on_error != "stop":
            return False
        state.stopped = True
        self._at_stop[state.name] = self._messages_of(call.route, self.type_counts()) - self._left_for(call.route)
        self._on_stopped(state.name, call.route.handler, error)
        return True

    def _call_each(self, calls: Sequence[Call], message: object) -> list[str]:
        """Make these calls one after the other, away from the compiled loop; returns who ran."""
        ran: list[str] = []
        for call in calls:
            state = self._states[call.route.name]
            if state.stopped:
                continue
            ran.append(state.name)
            try:
                if call.takes_meta:
                    call.function(message, self._meta)
                else:
                    call.function(message)
            except BaseException as error:  # noqa: BLE001 - the same rule as in the compiled loop
                self._stale_loop |= self._settle(call, error)
        return ran

    def _sample(self, left: Iterator[object]) -> None:
        """Handle the next message by hand and note who ran, in what order, and how late each was."""
        message = next(left)
        record = self._meta.record()
        published = record[5] or record[6]
        clock = self._clock
        ran: list[str] = []
        for call in list(self._calls_by_type.get(type(message), ())):
            self._states[call.route.name].latency.record(max(0, clock.time_ns() - published))
            ran += self._call_each([call], message)
        if len(self._samples) < 64:
            self._samples.append((self.name, record[3], ran))
        if self._stale_loop:
            self.rebuild()

    def _tell(self) -> int:
        """Turn the native notices into events and tell every handler, high priority first."""
        notices = self._port.notices()
        now = self._clock.time_ns()
        for notice in notices:
            event = event_of(notice, self.name, now)
            self._on_event(event)
            for route in list(self._routes):
                state = self._states[route.name]
                if state.stopped:
                    continue
                try:
                    route.handler.on_event(event)
                except BaseException as error:
                    state.errors += 1
                    state.log.exception("%s.on_event raised", state.name, exc_info=error)
        return len(notices) or 1

    def rebuild(self) -> None:
        """Build the loop anew without the handlers that have stopped. The poller's thread."""
        self._stale_loop = False
        counts = self.type_counts()
        for route in self._routes:
            if self._states[route.name].stopped and route.name not in self._at_stop:
                self._at_stop[route.name] = self._messages_of(route, counts)
        self._routes = [route for route in self._routes if not self._states[route.name].stopped]
        self._calls_by_type: dict[type, list[Call]] = {
            message_type: calls_for(self._routes, message_type) for message_type in self._types.values()
        }
        self._loop: Loop
        self._loop, self._calls = build_loop(self._calls_by_type)

    # -- what it counted ---------------------------------------------------------------------------------------------

    def type_counts(self) -> dict[int, int]:
        """Return how many messages of each type id were handed to handlers so far."""
        return {type_id: count - self._undecoded.get(type_id, 0) for type_id, count in self._port.type_counts}

    def _messages_of(self, route: Route, counts: Mapping[int, int]) -> int:
        return sum(
            counts.get(type_id, 0) for type_id, message_type in self._types.items() if calls_for([route], message_type)
        )

    def _left_for(self, route: Route) -> int:
        """Return how many messages behind the current one, in its batch, the handler would have got."""
        at = self._meta.place() if self._batch_at is None else self._batch_at
        return sum(1 for message in self._batch[at + 1 :] if calls_for([route], type(message)))

    def messages(self) -> dict[str, int]:
        """Return how many messages each handler was given on this stream (raising ones included)."""
        counts = self.type_counts()
        return {**{route.name: self._messages_of(route, counts) for route in self._routes}, **self._at_stop}

    def samples(self) -> list[tuple[str, int, list[str]]]:
        """Return the traced messages: stream, sequence, handlers in the order they ran."""
        return list(self._samples)


class _Place:
    """An iterator of one message that counts as standing at a given place of the batch (see `Meta.place`)."""

    __slots__ = ("_message", "_place")

    def __init__(self, message: object, place: int) -> None:
        self._message: object | None = message
        self._place = place

    def __iter__(self) -> _Place:
        return self

    def __next__(self) -> object:
        message = self._message
        if message is None:
            raise StopIteration
        self._message = None
        return message

    def __length_hint__(self) -> int:
        return -self._place - 1  # so that 0 - hint - 1 is the place
