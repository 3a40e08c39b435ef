"""What can happen to a stream besides a message. Events are not errors: they are told, in order, to `on_event`.

Every event says which stream and session it is about. `sequence` numbers count a publisher's messages from 0,
`position` is in bytes from the session's begin, `publisher` the random id of who publishes; times are nanoseconds.
"""

from __future__ import annotations

import msgspec

__all__ = [
    "ActorRestarted",
    "Disconnected",
    "EventsLost",
    "Gap",
    "PublisherJoined",
    "PublisherLeft",
    "RecorderChanged",
    "Recovered",
    "ReplayEnded",
    "ReplayFailed",
    "ReplayGap",
    "ReplayHole",
    "ReplayJoined",
    "ReplayWaits",
    "Rewound",
    "StreamEvent",
]


class StreamEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The base of all events: `stream` is its name in the topology, `session` Aeron's id of the publication.

    `time_ns` is when it was seen, nanoseconds since the epoch.
    """

    stream: str
    session: int
    time_ns: int


class PublisherJoined(StreamEvent, frozen=True, kw_only=True):
    """A publisher was heard for the first time; `sequence` is the first message that will come from it."""

    publisher: int
    sequence: int


class PublisherLeft(StreamEvent, frozen=True, kw_only=True):
    """A publisher said goodbye; `sequence` is the one after its last message."""

    publisher: int
    sequence: int


class Gap(StreamEvent, frozen=True, kw_only=True):
    """Messages `first` to `last` (both included) of a publisher did not arrive and will not."""

    publisher: int
    first: int
    last: int

    @property
    def missing(self) -> int:
        """How many messages are missing."""
        return self.last - self.first + 1


class Rewound(StreamEvent, frozen=True, kw_only=True):
    """A publisher went back: `sequence` came where `expected` was due. Such messages are delivered."""

    publisher: int
    sequence: int
    expected: int


class Recovered(StreamEvent, frozen=True, kw_only=True):
    """A session's image is there: messages of it can arrive from now on. `position` is where it starts."""

    position: int


class Disconnected(StreamEvent, frozen=True, kw_only=True):
    """A session's image is gone. `position` is how far it was read, `end_position` how far it went, if known."""

    position: int
    end_position: int | None


class EventsLost(StreamEvent, frozen=True, kw_only=True):
    """So many arrivals and departures of sessions came faster than they were told; messages are not affected."""

    count: int


class ReplayJoined(StreamEvent, frozen=True, kw_only=True):
    """A replay has come to the live stream: what follows is live, with no gap and no duplicate in between."""

    messages: int
    """Given from the recording."""
    retries: int
    """Times the live side was held for the recording to catch up, and let go again."""
    seconds: float
    """From the replay's begin until it was live."""


class ReplayEnded(StreamEvent, frozen=True, kw_only=True):
    """A replay has come to the end it was given, `messages` in `seconds`: nothing follows."""

    messages: int
    """Given from the recording."""
    seconds: float
    """How long it took, by the monotonic clock."""


class ReplayFailed(StreamEvent, frozen=True, kw_only=True):
    """A replay cannot go on: a record is corrupt, or was removed by retention. Nothing follows."""

    position: int
    """The place in the recording before what could not be read."""


class ReplayGap(StreamEvent, frozen=True, kw_only=True):
    """Live messages of a session were let go by for a recording that did not get them: they do not come any more.

    Told when the recording had nothing of the session for ten seconds. A `Gap` with their numbers comes beside it,
    where messages have numbers.
    """

    position: int
    """Of the session: behind the last message the recording had."""
    end_position: int
    """Of the session: behind the last one that was let go by."""


class ReplayHole(StreamEvent, frozen=True, kw_only=True):
    """A repair left a hole in the recording: the replay goes on with record `sequence`."""

    sequence: int
    lost: int
    """Records lost in all holes so far."""


class ReplayWaits(StreamEvent, frozen=True, kw_only=True):
    """Messages come live that the recording at `position` does not get, after `retries`. Is its recorder running?"""

    position: int
    """The recording's end."""
    retries: int
    """Tries to go on live so far; one takes up to 100 ms."""


class ActorRestarted(StreamEvent, frozen=True, kw_only=True):
    """A handler raised under `on_error: restart`: the decision, and all that led to it.

    `stream`, `session`, `position`, `index` and `sequence` are the address of the message it raised on (an empty
    stream: there was none, it raised in its new start).
    """

    handler: str
    position: int
    index: int
    sequence: int
    cause: str
    """Type and text of the exception."""
    decision: str
    """`restart`, or `stop`: the budget of `supervision` is used up."""
    restarts: int
    """How many restarts the handler has had, this one included."""
    delay_ns: int
    """Nanoseconds it pauses before its restart."""


class RecorderChanged(StreamEvent, frozen=True, kw_only=True):
    """A recorder's disk stopped following, or follows again. `stream` is empty: it is about all streams of it."""

    recorder: str
    state: str
    """`full`: no room; `failed`: a write or sync failed, it is resumed; `dead`: too often; `ready`: it records."""
    cause: str
    """Type and text of what was raised; empty for `ready`."""
