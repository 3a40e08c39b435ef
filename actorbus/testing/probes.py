"""Probes: subscriptions of the test's own on every stream, read all the time on one thread, kept for questions.

A probe is a subscriber like any other: it makes its stream connected, sees gaps and publishers as a handler would, and
holds publishers back if it falls behind. What it saw stays until the bus closes; `expect` takes from it.
Thread: one of its own reads; any asks.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import TypeVar

from actorbus.actors import StreamPart
from actorbus.codec import Decoding
from actorbus.dispatch import StreamEvent
from actorbus.dispatch.notices import event_of
from actorbus.errors import InternalError
from actorbus.ffi import Event, Idle, PollSet
from actorbus.transport import LocalBus, LocalClient, Subscription

__all__ = ["Probes"]

M = TypeVar("M")
REASON_DECODE = 3
JOIN_S = 5.0


class _Probe:
    """One stream: how to read it, and what was seen."""

    def __init__(self, part: StreamPart, subscription: Subscription, decoding: Decoding) -> None:
        self.name = part.name
        self.port = subscription.port
        self.decoding = decoding
        self.all: list[object] = []
        self.left: deque[object] = deque()  # not yet taken by an expect


class Probes:
    """Reads every stream of a bus."""

    def __init__(self, bus: LocalBus, streams: Mapping[str, StreamPart]) -> None:
        """Subscribe to streams and begin to read."""
        self._client = LocalClient(bus, "probes")
        self._changed = threading.Condition()
        self._stopping = False
        self._asked = self._answered = 0
        self._error: BaseException | None = None
        self._event = Event()
        self._waiting = PollSet()
        self._probes: dict[str, _Probe] = {}
        for part in streams.values():
            types = [(type_id, part.versions[type_id], True) for type_id in part.types]
            subscription = self._client.add_subscription(
                part.channel,
                part.stream_id,
                frame=part.framed,
                format=part.format_id,
                types=types,
                layouts=part.layouts,
            )
            _ = self._waiting.add(subscription)
            self._probes[part.name] = _Probe(part, subscription, part.decoding(tuple(part.types.values())))
        self._thread = threading.Thread(target=self._run, name="actorbus-testing-probes", daemon=True)
        self._thread.start()

    # -- the thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        waiter = self._waiting.waiter(self._event, Idle("backoff", spin_passes=1))
        try:
            while not self._stopping:
                seen, asked = self._event.value, self._asked
                if sum(self._read(probe) for probe in self._probes.values()):
                    continue
                if asked != self._answered:
                    with self._changed:  # all that was there when it was asked has been read
                        self._answered = asked
                        self._changed.notify_all()
                _ = waiter.wait(seen, None)
        except BaseException as error:  # noqa: BLE001 - the test's thread raises it
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _read(self, probe: _Probe) -> bool:
        count = probe.port.poll()
        if count == 0:
            return False
        found: list[object]
        if count > 0:
            found = [
                message
                for place, body in enumerate(probe.port.bodies())
                for message in self._decoded(probe, place, body)
            ]
        else:
            now = time.time_ns()
            found = [event_of(notice, probe.name, now) for notice in probe.port.notices()]
        with self._changed:
            probe.all += found
            probe.left += found
            self._changed.notify_all()
        return True

    @staticmethod
    def _decoded(probe: _Probe, place: int, body: bytes) -> list[object]:
        try:
            return [probe.decoding.at(probe.port, place, body)]
        except Exception:  # noqa: BLE001 - what no decoder takes is no message; the handlers' side counts it
            return []

    # -- questions ---------------------------------------------------------------------------------------------------

    def __contains__(self, stream: object) -> bool:
        return stream in self._probes

    def catch_up(self, within_s: float) -> bool:
        """Wait until all that was published before this call has been read; False when it was not in time."""
        deadline = time.monotonic() + within_s
        with self._changed:
            self._asked += 1
            asked = self._asked
            self._event.bump()
            while self._answered < asked and self._error is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                _ = self._changed.wait(left)
        self.check()
        return True

    def take(self, stream: str, kind: type[M], within_s: float, where: Callable[[M], bool] | None = None) -> M | None:
        """Wait for a message or event of a kind that nobody took yet, and take the oldest; None at the deadline."""
        deadline = time.monotonic() + within_s
        probe = self._probes[stream]
        with self._changed:
            looked = 0
            events = issubclass(kind, StreamEvent)
            while True:
                for place in range(looked, len(probe.left)):
                    seen = probe.left[place]
                    if (
                        isinstance(seen, kind)
                        and events is isinstance(seen, StreamEvent)
                        and (where is None or where(seen))
                    ):
                        del probe.left[place]
                        return seen
                looked = len(probe.left)
                left = deadline - time.monotonic()
                if left <= 0 or self._error is not None:
                    return None
                _ = self._changed.wait(left)

    def seen(self, stream: str) -> list[object]:
        """Return all messages of a stream so far, in order, taken or not; no events."""
        with self._changed:
            return [seen for seen in self._probes[stream].all if not isinstance(seen, StreamEvent)]

    def events(self, stream: str) -> list[StreamEvent]:
        """Return all events of a stream so far."""
        with self._changed:
            return [seen for seen in self._probes[stream].all if isinstance(seen, StreamEvent)]

    def describe(self, stream: str) -> str:
        """Return what was seen and not taken, in words."""
        with self._changed:
            left = [one for one in self._probes[stream].left if not isinstance(one, StreamEvent)]
        if not left:
            return "no other message came"
        kinds = ", ".join(f"{kind} x {count}" for kind, count in Counter(type(one).__name__ for one in left).items())
        return f"what came and was not taken: {kinds}; the last: {left[-1]!r:.300}"

    def check(self) -> None:
        """Raise what ended the thread, if something did.

        Raises:
            InternalError: it ended.
        """
        if self._error is not None:
            raise InternalError(f"the probes stopped: {self._error}") from self._error

    def close(self) -> None:
        """Stop reading and unsubscribe. Again does nothing."""
        if self._stopping:
            return
        self._stopping = True
        self._event.bump()
        self._thread.join(JOIN_S)
        self._client.close()
        self._waiting.close()
