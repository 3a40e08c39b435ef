"""When a wait for a node is over: the rule behind `Node.wait`, apart from what it looks at.

Idle counts from the last message, and only once there was one or every source has finished: a consumer that has not
heard anything yet is not idle. Thread: the waiting one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from actorbus.actors import Session
from actorbus.metrics import RecorderCounter, StreamCounter
from actorbus.topology.stopping import Stoppable

__all__ = ["LOOK_S", "Watched", "activity_of", "wait_until"]

LOOK_S = 0.01
"""A wait looks a hundred times a second: what it adds to an idle time of 50 ms and more does not matter."""

_MOVING = (
    StreamCounter.PUBLISHED,
    StreamCounter.RECEIVED,
    StreamCounter.UNWANTED,
    StreamCounter.UNKNOWN_TYPE,
    StreamCounter.MALFORMED,
)
"""What counts as a message that moved, for an idle wait."""


class Watched(NamedTuple):
    """What a wait looks at.

    `activity` counts what moved so far, `is_quiet` says that nothing is under way, `failed` that something broke,
    any of `stops` ends the wait, the first within its own time; `sources_finished` is None without sources.
    """

    activity: Callable[[], int]
    is_quiet: Callable[[], bool]
    failed: Callable[[], bool]
    stops: tuple[Stoppable, ...]
    sources_finished: Callable[[], bool] | None


def activity_of(session: Session) -> int:
    """Return how many messages moved so far, by the counters of streams and recorders, and out of recordings."""
    moved = sum(sum(block[cell] for cell in _MOVING) for block in session.stream_blocks.values())
    moved += sum(following.moved for _, _, following in list(session.followed))
    blocks = session.recorders.blocks.values()
    return moved + sum(block[RecorderCounter.RECORDS] - block[RecorderCounter.WORDS] for block in blocks)


def wait_until(watched: Watched, *, for_ns: int | None, until_idle_ns: int | None) -> str:
    """Wait; return why it ended: "time", "idle", "stopped", "failed" or "finished".

    Args:
        watched: what is looked at.
        for_ns: nanoseconds to wait at most; None: no such end.
        until_idle_ns: nanoseconds without a message that mean idle; None: no such end.
    """
    started = last_moved = time.monotonic_ns()
    moved = watched.activity()
    any_message = False
    finished = watched.sources_finished or (lambda: False)
    while True:
        if watched.stops[0].wait(LOOK_S) or any(stop.is_set() for stop in watched.stops):
            return "stopped"
        if watched.failed():
            return "failed"
        now = time.monotonic_ns()
        activity = watched.activity()
        any_message = any_message or activity > 0
        if activity != moved or not watched.is_quiet():
            moved, last_moved = activity, now
        if for_ns is not None and now - started >= for_ns:
            return "time"
        if until_idle_ns is not None and now - last_moved >= until_idle_ns and (any_message or finished()):
            return "idle"
        if for_ns is None and until_idle_ns is None and finished():
            return "finished"
