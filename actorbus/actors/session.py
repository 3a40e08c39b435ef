"""One life of a node's resources: opened in order, closed in the reverse order (inv_stop_reverses_start).

    statistics > driver > client > publications > subscriptions > pollers (handlers) > connected > sources

Stop: sources end; what is on its way is drained; handlers stop level by level, those that feed others first, with a
drain between; publications say Bye; then everything closes backwards. What a deadline cuts off is counted and told.

Thread: the session supervisor's, for everything here. Nothing in this file is shared with a poller but through its
mailbox, and nothing ever calls a subscription from here (trap P15).
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from actorbus.actors.parts import HandlerPart, PollerPart, SessionParts, SourcePart, StreamPart
from actorbus.actors.poller import Drain, EndHandlers, HandlerSetup, PollerActor, StreamSetup
from actorbus.actors.shell import Report, Shell, ask, join, launch
from actorbus.actors.source import PublisherActor, SourceSetup
from actorbus.actors.subscriber import BatchQueue, SubscriberActor, Subscription
from actorbus.dispatch import Publisher, StreamEvent, taken_types
from actorbus.errors import ActorBusError, ClosedError, NotConnected
from actorbus.ffi import Idle, OfferPort, PollPort, PollSet
from actorbus.metrics import CounterBlock, Histogram, Statistics
from actorbus.transport import Client, Publication, Subscription as TransportSubscription

__all__ = ["Look", "QuarantineEntry", "Session"]

SECOND_NS = 1_000_000_000
ASK_MARGIN_S = 5.0


QuarantineEntry = tuple[int, int, int, int, int, int, int, str, bytes, int]
"""(session, position, index, type_id, version, sequence, reason, error, body, time_ns)."""


class Look(NamedTuple):
    """What the pollers hold: quarantined messages by stream, and traced messages."""

    quarantine: dict[str, list[QuarantineEntry]]
    samples: list[tuple[str, int, list[str]]]


class _Stream:
    """What a session holds of one stream."""

    def __init__(self, part: StreamPart, counters: CounterBlock) -> None:
        self.part = part
        self.counters = counters
        self.publication: Publication | None = None
        self.publisher: Publisher[object] | None = None
        self.port: OfferPort | None = None
        self.subscription: TransportSubscription | None = None
        self.poller: PollerActor | None = None
        self.last_sequence = -1
        self.quiet_ticks = 0


class Session:
    """The resources of a running node."""

    def __init__(
        self,
        parts: SessionParts,
        *,
        report: Report,
        on_event: Callable[[StreamEvent], None],
        finished: Callable[[str], None],
    ) -> None:
        self.parts = parts
        self._report = report
        self._on_event = on_event
        self._finished = finished
        self._undo = contextlib.ExitStack()
        self._poller_threads: set[int] = set()
        self.streams: dict[str, _Stream] = {}
        self.pollers: list[PollerActor] = []
        self.sources: list[PublisherActor] = []
        self.subscribers: list[SubscriberActor] = []
        self.handler_cells: dict[str, CounterBlock] = {}
        self.latencies: dict[str, Histogram] = {}
        self.statistics: Statistics | None = None
        self.client: Client | None = None
        self.driver_directory: str | None = None
        self._numbers = 0
        self.last = Look({}, [])

    # -- start -------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Open everything, or nothing: what was opened before a failure is closed again."""
        try:
            self._open()
        except BaseException:
            self._end_actors()
            self._undo.close()
            raise

    def _open(self) -> None:
        parts = self.parts
        driver = parts.make_driver()
        self._undo.callback(driver.close)
        driver.start()
        self.driver_directory = str(driver.directory)
        statistics = (
            Statistics.create(None, name=parts.name, driver_directory=str(driver.directory))
            if parts.statistics
            else Statistics.private()
        )
        self.statistics = statistics
        self._undo.callback(statistics.close)
        self.client = Client.connect(driver.directory, name=parts.name)
        self._undo.callback(self.client.close)
        self.add_streams(parts.streams.values())
        self.add_pollers(parts.pollers, parts.handlers, parts.sources)
        for source in parts.sources:
            publisher = self.publisher(source.stream)
            setup = SourceSetup(source.name, source.stream, source.cls, source.options, publisher.publish)
            self.sources.append(PublisherActor(setup, parts.clock, report=self._report, finished=self._finished))
        for actor in self.sources:
            launch(actor)

    def add_streams(self, streams: Iterable[StreamPart]) -> None:
        """Make streams known; nothing is opened before somebody publishes or handles."""
        statistics = self._need_statistics()
        for part in streams:
            self.streams[part.name] = _Stream(part, statistics.counter_block("stream", part.name))

    def add_pollers(
        self, pollers: Sequence[PollerPart], handlers: Sequence[HandlerPart], sources: Sequence[SourcePart] = ()
    ) -> None:
        """Start pollers with their handlers, publications for their outputs first, and wait until they are connected."""
        statistics = self._need_statistics()
        for handler in handlers:
            self.handler_cells[handler.name] = statistics.counter_block("handler", handler.name)
            self.latencies[handler.name] = statistics.histogram("handler", handler.name)
        actors = [PollerActor(poller.name, self.parts.clock, report=self._report) for poller in pollers]
        self.pollers += actors
        for poller, actor in zip(pollers, actors, strict=True):
            for stream in poller.streams:
                self.streams[stream].poller = actor
        published = {source.stream for source in sources}
        published |= {stream for handler in handlers for stream in handler.publishes.values()}
        for name in self.streams:
            if name in published:
                self.publisher(name)
        for poller, actor in zip(pollers, actors, strict=True):
            self._assemble(poller, actor, handlers)
        for actor in actors:
            launch(actor)
        self._wait_connected(sorted(published & {name for poller in pollers for name in poller.streams}))

    def _assemble(self, poller: PollerPart, actor: PollerActor, everyone: Sequence[HandlerPart]) -> None:
        handlers = [part for part in everyone if set(part.streams) & set(poller.streams)]
        setups: list[StreamSetup] = []
        waiting = PollSet()
        self._undo.callback(waiting.close)
        for name in poller.streams:
            stream = self.streams[name]
            classes = [part.cls for part in handlers if name in part.streams]
            taken = taken_types(classes, stream.part.types.values())
            subscription = self._subscribe(stream.part, taken, stream.counters)
            stream.subscription = subscription
            waiting.add(subscription)
            setups.append(
                StreamSetup(name, subscription.port, stream.part.decoding(tuple(taken)), _chosen(stream.part, taken))
            )
        actor.assemble(
            setups,
            [self._handler_setup(part) for part in handlers],
            waiting.waiter(actor.inbox.event, poller.idle),
            cpu=poller.cpu,
            enter_thread=self._enter_poller_thread,
            on_event=self._on_event,
        )

    def _handler_setup(self, part: HandlerPart) -> HandlerSetup:
        outputs = {output: self.publisher(stream) for output, stream in part.publishes.items()}
        return HandlerSetup(
            part.name,
            part.cls,
            part.options,
            part.streams,
            part.priority,
            part.order,
            part.on_error,
            outputs,
            self.latencies[part.name],
            self.handler_cells[part.name],
        )

    def _subscribe(self, part: StreamPart, taken: Sequence[type], counters: CounterBlock) -> TransportSubscription:
        wanted = set(taken)
        return self._need_client().add_subscription(
            part.channel,
            part.stream_id,
            frame=part.framed,
            format=part.format_id,
            types=[(type_id, part.versions[type_id], cls in wanted) for type_id, cls in part.types.items()],
            counters=counters.address,
        )

    def _need_client(self) -> Client:
        if self.client is None:
            raise ClosedError("the node is not open")
        return self.client

    def _need_statistics(self) -> Statistics:
        if self.statistics is None:
            raise ClosedError("the node is not open")
        return self.statistics

    def _enter_poller_thread(self) -> None:
        self._poller_threads.add(threading.get_ident())

    def _is_poller_thread(self) -> bool:
        return threading.get_ident() in self._poller_threads

    def _wait_connected(self, names: Sequence[str]) -> None:
        """Wait until the streams this node both publishes and handles see their own subscription."""
        clock = self.parts.clock
        deadline = clock.monotonic_ns() + self.parts.connect_timeout_ns
        for name in names:
            publication = self.streams[name].publication
            if publication is not None and not publication.wait_connected(deadline):
                raise NotConnected(
                    f"stream {name!r} did not connect to this node's own handlers within "
                    f"{self.parts.connect_timeout_ns / 1e9:g} s: check its channel {self.streams[name].part.channel!r}"
                )

    # -- while it runs -----------------------------------------------------------------------------------------------

    def publisher(self, name: str) -> Publisher[object]:
        """Return the publisher of a stream, opening its publication the first time."""
        stream = self.streams[name]
        if stream.publisher is not None:
            return stream.publisher
        part = stream.part
        publication = self._need_client().add_publication(
            part.channel,
            part.stream_id,
            frame=part.framed,
            format=part.format_id,
            publisher=secrets.randbelow(2**32 - 1) + 1,
            types=[(type_id, part.versions[type_id]) for type_id in part.types],
            counters=stream.counters.address,
            wake=None if stream.poller is None else stream.poller.inbox.event,
        )
        stream.publication = publication

        def make_port(
            encode: Callable[[object], bytes] | None, refused: Callable[[object, object, int], int]
        ) -> OfferPort:
            stream.port = publication.make_port(encode, refused)
            return stream.port

        stream.publisher = Publisher(
            name,
            tuple(part.types.values()),
            part.encode,
            part.policy,
            self.parts.clock,
            make_port,
            publication,
            self._is_poller_thread,
        )
        publication.say_hello()
        return stream.publisher

    def subscribe(self, name: str, types: Sequence[type]) -> tuple[SubscriberActor, Subscription[object]]:
        """Open a subscriber actor on a stream, for `node.subscribe`."""
        part = self.streams[name].part
        statistics = self._need_statistics()
        self._numbers += 1
        label = f"{name}-{self._numbers}"
        subscription = self._subscribe(part, types, statistics.counter_block("subscription", label))
        waiting = PollSet()
        waiting.add(subscription)
        queue = BatchQueue()
        actor = SubscriberActor(
            label,
            name,
            subscription.port,
            part.decoding(tuple(types)),
            queue,
            self.parts.clock,
            report=self._report,
            on_event=self._on_event,
        )
        actor.assemble(waiting.waiter(actor.inbox.event, Idle.backoff()))
        self.subscribers.append(actor)
        launch(actor)

        def close() -> None:
            if actor not in self.subscribers:
                return
            self.subscribers.remove(actor)
            _end(actor)
            waiting.close()
            subscription.close()

        self._undo.callback(close)
        return actor, Subscription(name, queue, close)

    def tick(self) -> None:
        """Say Beat for publications that were quiet for a second; keep the statistics alive. Four times a second."""
        if self.statistics is not None:
            self.statistics.heartbeat()
        for stream in self.streams.values():
            if stream.publication is None or stream.port is None:
                continue
            sequence = stream.publication.sequence
            if sequence != stream.last_sequence:
                stream.last_sequence, stream.quiet_ticks = sequence, 0
                continue
            stream.quiet_ticks += 1
            if stream.quiet_ticks % 4 == 0:
                stream.publication.say_beat()

    # -- stop --------------------------------------------------------------------------------------------------------

    def close(self, levels: Sequence[Sequence[str]], drain: bool) -> bool:
        """Stop in order; True when nothing was cut off by the deadline."""
        clean = True
        deadline = self.parts.clock.monotonic_ns() + self.parts.stop_timeout_ns
        try:
            for actor in self.sources:
                actor.request_stop()
            if drain:
                for actor in self.sources:
                    left = max(0.0, (deadline - self.parts.clock.monotonic_ns()) / 1e9)
                    clean &= join(actor, left)
                clean &= self._drain(deadline)
                for level in levels:
                    for poller in self.pollers:
                        ask(poller, EndHandlers(tuple(level)), self._margin(deadline))
                    clean &= self._drain(deadline)
            for stream in self.streams.values():
                if stream.publisher is not None:
                    stream.publisher.release()
                if stream.publication is not None:
                    stream.publication.say_bye()
        finally:
            with contextlib.suppress(ActorBusError):
                self.last = self.look()
            self._end_actors()
            self._undo.close()
        return clean

    @property
    def stream_blocks(self) -> dict[str, CounterBlock]:
        """The counters of each stream; readable after close."""
        return {name: stream.counters for name, stream in self.streams.items()}

    @property
    def handler_blocks(self) -> dict[str, tuple[CounterBlock, Histogram]]:
        """Counters and latencies of each handler; readable after close."""
        return {name: (block, self.latencies[name]) for name, block in self.handler_cells.items()}

    def look(self) -> Look:
        """Ask the pollers for what only their threads may read: quarantine and samples."""
        quarantine: dict[str, list[QuarantineEntry]] = {}
        samples: list[tuple[str, int, list[str]]] = []
        for poller in self.pollers:
            samples += ask(poller, poller.samples, ASK_MARGIN_S)
            ask(poller, poller.flush, ASK_MARGIN_S)
        for name, stream in self.streams.items():
            if stream.subscription is not None and stream.poller is not None:
                quarantine[name] = ask(stream.poller, stream.subscription.port.quarantine, ASK_MARGIN_S)
        return Look(quarantine, samples)

    def _margin(self, deadline: int) -> float:
        return max(0.0, (deadline - self.parts.clock.monotonic_ns()) / 1e9) + ASK_MARGIN_S

    def _drain(self, deadline: int) -> bool:
        """Let the pollers read all this node has published, and what that makes the handlers publish."""
        while True:
            targets = self._targets()
            if not targets:
                return True
            for poller, its_targets in targets.items():
                if not ask(poller, Drain(tuple(its_targets), deadline), self._margin(deadline)):
                    return False
            if self._targets() == targets:
                return True

    def _targets(self) -> dict[PollerActor, list[tuple[str, int, int]]]:
        targets: dict[PollerActor, list[tuple[str, int, int]]] = {}
        for name, stream in self.streams.items():
            publication = stream.publication
            if publication is not None and stream.poller is not None and publication.is_connected():
                targets.setdefault(stream.poller, []).append((name, publication.session_id, publication.position))
        return targets

    def _end_actors(self) -> None:
        for actor in [*self.sources, *reversed(self.pollers)]:
            _end(actor)


def _end(actor: Shell) -> None:
    if actor.thread is None:
        return
    actor.request_stop()
    join(actor, ASK_MARGIN_S)


def _chosen(part: StreamPart, taken: Sequence[type]) -> Mapping[int, type]:
    wanted = set(taken)
    return {type_id: cls for type_id, cls in part.types.items() if cls in wanted}
