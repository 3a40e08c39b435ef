"""A subscription that reads a recording first (native/ab_replay.h), and one that reads nothing else.

Thread: attach before the first poll; `replay_state` the poller's, as the port.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, override

from actorbus.errors import ActorBusError, InternalError, OutOfMemory
from actorbus.ffi.failure import new_error
from actorbus.ffi.journal_failure import journal_failure
from actorbus.ffi.native import ffi, lib
from actorbus.ffi.resources import SubscriptionHandle
from actorbus.recording.place import Place

__all__ = ["FollowHandle", "ReplayOrder", "ReplayState", "attach_replay", "replay_state"]

type Phase = Literal["none", "replay", "hold", "live", "ended", "failed"]
_PHASES: Final[tuple[Phase, ...]] = ("none", "replay", "hold", "live", "ended", "failed")
_SEEKS: Final = {
    "earliest": lib.AB_SEEK_EARLIEST,
    "now": lib.AB_SEEK_END,
    "sequence": lib.AB_SEEK_SEQUENCE,
    "position": lib.AB_SEEK_POSITION,
    "time": lib.AB_SEEK_TIME,
}
_ENDS: Final = {
    "now": lib.AB_REPLAY_END_NOW,
    "sequence": lib.AB_REPLAY_END_SEQUENCE,
    "position": lib.AB_REPLAY_END_POSITION,
    "time": lib.AB_REPLAY_END_TIME,
}


class ReplayOrder(NamedTuple):
    """What is to be replayed: some streams of one recording, from a place to a place, how fast."""

    directory: str
    """The recording's folder."""
    streams: Sequence[int]
    """Numbers in its table."""
    start: Place
    end: Place | None
    """None: as it grows, or until it is live."""
    speed: float
    """How many times faster than recorded; infinity: no pauses."""
    join: bool
    """Go on live; else the recording alone."""
    to_end: bool = False
    """A position behind the recording's end means its end, and is not refused."""


class ReplayState(NamedTuple):
    """How far a replay is."""

    phase: Phase
    messages: int
    """Given from the recording."""
    records: int
    retries: int
    """Times the live side was held and let go again before the recording had caught up."""
    sequence: int
    """Of the record that comes next."""
    position: int
    """The place before it."""
    end_position: int
    """Where it stops, when that is a position; else 0."""
    seconds: float
    """From its begin until it was live or ended, or until now."""
    error: ActorBusError | None
    """Why it failed."""
    pending: int = 0
    """Messages before `position` that the port did not hand over yet."""


class FollowHandle(SubscriptionHandle):
    """A subscription with no publication behind it: for `attach_replay` without `join`."""

    __slots__ = ()

    @classmethod
    def open(cls, where: str) -> FollowHandle:
        """Open one. Raises OutOfMemory."""
        handle = lib.ab_batch_open()
        if handle == 0:
            raise OutOfMemory("no memory for a subscription", where=where)
        return cls(handle, where)

    @override
    def close(self, deadline_ns: int) -> None:
        """Close it, and the recording it reads. Again does nothing."""
        if lib.ab_batch_close(self.handle) == lib.AB_TIMED_OUT:
            raise InternalError("a thread still polls the subscription that is closed", where=self.where)


def attach_replay(handle: int, order: ReplayOrder) -> None:
    """Make a subscription begin with a recording.

    Raises:
        RecordingNotFound, FormatRefused: no journal there, or a foreign one.
        PositionPurged: retention removed the start; names the first there is.
        CorruptRecord: the way to the start leads over damaged records.
        InvalidValue: a start behind the end of the recording, or in the future.
        ClosedError: the subscription is closed.
    """
    error = new_error()
    numbers = ffi.new("uint16_t[]", list(order.streams))
    directory = ffi.new("char[]", order.directory.encode())
    options = ffi.new("ab_replay_options *")
    options.directory = directory
    options.streams = numbers
    options.stream_count = len(order.streams)
    options.seek, options.value = _SEEKS[order.start.kind], order.start.value
    if order.end is not None:
        options.end, options.end_value = _ENDS[order.end.kind], order.end.value
    options.join = int(order.join)
    options.to_end = int(order.to_end)
    options.speed = 0.0 if math.isinf(order.speed) else order.speed
    code = lib.ab_subscription_replay_wait(handle, options, error)
    if code != lib.AB_OK:
        raise journal_failure(code, error, order.directory)


def replay_state(handle: int, where: str) -> ReplayState:
    """Return how far the replay of a subscription is; phase `none` for one that is live alone, or closed."""
    state = ffi.new("ab_replay_state *")
    if lib.ab_subscription_replay_state(handle, state) != lib.AB_OK:
        return ReplayState("none", 0, 0, 0, 0, 0, 0, 0.0, None)
    problem: ActorBusError | None = None
    if state.phase == lib.AB_REPLAY_FAILED:
        error = new_error()
        error.code = state.code
        ffi.memmove(error.text, state.text, len(state.text))
        problem = journal_failure(state.code, error, where)
    return ReplayState(
        _PHASES[state.phase],
        state.messages,
        state.records,
        state.retries,
        state.sequence,
        state.position,
        state.end_position,
        state.elapsed_ns / 1e9,
        problem,
        state.pending,
    )
