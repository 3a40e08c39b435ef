"""What one system does in one process of a case, and what every peer can be asked for.

    Source    floods its lane while it is its turn           (the writer's process)
    Sink      takes from its lane for a time, and counts     (the reader's process)
    ping      round trips one after the other                (the asker's process)
    pong      sends back what comes                          (the answerer's process)
    sender    sends one message now                          (one way: the process that keeps the rate)
    alone     round trips inside one process                 (where a core is missing for the second)
    at_rest   holds an open pair without traffic             (memory, idle)
    ran       the functions that do all this, for the report

A case travels to its processes as JSON. A *lane* is one system in a pair of processes: several take turns in one pair.
What a system cannot do raises NotImplementedError with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from actorbus.bench.words import Latencies, Words

__all__ = ["IPC", "STREAM_ID_FIRST", "Case", "Peer", "Sender", "Sink", "Source"]

STREAM_ID_FIRST = 6001
IPC = "aeron:ipc?term-length=16m"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One lane: who, what and where."""

    system: str
    """A name of `actorbus.bench.peers.PEERS`."""
    lane: int = 0
    directory: str = ""
    """Of the media driver."""
    place: str = ""
    """A folder of this case, for sockets and words."""
    channel: str = IPC
    tcp: bool = False
    """Sockets go over loopback TCP instead of a Unix socket."""
    size: int = 0
    """Bytes of a body; 0: typed messages."""
    handlers: int = 1
    streams: int = 1
    kinds: int = 1
    """Handlers on the stream, streams and message types that exist; one of each is used."""
    bystanders: int = 0
    """Handlers on the stream whose messages nobody sends."""
    profile: str = "laptop"
    as_it_is: bool = False
    """Pollers idle as the profile says; else those of round trips and ticks spin."""
    statistics: bool = True
    dispatch: str = "inline"
    batch: bool = False
    """A batch handler instead of one that takes message by message."""
    frames: bool = False
    """Several messages in one Aeron message: `batch:` of our streams, native batch frames of the floor."""
    form: str = ""
    """`struct` (fixed layouts, two of five fields read), `columns` (arrays), `ticks`; else msgpack, or bytes."""
    own_publish: bool = False
    """The writer publishes with the system's own calls; otherwise Aeron systems are fed by the native flood."""
    busy_thread: bool = False
    """A thread of pure Python work in the reader's process while it is this lane's turn."""
    cpu: int = 0
    """What this side is pinned to."""
    pinned: bool = True
    """Whether each side has a core of its own; False: the kernel places them."""
    labelled: str = ""
    at: float | None = None
    """Of a curve: how many there are."""

    @property
    def label(self) -> str:
        """What the report calls it."""
        return self.labelled or self.system

    @property
    def stream_id(self) -> int:
        """The first of its stream ids; a lane has a thousand of its own."""
        return STREAM_ID_FIRST + 1000 * self.lane


class Source(Protocol):
    """The writing side of a lane."""

    def flood(self, words: Words, turn: int) -> int:
        """Send until the TURN is not `turn`; returns how many messages went out.

        Goes on where it stopped the last time: the reader knows which body must come. What is begun is finished, as
        the reader goes on taking until the writer has arrived at the next lane.
        """
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class Sink(Protocol):
    """The reading side of a lane."""

    def take(self, seconds: float) -> None:
        """Take and handle messages for about so long."""
        ...

    @property
    def count(self) -> int:
        """Messages handled so far."""
        ...

    @property
    def wrong(self) -> int:
        """Bodies that were not what was sent."""
        ...

    @property
    def found(self) -> Latencies:
        """How late ticks came, of a lane of ticks."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class Sender(Protocol):
    """Sends single messages."""

    def send(self, message: object) -> None:
        """Encode and send one, and wait until it is taken over."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class Peer(Protocol):
    """A module that knows one system."""

    ABOUT: str
    """What it does and does not do, a sentence for the report."""
    PACKAGE: str
    """The distribution that must be installed, empty for none."""

    def source(self, case: Case) -> Source:
        """Open the writing side."""
        ...

    def sink(self, case: Case) -> Sink:
        """Open the reading side."""
        ...

    def sender(self, case: Case) -> Sender:
        """Open a sender of single messages."""
        ...

    def ping(self, case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
        """Ask for so long; the READY word of the answerer is set."""
        ...

    def pong(self, case: Case, words: Words) -> None:
        """Answer until the TURN is STOP. Calls `ready` when the first question may come."""
        ...

    def alone(self, case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
        """Ask and answer in this process."""
        ...

    def at_rest(self, case: Case) -> AbstractContextManager[object]:
        """Open both sides in this process, send some messages, then wait as its users do."""
        ...

    def ran(self, case: Case, way: str) -> Sequence[object]:
        """Return the functions and classes that do a way of this case: `turns`, `trips`, `ticks`, `alone`, `rest`."""
        ...
