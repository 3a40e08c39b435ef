"""One life of a node's resources: opened in order, closed in the reverse order (inv_stop_reverses_start).

    statistics > driver > client > recorders > publications > subscriptions > pollers (handlers) > connected > sources

Stop: sources end; what is on its way is drained; handlers stop level by level, those that feed others first, with a
drain between; publications say Bye; then everything closes backwards. What a deadline cuts off is told.

Thread: the session supervisor's, for everything here. Nothing in this file is shared with a poller but through its
mailbox, and nothing ever calls a subscription from here (trap P15).
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterable, Sequence

from actorbus.actors.clockwork import Clockwork
from actorbus.actors.draining import ASK_MARGIN_S, Draining
from actorbus.actors.endpoints import Endpoints
from actorbus.actors.hosting import HandlerSetup
from actorbus.actors.looking import Inside, look
from actorbus.actors.mailbox_handler import MailboxSetup
from actorbus.actors.mailboxes import Mailboxes
from actorbus.actors.mirror import Mirror
from actorbus.actors.noticing import Noticing
from actorbus.actors.outbox import streams_to_hold
from actorbus.actors.parts import (
    Counted,
    HandlerPart,
    Look,
    PollerPart,
    ReplayPart,
    SessionParts,
    SourcePart,
    StreamPart,
)
from actorbus.actors.poller import Drain, MailSetup, PollerActor, StreamSetup
from actorbus.actors.recorders import Recorders
from actorbus.actors.redrives import Redrives
from actorbus.actors.rehearsal import waiter_for
from actorbus.actors.replays import Following, is_on
from actorbus.actors.shell import Report, Shell, ask, join, launch
from actorbus.actors.source import PublisherActor, SourceSetup
from actorbus.actors.subscriber import Subscription
from actorbus.actors.subscribers import Subscribers
from actorbus.actors.watch import Watch
from actorbus.dispatch import Port, ReplayFailed, StreamEvent, batch_for, taken_types
from actorbus.errors import ActorBusError, ClosedError, DriverLost
from actorbus.ffi import Event, PollSet
from actorbus.metrics import HANDLER, CounterBlock, Histogram, Statistics
from actorbus.transport import connect

__all__ = ["Session"]

ADDED_LATER = 32
"""Streams, handlers and subscriptions a running node may add: `quick`, `node.subscribe`."""


class Session:
    """The resources of a running node."""

    def __init__(
        self,
        parts: SessionParts,
        *,
        report: Report,
        on_event: Callable[[StreamEvent], None],
        finished: Callable[[str], None],
        news: Event | None = None,
    ) -> None:
        self.parts = parts
        self._report = report
        self._on_event = on_event
        self._finished = finished
        self._news = news
        self._undo = contextlib.ExitStack()
        self._given_up = threading.Event()
        self._endpoints: Endpoints | None = None
        self._mirror: Mirror | None = None
        self._statistics: Statistics | None = None
        self._watch: Watch | None = None
        self._pollers: list[PollerActor] = []
        self._mailboxes = Mailboxes(parts.clock, report=report, on_event=on_event, handler_clock=parts.handler_clock)
        self.recorders = Recorders(parts, report=report, on_event=on_event)
        self._sources: list[PublisherActor] = []
        self.clockwork = Clockwork(self._pollers, self._mailboxes, self._sources)
        self.redrives = Redrives(self._pollers, self._mailboxes)
        self._subscribers = Subscribers(parts.clock, report=report, on_event=on_event)
        self.followed: list[tuple[str, PollerActor, Following]] = []
        self._handler_blocks: dict[str, tuple[CounterBlock, Histogram]] = {}
        self.driver_directory: str | None = None
        self._noticing = Noticing()
        self.last = Look({}, {})
        """What the pollers held when the session closed."""

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
        self._go_on()
        self.driver_directory = str(driver.directory)
        handlers = len(parts.handlers) + ADDED_LATER
        blocks = len(parts.streams) + len(parts.recorders) + ADDED_LATER + 2 * handlers
        size = Statistics.size_for(counter_blocks=blocks, histograms=handlers)
        self._statistics = statistics = (
            Statistics.create(None, name=parts.name, driver_directory=self.driver_directory, size=size)
            if parts.statistics
            else Statistics.private(size=size)
        )
        self._undo.callback(statistics.close)
        client = connect(driver, parts.name)
        self._undo.callback(client.close)
        self._watch = Watch(client, self.driver_directory, parts.clock)
        self._endpoints = Endpoints(client, statistics, parts.clock, self._news)
        if parts.statistics and client.has_counters:
            self._mirror = Mirror(client, parts.name)
        self._go_on()
        self.add_streams(parts.streams.values())
        self._undo.callback(parts.quarantine.close)
        self._undo.callback(self.recorders.end)
        self._undo.callback(self._subscribers.end)
        self.recorders.start(self._endpoints, statistics)
        self.add_pollers(parts.pollers, parts.handlers, parts.sources)
        for source in parts.sources:
            publish = self._endpoints.publisher(source.stream).publish
            setup = SourceSetup(source.name, source.stream, source.cls, source.options, publish)
            self._sources.append(
                PublisherActor(setup, parts.handler_clock or parts.clock, report=self._report, finished=self._finished)
            )
        for actor in self._sources:
            launch(actor)

    def give_up(self) -> None:
        """Make an open that waits end with ClosedError and undo what it did. Any thread."""
        self._given_up.set()

    def _go_on(self) -> None:
        if self._given_up.is_set():
            raise ClosedError(f"the start of node {self.parts.name!r} was given up")

    @property
    def endpoints(self) -> Endpoints:
        """The streams. Raises ClosedError: the session was not opened."""
        if self._endpoints is None:
            raise ClosedError("the node is not open")
        return self._endpoints

    @property
    def statistics(self) -> Statistics:
        """The statistics of this life.

        Raises:
            ClosedError: the session was not opened.
        """
        if self._statistics is None:
            raise ClosedError("the node is not open")
        return self._statistics

    def add_streams(self, streams: Iterable[StreamPart]) -> None:
        """Make streams known; nothing is opened before somebody publishes or handles."""
        self.endpoints.add(streams)

    def add_pollers(
        self, pollers: Sequence[PollerPart], handlers: Sequence[HandlerPart], sources: Sequence[SourcePart] = ()
    ) -> None:
        """Start pollers with their handlers, publications for their outputs first; wait until they are connected."""
        endpoints = self.endpoints
        for handler in handlers:
            self._handler_blocks[handler.name] = (
                self.statistics.counter_block(HANDLER, handler.name),
                self.statistics.histogram(HANDLER, handler.name),
            )
        actors = [
            PollerActor(poller.name, self.parts.clock, report=self._report, handler_clock=self.parts.handler_clock)
            for poller in pollers
        ]
        self._pollers += actors
        for poller, actor in zip(pollers, actors, strict=True):
            for stream in poller.streams if not poller.handler else ():
                endpoints[stream].poller = actor
        published = {source.stream for source in sources}
        published |= {stream for handler in handlers for stream in handler.publishes.values()}
        for stream in sorted(published):
            endpoints.publisher(stream)
        for poller, actor in zip(pollers, actors, strict=True):
            self._assemble(poller, actor, handlers)
        self._mailboxes.start()
        for actor in actors:
            launch(actor)
        handled = {name for poller in pollers if not poller.handler for name in poller.streams}
        own = published & (handled | self.recorders.streams)
        endpoints.wait_connected(sorted(own), self.parts.connect_timeout_ns, self._go_on)

    def _assemble(self, poller: PollerPart, actor: PollerActor, everyone: Sequence[HandlerPart]) -> None:
        handlers = [part for part in everyone if is_on(part, poller)]
        inline = [part for part in handlers if part.mailbox is None]
        setups: list[StreamSetup] = []
        waiting = PollSet()
        self._undo.callback(waiting.close)
        for name in poller.streams:
            endpoint = self.endpoints[name]
            part = endpoint.part
            classes = [handler.cls for handler in handlers if name in handler.streams]
            taken = taken_types(classes, part.types.values())
            chosen = {type_id: cls for type_id, cls in part.types.items() if cls in set(taken)}
            following: Following | None = None
            if (replay := (own := handlers[0]).replay) is not None:
                block = self.statistics.counter_block("replay", own.name)
                following = Following(own.name, replay, part, own.cls, taken, own.on_error, actor.outbox, block)
                self._undo.callback(following.subscription.close)
                self.followed.append((name, actor, following))
                port: Port = following.subscription.port
                waiting.add(following.subscription)
            else:
                counters, batch = endpoint.counters, batch_for(classes)
                endpoint.subscription = subscription = self.endpoints.subscribe(name, taken, counters, batch)
                port = subscription.port
                waiting.add(subscription)
            setups.append(StreamSetup(name, port, part.decoding(tuple(taken)), chosen, following))
        actor.assemble(
            setups,
            [self._handler_setup(part) for part in inline],
            waiter_for(actor, poller.idle, waiting.waiter(actor.inbox.event, poller.idle), self.parts.clock),
            cpu=poller.cpu,
            mails=[self._mail(part, actor) for part in handlers if part.mailbox is not None],
            restarts=self.parts.restarts,
            outbox_holds=streams_to_hold(map(_ways, inline), map(_ways, everyone)),
            enter_thread=functools.partial(self.endpoints.enter_poller_thread, actor.outbox),
            on_event=functools.partial(self._told, actor),
            keep=self.parts.quarantine.keep,
        )

    def _told(self, poller: PollerActor, event: StreamEvent) -> None:
        """Pass an event on; a replay that cannot go on is a failure of its handler. The poller's thread."""
        self._on_event(event)
        for _, actor, following in self.followed if isinstance(event, ReplayFailed) else ():
            if actor is poller:
                self._report(poller.name, following.problem)

    def _mail(self, part: HandlerPart, poller: PollerActor) -> MailSetup:
        """Make the actor of a handler with a mailbox."""
        box = part.mailbox
        assert box is not None
        declared = {name: self.endpoints[name].part.types.values() for name in part.streams}
        types = {name: tuple(taken_types([part.cls], its)) for name, its in declared.items()}
        setup = MailboxSetup(
            self._handler_setup(part), types, box.messages, box.bytes, box.overflow, box.key, self.parts.restarts
        )
        return self._mailboxes.add(setup, part.after, poller)

    def _handler_setup(self, part: HandlerPart) -> HandlerSetup:
        block, latency = self._handler_blocks[part.name]
        return HandlerSetup(
            name=part.name,
            cls=part.cls,
            options=part.options,
            streams=part.streams,
            priority=part.priority,
            order=part.order,
            on_error=part.on_error,
            outputs={
                output: self.endpoints.publisher(stream).outlet(part.name) for output, stream in part.publishes.items()
            },
            latency=latency,
            cells=block,
            keep=self.parts.quarantine.keep,
        )

    # -- while it runs -----------------------------------------------------------------------------------------------

    def subscribe(self, name: str, types: Sequence[type], replay: ReplayPart | None = None) -> Subscription[object]:
        """Start a subscriber actor on a stream, for `node.subscribe`."""
        return self._subscribers.open(self.endpoints, self.statistics, name, types, replay)

    @property
    def is_quiet(self) -> bool:
        """Whether every mailbox is empty with its handler at rest, and every recorder has caught up. Any thread."""
        return self._mailboxes.is_idle and self.recorders.is_quiet

    @property
    def _is_lost(self) -> bool:
        return self._watch is not None and self._watch.is_lost

    def tend(self, now_ns: int) -> tuple[bool, int | None]:
        """Send what was conflated or lingers, if it may go: whether none is conflated now, when a linger ends."""
        if self._endpoints is None or self._is_lost:
            return True, None
        return self._endpoints.unconflate(), self._endpoints.linger(now_ns)

    def tick(self) -> None:
        """Four times a second: heartbeat of the statistics, beats of quiet publishers, a look at driver and clock."""
        self.statistics.heartbeat()
        self._mailboxes.flush()
        self._noticing.look(self.stream_blocks)
        self.parts.quarantine.sync()
        if self._watch is not None:
            self._watch.look()
        if not self._is_lost:
            self.endpoints.tick()
            if self._mirror is not None:
                self._mirror.update(self.stream_blocks.values())

    @property
    def stream_blocks(self) -> dict[str, CounterBlock]:
        """The counters of each stream; readable after close."""
        endpoints = self._endpoints
        return {} if endpoints is None else {name: end.counters for name, end in endpoints.by_name.items()}

    @property
    def counted(self) -> Counted:
        """All counters; readable after close."""
        read = {**self._subscribers.blocks, **{one.name: one.counters for _, _, one in self.followed if one.counters}}
        return Counted(self.stream_blocks, dict(self._handler_blocks), dict(self.recorders.blocks), read)

    def inside(self) -> list[Inside]:
        """Return the pollers with their ports, to look at. Any thread."""
        ends = {} if self._endpoints is None else dict(self._endpoints.by_name)
        polled = [(end.poller, (name, end.subscription.port)) for name, end in ends.items() if end.subscription]
        polled += [(actor, (name, following.subscription.port)) for name, actor, following in self.followed]
        return [Inside(poller, [port for owner, port in polled if owner is poller]) for poller in list(self._pollers)]

    def flush(self) -> None:
        """Write the counters of mailboxes and recorders to the statistics file. The supervisor's thread."""
        self._mailboxes.flush()
        self.recorders.flush()

    def close(self, levels: Sequence[Sequence[str]], *, drain: bool) -> bool:
        """Stop in order; True when nothing was cut off by the deadline."""
        clean = True
        deadline = self.parts.clock.monotonic_ns() + self.parts.stop_timeout_ns
        if self._watch is not None:
            with contextlib.suppress(DriverLost):  # told already, or by who met it first; a step of the clock is not
                self._watch.look()
        try:
            draining = self._draining(deadline)
            for actor in self._sources:
                actor.request_stop()
            if drain and not self._is_lost:
                for actor in self._sources:
                    clean &= join(actor, draining.left_s)
                if self.followed:  # the recording has all, then they read it to its end
                    clean &= draining.run()
                    clean &= self.recorders.drain(self.endpoints.published_positions(), deadline)
                    for _, poller, _ in self.followed:
                        clean &= bool(ask(poller, Drain((), deadline), draining.left_s + ASK_MARGIN_S))
                clean &= draining.end_handlers(levels)
                clean &= self.recorders.drain(self.endpoints.published_positions(), deadline)
            draining.give_up()
        finally:
            self._release_publishers()
            self._mailboxes.end()
            with contextlib.suppress(ActorBusError):
                self.last = look(self.inside(), self.last)
                self.flush()
            self._end_actors()
            self._undo.close()
        return clean

    def settle(self, deadline_ns: int) -> bool:
        """Let everything on its way be handled, as a drain does; False when it was not before the deadline."""
        return self._draining(deadline_ns).run()

    def _draining(self, deadline_ns: int) -> Draining:
        return Draining(self.endpoints, self._pollers, self._mailboxes, self.parts.clock, deadline_ns)

    def _release_publishers(self) -> None:
        if self._endpoints is not None:
            for endpoint in self._endpoints.by_name.values():
                if endpoint.publisher is not None:
                    endpoint.publisher.release()

    def _end_actors(self) -> None:
        self._release_publishers()
        self._mailboxes.end()
        for actor in [*self._sources, *reversed(self._pollers)]:
            _end(actor)


def _ways(part: HandlerPart) -> tuple[Iterable[str], Iterable[str]]:
    return part.streams, part.publishes.values()


def _end(actor: Shell) -> None:
    actor.request_stop()
    join(actor, ASK_MARGIN_S)
