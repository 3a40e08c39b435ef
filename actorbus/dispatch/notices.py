"""From the native part's notices (native/ab_poll.h, native/ab_replay.h) to events."""

from __future__ import annotations

from actorbus.dispatch.events import (
    Disconnected,
    EventsLost,
    Gap,
    PublisherJoined,
    PublisherLeft,
    Recovered,
    ReplayEnded,
    ReplayFailed,
    ReplayGap,
    ReplayHole,
    ReplayJoined,
    ReplayWaits,
    Rewound,
    StreamEvent,
)
from actorbus.errors import InternalError

__all__ = ["Notice", "event_of"]

Notice = tuple[int, int, int, int, int, int]
"""(kind, session, publisher, first, last, position); kinds and the meaning of first and last: native/ab_poll.h."""

UNKNOWN = 2**63 - 1
"""Where Aeron does not know where a stream ended."""


def event_of(notice: Notice, stream: str, time_ns: int) -> StreamEvent:
    """Return the event a notice stands for.

    Raises:
        InternalError: a kind this version does not know.
    """
    kind, session, publisher, first, last, position = notice
    match kind:
        case 1:
            return PublisherJoined(stream=stream, session=session, time_ns=time_ns, publisher=publisher, sequence=first)
        case 2:
            return PublisherLeft(stream=stream, session=session, time_ns=time_ns, publisher=publisher, sequence=first)
        case 3:
            return Gap(stream=stream, session=session, time_ns=time_ns, publisher=publisher, first=first, last=last)
        case 4:
            return Recovered(stream=stream, session=session, time_ns=time_ns, position=position)
        case 5:
            return Disconnected(
                stream=stream,
                session=session,
                time_ns=time_ns,
                position=position,
                end_position=None if last == UNKNOWN else last,
            )
        case 6:
            return Rewound(
                stream=stream, session=session, time_ns=time_ns, publisher=publisher, sequence=first, expected=last
            )
        case 7:
            return EventsLost(stream=stream, session=session, time_ns=time_ns, count=first)
        case 37:
            return ReplayGap(stream=stream, session=session, time_ns=time_ns, position=first, end_position=last)
        case 32 | 33 | 34 | 35 | 36:
            return _of_replay(kind, stream, time_ns, first, last, position)
        case _:
            raise InternalError(f"stream {stream!r}: notice of unknown kind {kind}; known are 1 to 7 and 32 to 37")


def _of_replay(kind: int, stream: str, time_ns: int, first: int, last: int, position: int) -> StreamEvent:
    match kind:
        case 32:
            return ReplayJoined(
                stream=stream, session=0, time_ns=time_ns, messages=first, retries=last, seconds=position / 1e9
            )
        case 33:
            return ReplayEnded(stream=stream, session=0, time_ns=time_ns, messages=first, seconds=position / 1e9)
        case 34:
            return ReplayFailed(stream=stream, session=0, time_ns=time_ns, position=position)
        case 35:
            return ReplayHole(stream=stream, session=0, time_ns=time_ns, sequence=first, lost=last)
        case _:
            return ReplayWaits(stream=stream, session=0, time_ns=time_ns, position=position, retries=first)
