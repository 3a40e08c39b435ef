"""The streams of a session: their publications, publishers, subscriptions and counters, over one client.

Thread: the session supervisor's; publishers, once made, any. Nothing here ever polls a subscription (trap P15).
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Sequence

from actorbus.actors.outbox import Outbox
from actorbus.actors.parts import StreamPart
from actorbus.actors.poller import PollerActor
from actorbus.clock import Clock
from actorbus.codec import FormatId
from actorbus.dispatch import Publisher
from actorbus.errors import NotConnected
from actorbus.ffi import Event, OfferPort, make_writer
from actorbus.limits import TYPE_ID_RAW
from actorbus.metrics import STREAM, CounterBlock, Statistics
from actorbus.transport import Client, Publication
from actorbus.transport import Subscription as TransportSubscription

__all__ = ["Endpoint", "Endpoints"]

WAIT_SLICE_NS = 50_000_000
BEAT_TICKS = 4
"""A quiet publisher says Beat every fourth tick of 250 ms: once a second (D7)."""


class Endpoint:
    """What a session holds of one stream. `subscription` is its poller's, if this node handles the stream."""

    def __init__(self, part: StreamPart, counters: CounterBlock) -> None:
        self.part = part
        self.counters = counters
        self.publication: Publication | None = None
        self.publisher: Publisher[object] | None = None
        self.subscription: TransportSubscription | None = None
        self.poller: PollerActor | None = None
        self.last_sequence = -1
        self.quiet_ticks = 0

    def tick(self) -> None:
        """Say Beat when nothing was published for a second."""
        if self.publication is None:
            return
        sequence = self.publication.sequence
        if sequence != self.last_sequence:
            self.last_sequence, self.quiet_ticks = sequence, 0
            return
        self.quiet_ticks += 1
        if self.quiet_ticks % BEAT_TICKS == 0:
            self.publication.say_beat()

    def farewell(self) -> None:
        """Wake who waits in `publish`, and tell subscribers that this publisher ends."""
        if self.publisher is not None:
            self.publisher.release()
        if self.publication is not None:
            self.publication.say_bye()


class Endpoints:
    """All streams of a session by name."""

    def __init__(self, client: Client, statistics: Statistics, clock: Clock, news: Event | None = None) -> None:
        self._client = client
        self._statistics = statistics
        self._clock = clock
        self._news = news
        self._outboxes: dict[int, Outbox] = {}
        self.by_name: dict[str, Endpoint] = {}

    def add(self, streams: Iterable[StreamPart]) -> None:
        """Make streams known; nothing is opened before somebody publishes or handles."""
        for part in streams:
            self.by_name[part.name] = Endpoint(part, self._statistics.counter_block(STREAM, part.name))

    def __getitem__(self, name: str) -> Endpoint:
        return self.by_name[name]

    def enter_poller_thread(self, outbox: Outbox) -> None:
        """Note that the calling thread is a poller's: a publish there never waits, `outbox` takes it (D14)."""
        self._outboxes[threading.get_ident()] = outbox

    def _outbox_here(self) -> Outbox | None:
        return self._outboxes.get(threading.get_ident())

    def publisher(self, name: str) -> Publisher[object]:
        """Return the publisher of a stream, opening its publication the first time."""
        endpoint = self.by_name[name]
        if endpoint.publisher is not None:
            return endpoint.publisher
        part = endpoint.part
        publication = self._client.add_publication(
            part.channel,
            part.stream_id,
            frame=part.framed,
            format=part.format_id,
            publisher=secrets.randbelow(2**32 - 1) + 1,
            types=[(type_id, part.versions[type_id]) for type_id in part.types],
            counters=endpoint.counters.address,
            wake=None if endpoint.poller is None else endpoint.poller.inbox.event,
            layouts=part.layouts,
            gather=part.gather,
            news=self._news,
        )
        endpoint.publication = publication
        writer = make_writer(tuple(part.types.values()), part.encode)

        def make_port(
            encode: Callable[[object], bytes] | None, refused: Callable[[object, object, int], int]
        ) -> OfferPort:
            return publication.make_port(encode, refused, writer)

        endpoint.publisher = Publisher(
            name,
            tuple(part.types.values()),
            part.encode,
            part.policy,
            self._clock,
            make_port,
            publication,
            self._outbox_here,
            arrays=part.format_id == FormatId.MSGPACK,
            lists=part.gather is not None,
            on_waiting=self._tell,
            reads=lambda body: part.decoding(tuple(part.types.values())).one(body),
        )
        publication.say_hello()
        return endpoint.publisher

    def subscribe(
        self, name: str, taken: Sequence[type], counters: CounterBlock, batch: tuple[int, int] | None = None
    ) -> TransportSubscription:
        """Open a subscription that takes these types, in batches of so many messages and bytes (None: as always)."""
        part = self.by_name[name].part
        wanted = set(taken)
        return self._client.add_subscription(
            part.channel,
            part.stream_id,
            frame=part.framed,
            format=part.format_id,
            types=[(type_id, part.versions[type_id], cls in wanted) for type_id, cls in part.types.items()],
            counters=counters.address,
            layouts=part.layouts,
            batch=batch,
        )

    def subscribe_raw(self, name: str) -> TransportSubscription:
        """Open a subscription whose bodies are the frames as they are sent: for recorders."""
        part = self.by_name[name].part
        return self._client.add_subscription(
            part.channel, part.stream_id, frame=False, format=FormatId.RAW, types=[(TYPE_ID_RAW, 0, True)]
        )

    def wait_connected(self, names: Iterable[str], timeout_ns: int, go_on: Callable[[], None] = lambda: None) -> None:
        """Wait until these publications see a subscription; `go_on` is called now and then, and may raise.

        Raises:
            NotConnected: one did not in time; names it and its channel.
        """
        deadline = self._clock.monotonic_ns() + timeout_ns
        for name in names:
            endpoint = self.by_name[name]
            while endpoint.publication is not None:
                now = self._clock.monotonic_ns()
                if endpoint.publication.wait_connected(min(deadline, now + WAIT_SLICE_NS)):
                    break
                go_on()
                if now < deadline:
                    continue
                raise NotConnected(
                    f"stream {name!r} did not connect to this node's own handlers within {timeout_ns / 1e9:g} s",
                    hint=f"check its channel {endpoint.part.channel!r}",
                )

    def published_positions(self) -> list[tuple[str, int, int]]:
        """Return (stream, session, position) of all this node has published on streams that somebody reads."""
        return [
            (name, publication.session_id, publication.position)
            for name, endpoint in self.by_name.items()
            if (publication := endpoint.publication) is not None and publication.is_connected()
        ]

    def drain_targets(self) -> dict[PollerActor, list[tuple[str, int, int]]]:
        """Return, by poller, (stream, session, position) of all this node has published to itself."""
        targets: dict[PollerActor, list[tuple[str, int, int]]] = {}
        for target in self.published_positions():
            poller = self.by_name[target[0]].poller
            if poller is not None:
                targets.setdefault(poller, []).append(target)
        return targets

    def tick(self) -> None:
        """Four times a second: beats of quiet publishers."""
        for endpoint in self.by_name.values():
            endpoint.tick()

    def _tell(self) -> None:
        if self._news is not None:
            self._news.bump()

    def linger(self, now_ns: int) -> int | None:
        """Send what waited long enough in batch frames; returns when to look again, None when nothing waits."""
        dues = [each.publisher.linger(now_ns) for each in list(self.by_name.values()) if each.publisher is not None]
        return min((due for due in dues if due), default=None)

    def unconflate(self) -> bool:
        """Send what waits to be conflated, as far as there is room; True when nothing waits any more. Never waits."""
        publishers = [each.publisher for each in list(self.by_name.values()) if each.publisher is not None]
        settled = [publisher.unconflate() for publisher in publishers]  # each of them, whatever the first says
        return all(settled)

    def flush(self) -> bool:
        """Send what waits, conflated or in batch frames, as far as there is room; True when nothing is left."""
        settled = True
        for endpoint in list(self.by_name.values()):
            if endpoint.publisher is not None:
                settled &= endpoint.publisher.flush()
        return settled

    def give_up(self) -> None:
        """Drop what still waits, conflated or in batch frames, counted: the streams close."""
        for endpoint in self.by_name.values():
            if endpoint.publisher is not None:
                endpoint.publisher.give_up()

    def farewell(self) -> None:
        """The last word of every publisher."""
        for endpoint in self.by_name.values():
            endpoint.farewell()
