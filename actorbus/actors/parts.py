"""What a session is made of: plain records, filled by the composition layer from a topology. No behaviour."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from actorbus.actors.hosting import RestartPolicy
from actorbus.clock import Clock
from actorbus.codec import Decoding
from actorbus.dispatch import Handler, Policy, Source
from actorbus.dispatch.meta import Record
from actorbus.ffi import Idle
from actorbus.message.layout import FixedLayout
from actorbus.metrics import CounterBlock, Histogram
from actorbus.recording import Place, RecordedStream, RecordingPort, Retention
from actorbus.transport import Driver

__all__ = [
    "ConsumerPort",
    "Counted",
    "HandlerPart",
    "Look",
    "MailboxPart",
    "PollerPart",
    "QuarantinePort",
    "RecorderPart",
    "ReplayPart",
    "SessionParts",
    "SourcePart",
    "StreamPart",
    "TapePlace",
]


class ConsumerPort(Protocol):
    """Where a consumer of a recording is; `actorbus.journal.Consumer`."""

    is_new: bool

    @property
    def position(self) -> int: ...
    def store(self, position: int) -> None: ...
    def sync(self) -> None: ...
    def close(self) -> None: ...


class QuarantinePort(Protocol):
    """Where the addresses of messages that handlers raised on are kept; `actorbus.journal.QuarantineBook`."""

    def keep(
        self, handler: str, stream: str, record: Record, recorded: tuple[int, int] | None, error: str, /
    ) -> None: ...
    def sync(self) -> None: ...
    def close(self) -> None: ...


class TapePlace(NamedTuple):
    """A recording that is replayed from, and the numbers of one stream in its table."""

    directory: str
    numbers: tuple[int, ...]


class ReplayPart(NamedTuple):
    """What is replayed of one stream before, or instead of, its live messages."""

    find: Callable[[], TapePlace]
    """Looks the recording up when the subscription is opened; raises what is wrong with it."""
    start: Place
    end: Place | None = None
    """Where it stops; None: it goes on live."""
    speed: float = math.inf
    """How many times faster than recorded."""
    consumer: Callable[[], ConsumerPort] | None = None
    """For a handler with `resume`: opens its place in the recording."""


class StreamPart(NamedTuple):
    """One stream. `types` is what it declares (`(bytes,)` for raw); `channel` is a full Aeron URI."""

    name: str
    channel: str
    stream_id: int
    types: Mapping[int, type]
    versions: Mapping[int, int]
    format_id: int
    framed: bool
    encode: Callable[[object], bytes] | None
    decoding: Callable[[tuple[type, ...]], Decoding]
    policy: Policy
    layouts: tuple[FixedLayout, ...] = ()
    """Of its types, for format struct."""
    gather: tuple[int, int, int] | None = None
    """Batch frames: most messages, most bytes, linger in nanoseconds; None: of lists and arrays alone."""


class PollerPart(NamedTuple):
    """One poller thread: its streams (those that have handlers), its core or None, how it idles."""

    name: str
    streams: tuple[str, ...]
    cpu: int | None
    idle: Idle
    handler: str = ""
    """The one handler it is for, which reads a recording; else it is for all the others of its streams."""


class MailboxPart(NamedTuple):
    """The mailbox of a handler with a thread of its own: bounds, what happens when it is full, conflate's field."""

    messages: int = 65_536
    bytes: int = 64 << 20
    overflow: str = "block"
    key: str | None = None


class HandlerPart(NamedTuple):
    """One handler. `publishes` maps its outputs to streams; with a mailbox it has a thread of its own."""

    name: str
    cls: type[Handler]
    options: Mapping[str, object]
    streams: tuple[str, ...]
    priority: int
    order: int
    on_error: str
    publishes: Mapping[str, str]
    mailbox: MailboxPart | None = None
    after: tuple[str, ...] = ()
    replay: ReplayPart | None = None
    """It reads this recording, on a poller of its own, and nothing live."""
    is_fed: bool = True
    """Whether it gets the messages of its streams; else those alone that are redriven."""


class SourcePart(NamedTuple):
    """One source and the stream it publishes into."""

    name: str
    cls: type[Source[object]]
    options: Mapping[str, object]
    stream: str


class RecorderPart(NamedTuple):
    """One recorder. `open` opens its recording for writing; see `recorder.RecorderSetup` for the rest."""

    name: str
    streams: tuple[RecordedStream, ...]
    """Rows of the recording's table; their names are streams of the session."""
    open: Callable[[], RecordingPort]
    native: bool
    durable: bool
    shed: bool
    retention: Retention
    idle: Idle
    """How its thread waits; must not spin with the GIL kept."""


class SessionParts(NamedTuple):
    """Everything a session needs. `make_driver` makes the driver, not yet started."""

    name: str
    make_driver: Callable[[], Driver]
    clock: Clock
    streams: Mapping[str, StreamPart]
    pollers: tuple[PollerPart, ...]
    handlers: tuple[HandlerPart, ...]
    sources: tuple[SourcePart, ...]
    statistics: bool
    connect_timeout_ns: int
    stop_timeout_ns: int
    quarantine: QuarantinePort
    """Of the recorded streams. Closed with the session."""
    handler_clock: Clock | None = None
    """What handlers, their timers and sources live by, where it is not `clock`: a test's own."""
    restarts: RestartPolicy = RestartPolicy()
    """For handlers with `on_error: restart`, and for recorders."""
    recorders: tuple[RecorderPart, ...] = ()


QuarantineEntry = tuple[int, int, int, int, int, int, int, str, bytes, int]
"""(session, position, index, type_id, version, sequence, reason, error, body, time_ns)."""


class Counted(NamedTuple):
    """The counters of a session, by name."""

    streams: dict[str, CounterBlock]
    handlers: dict[str, tuple[CounterBlock, Histogram]]
    """With their latencies."""
    recorders: dict[str, CounterBlock]
    subscriptions: dict[str, CounterBlock]
    """Of `node.subscribe`, STREAM-1 and so on, and of handlers that read a recording, by the handler's name."""


class Look(NamedTuple):
    """What the pollers of a session hold: quarantined messages by stream, traced ones by poller."""

    quarantine: dict[str, list[QuarantineEntry]]
    samples: dict[str, list[tuple[str, int, list[str]]]]

    @property
    def traced(self) -> list[tuple[str, int, list[str]]]:
        """The traced messages of all pollers: stream, sequence, handlers in the order they ran."""
        return [sample for samples in self.samples.values() for sample in samples]
