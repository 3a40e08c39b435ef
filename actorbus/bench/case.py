"""What one system does in one process of a case, and the four things every peer can be asked for.

    Source   floods its lane while it is its turn           (the writer's process)
    Sink     takes from its lane for a time, and counts     (the reader's process)
    ping     round trips one after the other                (the asker's process)
    pong     sends back what comes                          (the answerer's process)

A case travels to its processes as JSON. A *lane* is one system in a pair of processes: several take turns in one pair.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from actorbus.bench.words import Latencies, Words

__all__ = ["STREAM_ID_FIRST", "Case", "Peer", "Sink", "Source"]

STREAM_ID_FIRST = 6001


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One lane: who, what and where."""

    system: str
    """A name of `actorbus.bench.peers.PEERS`."""
    lane: int
    directory: str
    """Of the media driver."""
    place: str
    """A folder of this case, for sockets and words."""
    channel: str = "aeron:ipc?term-length=16m"
    size: int = 0
    """Bytes of a body; 0: typed messages."""
    handlers: int = 1
    streams: int = 1
    kinds: int = 1
    """Handlers on the stream, streams and message types that exist; one of each is used."""
    bystanders: int = 0
    """Handlers on the stream whose messages nobody sends."""
    profile: str = "laptop"
    statistics: bool = True
    dispatch: str = "inline"
    batch: bool = False
    """A batch handler instead of one that takes message by message."""
    form: str = ""
    """Of our own lane: `struct` (flyweights), `columns` (arrays); else msgpack."""
    own_publish: bool = False
    """The writer publishes with the system's own calls; otherwise Aeron systems are fed by the native flood."""
    busy_thread: bool = False
    """A thread of pure Python work in the reader's process."""
    cpu: int = 0
    """What this side is pinned to."""
    pinned: bool = True
    """Whether each side has a core of its own; False: the kernel places them."""
    labelled: str = ""

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
        """Send until the TURN is not `turn`; returns how many messages went out. Looks at the word often."""
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

    def close(self) -> None:
        """Give everything back."""
        ...


class Peer(Protocol):
    """A module that knows one system. What it cannot do raises NotImplementedError with the reason."""

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

    def ping(self, case: Case, words: Words, warm_s: float, seconds: float) -> Latencies:
        """Ask for so long; the READY word of the answerer is set."""
        ...

    def pong(self, case: Case, words: Words) -> None:
        """Answer until the TURN is STOP. Calls `ready` when the first question may come."""
        ...
