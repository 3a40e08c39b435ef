"""Takes the batches of one stream from its port and hands them to the handlers, in priority order.

Thread: the poller's. Guarantees:
* inv_priority_order: all handlers of message 1 from high to low, then message 2.
* inv_body_belongs_to_its_record: as many messages come out of the decoder as the native part wrote records, or the
  batch is decoded one by one and each that fails is quarantined under its own address.
* An exception of a handler never leaves `step`; it is counted and settled by the handler's `on_error`.
* Handlers of `dispatch: mailbox` are handed the batch at their turn (order.py); one copy of it serves all of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from actorbus.clock import Clock
from actorbus.codec import Decoding
from actorbus.dispatch.arrangement import Arrangement
from actorbus.dispatch.events import StreamEvent
from actorbus.dispatch.handler import BatchHandler, Handler
from actorbus.dispatch.loop import DIRECT_TYPES, Step, Tools, build_step
from actorbus.dispatch.meta import BatchMeta, Record, Standing
from actorbus.dispatch.notices import event_of
from actorbus.dispatch.order import MailRoute, takers
from actorbus.dispatch.parcel import Origin
from actorbus.dispatch.port import NOTICES, REASON_DECODE, OnePlace, Port
from actorbus.dispatch.routes import Call, Route, calls_for, takes, takes_all
from actorbus.dispatch.sampling import Sampling
from actorbus.dispatch.state import HandlerState, Keep, describe, nowhere
from actorbus.errors import InternalError

__all__ = ["StreamDispatcher"]

log = logging.getLogger("actorbus.streams")


_NOBODYS = (None,)


def _one() -> int:
    return 1


class _Rebuild(Exception):
    """A handler stopped: leave the loop, build it anew without the handler, go on with the rest of the batch."""


class StreamDispatcher(Arrangement):
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
        on_restart: Callable[[str, Handler, BaseException, str, Record], None] | None = None,
        mails: Sequence[MailRoute] = (),
        numbers: Iterator[int] | None = None,
        keep: Keep = nowhere,
    ) -> None:
        """Make it, of `routes` (handlers of this thread) and `mails` (those with mailboxes) of one stream.

        `types` are those handlers take, by id; `states` the counters of this thread's handlers; `numbers` counts the
        batches that are handed over, for all streams of a poller. `on_stopped` is told when an `on_error` stopped a
        handler; `on_restart` its name, object, cause, stream and message when it is to be restarted; `keep` where
        a message is that cannot be decoded.
        """
        self._poll = port.poll
        self._decoding = decoding
        self._decode = decoding.batch
        self._failed = self._fail  # made once: a bound method a batch is a tenth of what one message costs
        super().__init__(name, port, types, routes, states, mails, numbers)
        self._clock = clock
        self._on_stopped = on_stopped
        self._on_event = on_event
        self._on_restart = on_restart
        self._keep = keep
        self._sampling = Sampling()
        self._samples: list[tuple[str, int, list[str]]] = []
        self._last_rejected: tuple[int, int] | None = None
        self._aside = Standing()  # of rehearsals
        self._aside.until_trace = -1  # never

    # -- the way of a batch ------------------------------------------------------------------------------------------

    def _build(self) -> None:
        """Compile the loop, and the step when the loop is all that happens to a batch."""
        super()._build()
        self.step: Step = self._step
        """Take one batch, or the notices that come before it. Returns how much was done: 0 for nothing."""
        self._rehearsed: Step | None = None
        if self._simple and self._decode is not None and self._decoding.reader is None:
            self.step = build_step(
                self._calls_by_type,
                Tools(
                    self._poll, self._decode, self._standing, self._port, self._meta, self._failed, self._idle,
                    self._one_by_one, self._mismatched, self._trace, _Rebuild, self._go_on,
                ),
            )  # fmt: skip
            self._rehearsed = self.step if len(self._types) <= DIRECT_TYPES else None

    def _step(self) -> int:
        """Take one batch through all that its handlers are arranged to."""
        count = self._poll()
        if count <= 0:
            return self._idle(count)
        self.dispatch(count)
        return count

    def _idle(self, count: int) -> int:
        # Nothing; or stale: the subscription was closed, the actor hears of it on its control lane.
        return self._tell() if count == NOTICES else 0

    def dispatch(self, count: int) -> None:
        """Decode the port's current batch of `count` messages and hand it to the handlers."""
        decode = self._decode
        if decode is None:
            self._one_by_one(count)
            return
        try:
            messages = decode(self._port)
        except Exception:  # noqa: BLE001 - one body is wrong; which one is found by decoding them one by one
            self._one_by_one(count)
            return
        if len(messages) != count:
            self._mismatched(len(messages), count)
        self._run(messages, count)

    def _mismatched(self, messages: int, count: int) -> None:
        raise InternalError(
            f"stream {self.name!r}: {count} records but {messages} messages in one batch "
            "(inv_body_belongs_to_its_record)"
        )

    def rehearse(self) -> None:
        """Go the way of a message without one, for a poller that spins: its core then keeps that way in its caches."""
        if self._rehearsed is not None:
            _ = self._rehearsed(_one, self._again, self._aside)

    def _again(self, _port: object) -> tuple[None]:
        again = self._decoding.again
        if again is not None:
            _ = again()
        return _NOBODYS

    def _run(self, messages: Sequence[object], count: int) -> None:
        """Run a batch through all that the handlers are arranged to: mailboxes and batch handlers around the loop."""
        if self._rearrange:
            self._arrange()
        self._mails.begin()
        self._hand_all(self._stages.first, messages, None)
        self._through(messages, count)
        self._hand_all(self._stages.last, messages, None)

    def _through(self, messages: Sequence[object], count: int) -> None:
        """Run a batch through the loop."""
        left: Any = iter(messages)  # a list's iterator counts what is left
        standing = self._standing
        standing.left, standing.count, standing.messages = left, count, messages
        standing.until_trace -= 1
        try:
            if not standing.until_trace:
                self._trace(left)
            self._loop(left, self._meta, self._failed)
        except _Rebuild:
            self._go_on(left)
        finally:
            standing.left, standing.messages = None, ()
            standing.batches += 1

    def _trace(self, left: Iterator[object]) -> None:
        """Handle the next message by hand. Raises _Rebuild when a handler left meanwhile."""
        self._sample(left)
        if self._stale_loop:
            raise _Rebuild

    def _go_on(self, left: Iterator[object]) -> None:
        """Handle the rest of a batch without the handlers that left."""
        self.rebuild()
        while True:
            try:
                self._loop(left, self._meta, self._failed)
                return
            except _Rebuild:
                self.rebuild()

    def _hand_all(
        self, items: Sequence[Route | MailRoute], messages: Sequence[object], places: Sequence[int] | None
    ) -> None:
        for item in items:
            self._hand(item, messages, places)

    def _hand(self, item: Route | MailRoute, messages: Sequence[object], places: Sequence[int] | None) -> None:
        """Give a whole batch to a mailbox or a batch handler. `places` are its messages' in the port's batch."""
        if isinstance(item, MailRoute):
            self._mails.hand(item, messages, places)
            return
        state = self._states[item.name]
        if state.stopped or state.away or not isinstance(item.handler, BatchHandler):
            return
        handler = cast("BatchHandler[object]", item.handler)
        at: Sequence[int] = range(len(messages)) if places is None else places
        given = messages
        if not takes_all(type(handler), self._types.values()):
            chosen = [number for number, message in enumerate(messages) if takes(type(handler), type(message))]
            at = [at[number] for number in chosen]
            given = [messages[number] for number in chosen]
        if not at:
            return
        port = self._port
        meta = BatchMeta(
            self.name, lambda index: port.record(at[index]), len(at), lambda index: port.recorded(at[index])
        )
        try:
            handler.on_batch(tuple(given), meta)
        except BaseException as error:  # noqa: BLE001 - the same rule as in the compiled loop
            self._settle_whole(item, at, error)
        finally:
            meta.close()

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
                self._not_decoded(place, error)
        if len(good) == count:
            self._run(good, count)
            return
        if self._rearrange:
            self._arrange()
        self._standing.messages = good
        self._mails.begin()
        self._hand_all(self._stages.first, good, places)
        for number, message in enumerate(good):
            # Alone in its own small batch, at its own place: `OnePlace` counts down from there.
            self._standing.at = number
            self._run_at(message, places[number])
        self._standing.at, self._standing.messages = None, ()
        self._hand_all(self._stages.last, good, places)

    def _not_decoded(self, place: int, error: Exception) -> None:
        """Quarantine a message that cannot be decoded; the first of its type is told in the log."""
        record = self._port.record(place)
        if self._tally.not_decoded(record[7]) == 1:
            log.warning(
                "stream %s: a message of type %d (%s) from session %d cannot be decoded: %s; it is in the quarantine, "
                "further ones are only counted (`malformed`)",
                *(self.name, record[7], self._types[record[7]].__name__, record[0], describe(error)),
            )
        self._port.reject(place, REASON_DECODE, describe(error))
        self._keep("", self.name, record, self._port.recorded(place), describe(error))

    def _run_at(self, message: object, place: int) -> None:
        left = OnePlace(message, place)
        self._standing.left, self._standing.count = left, 0
        try:
            self._loop(left, self._meta, self._failed)
        except _Rebuild:
            self._go_on(left)
        finally:
            self._standing.left = None
            self._standing.batches += 1

    def _fail(self, number: int, message: object, error: BaseException) -> None:
        """Settle an error met in the compiled loop, which is left only when the handler is to stop."""
        call = self._calls[number]
        calls = self._calls_by_type[message.__class__]  # of this loop: settling may build another
        if self._settle(call, error):
            self._call_each(calls[calls.index(call) + 1 :], message)
            raise _Rebuild

    def _settle(self, call: Call, error: BaseException) -> bool:
        """Count an error and apply the handler's `on_error`; True when the handler gets nothing more for now."""
        state = self._states[call.route.name]
        state.raised(error, f"on stream {self.name!r}")
        if state.on_error == "quarantine":
            place = self._meta.place()
            state.kept(self.name, self._port.record(place), self._port.recorded(place), error)
            if self._last_rejected != (self._standing.batches, place):
                self._last_rejected = (self._standing.batches, place)
                self._mails.reject(place, f"{state.name}: {describe(error)}")
        if state.on_error not in ("stop", "restart"):
            return False
        left_at = self._tally.came_for(call.route) - self._left_for(call.route)
        self._leave(call.route, left_at, error, self._meta.record())
        return True

    def _settle_whole(self, route: Route, places: Sequence[int], error: BaseException) -> None:
        """Count an error of a batch handler: it is that of all its messages."""
        state = self._states[route.name]
        state.raised(error, f"on stream {self.name!r}, with a batch of {len(places)}")
        if state.on_error == "quarantine":
            for place in places:
                state.kept(self.name, self._port.record(place), self._port.recorded(place), error)
                self._mails.reject(place, f"{state.name}: {describe(error)}")
        elif state.on_error in ("stop", "restart"):
            self._leave(route, self._tally.came_for(route), error, self._port.record(places[0]))
            self.rebuild()

    def reject_parcel(self, origin: Origin, place: int, why: str) -> None:
        """Put a message of a batch that was handed over into the quarantine, once. The poller's thread."""
        self._mails.reject_of(origin, place, why)

    def _leave(self, route: Route, left_at: int, error: BaseException, record: Record) -> None:
        """Take a handler out, for good or until its restart, and tell the poller."""
        state = self._states[route.name]
        self._tally.leave(route.name, left_at)
        if state.on_error == "restart" and self._on_restart is not None:
            state.away = True
            self._on_restart(route.name, route.handler, error, self.name, record)
            return
        state.stopped = state.failed = True
        self._on_stopped(route.name, route.handler, error)

    def _call_each(self, calls: Sequence[Call], message: object) -> list[str]:
        """Make these calls one after the other, away from the compiled loop; returns who ran."""
        ran: list[str] = []
        for call in calls:
            if call.posted:
                call.function(message)
                ran.append(call.route.name)
                continue
            state = self._states[call.route.name]
            if state.stopped or state.away:
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
        message, stages = next(left), self._stages
        record = self._meta.record()
        published = record[5] or record[6]
        clock = self._clock
        self._standing.until_trace = self._sampling.after(clock.monotonic_ns())
        kind = message.__class__  # type() of a flyweight is a class of its own
        ran = takers(stages.first, kind)
        for call in list(self._calls_by_type.get(kind, ())):
            if not call.posted:
                self._states[call.route.name].latency.record(max(0, clock.time_ns() - published))
            ran += self._call_each([call], message)
        ran += takers(stages.last, kind)
        if len(self._samples) < 64:
            self._samples.append((self.name, record[3], ran))

    def _tell(self) -> int:
        """Turn the native notices into events and tell every handler, high priority first."""
        notices = self._port.notices()
        now = self._clock.time_ns()
        for notice in notices:
            event = event_of(notice, self.name, now)
            self._on_event(event)
            self._mails.tell(event)
            for route in list(self._routes):
                state = self._states[route.name]
                if state.stopped or state.away:
                    continue
                try:
                    route.handler.on_event(event)
                except BaseException as error:
                    state.errors += 1
                    state.log.exception("%s.on_event raised", state.name, exc_info=error)
        return len(notices) or 1

    def _left_for(self, route: Route) -> int:
        """Return how many messages behind the current one, in its batch, the handler would have got."""
        standing = self._standing
        at = self._meta.place() if standing.at is None else standing.at
        return sum(1 for message in standing.messages[at + 1 :] if calls_for([route], type(message)))

    def trace_soon(self) -> None:
        """Trace the next batch's first message when none was traced since this was called last. The poller's thread."""
        if self._sampling.overdue():
            self._standing.until_trace = 1

    def samples(self) -> list[tuple[str, int, list[str]]]:
        """Return the traced messages: stream, sequence, handlers in the order they ran."""
        return list(self._samples)
