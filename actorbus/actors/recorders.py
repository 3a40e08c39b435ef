"""The recorders of a session: opened before anybody publishes, drained with the rest, ended last.

Thread: the session supervisor's; `is_quiet` and `blocks` any.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable

from actorbus.actors.endpoints import Endpoints
from actorbus.actors.parts import RecorderPart, SessionParts
from actorbus.actors.poller import Drain
from actorbus.actors.recorder import RecorderActor, RecorderSetup
from actorbus.actors.shell import Report, ask, join, launch
from actorbus.actors.tapes import Recorded
from actorbus.dispatch import StreamEvent
from actorbus.errors import ActorBusError
from actorbus.ffi import PollSet, RecordSink
from actorbus.journal import open_marks
from actorbus.metrics import RECORDER, CounterBlock, Statistics

__all__ = ["Recorders"]

MARGIN_S = 5.0
OPEN_S = 60.0
"""A recording is opened within this: one segment is read again after a crash, at 1 GB/s and a segment of 1 GiB."""


class Recorders:
    """All recorders of a session, by name."""

    def __init__(self, parts: SessionParts, *, report: Report, on_event: Callable[[StreamEvent], None]) -> None:
        self._parts = parts
        self._report = report
        self._on_event = on_event
        self._actors: dict[str, tuple[RecorderPart, RecorderActor]] = {}
        self._undo = contextlib.ExitStack()
        self.blocks: dict[str, CounterBlock] = {}
        """The counters of each; readable after the end."""

    def start(self, endpoints: Endpoints, statistics: Statistics) -> None:
        """Subscribe, open the recordings and start; each raises what is wrong with its recording."""
        for part in self._parts.recorders:
            self._start(part, endpoints, statistics)

    def _start(self, part: RecorderPart, endpoints: Endpoints, statistics: Statistics) -> None:
        cells = self.blocks[part.name] = statistics.counter_block(RECORDER, part.name)
        setup = RecorderSetup(
            part.name,
            part.open,
            open_marks,
            part.native,
            part.durable,
            part.shed,
            part.retention,
            self._parts.restarts,
            cells,
        )
        actor = RecorderActor(setup, self._parts.clock, report=self._report, on_event=self._on_event)
        waiting = PollSet()
        self._undo.callback(waiting.close)
        streams: list[Recorded] = []
        for facts in part.streams:
            subscription = endpoints.subscribe_raw(facts.name)
            self._undo.callback(subscription.close)
            waiting.add(subscription)
            streams.append(Recorded(facts.name, facts, subscription.port, RecordSink(subscription)))
        actor.assemble(streams, waiting.waiter(actor.inbox.event, part.idle))
        launch(actor, OPEN_S)
        self._actors[part.name] = (part, actor)
        self._undo.callback(_end, actor)

    @property
    def streams(self) -> frozenset[str]:
        """Every recorded stream."""
        return frozenset(stream.name for part, _ in self._actors.values() for stream in part.streams)

    @property
    def is_quiet(self) -> bool:
        """Whether every recorder has caught up with what it took."""
        return all(actor.is_quiet for _, actor in self._actors.values())

    def drain(self, targets: Iterable[tuple[str, int, int]], deadline_ns: int) -> bool:
        """Record (stream, session, position) of what this node published, and make it durable."""
        wanted = list(targets)
        left_s = max(0.0, (deadline_ns - self._parts.clock.monotonic_ns()) / 1e9)
        clean = True
        for part, actor in self._actors.values():
            names = {stream.name for stream in part.streams}
            order = Drain(tuple(target for target in wanted if target[0] in names), deadline_ns)
            clean &= bool(ask(actor, order, left_s + MARGIN_S))
        return clean

    def flush(self) -> None:
        """Have every recorder write its counters."""
        for _, actor in self._actors.values():
            with contextlib.suppress(ActorBusError):
                ask(actor, actor.flush, MARGIN_S)

    def end(self) -> None:
        """Stop all, last started first; each closes its recording. Again does nothing."""
        self._undo.close()
        self._actors.clear()


def _end(actor: RecorderActor) -> None:
    actor.request_stop()
    join(actor, OPEN_S)
