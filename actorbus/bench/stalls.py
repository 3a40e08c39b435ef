"""A call of ours beside a busy thread: how long each takes, one by one.

    publisher's process   a busy thread of pure Python, and `publish` at a fixed rate: from call to return, recorded
    reader's process      takes natively

How late a handler is beside a busy thread is a case of ticks.py. CPython hands the interpreter over after a switch
interval: a thread that wants it waits as long, whoever it is; a call that keeps it (as `publish` does) does not.
"""

from __future__ import annotations

import time

import msgspec

from actorbus.bench import peers
from actorbus.bench.busy import BusyThread
from actorbus.bench.case import Case
from actorbus.bench.peers.native_floor import ReadingSink
from actorbus.bench.side import ready
from actorbus.bench.trips import PING_WARM_S, opened, run_pair
from actorbus.bench.words import READY, STOP, TURN, Dump, Latencies, Words
from actorbus.bench.work import typed_messages

__all__ = ["calls", "publish", "take"]

DIFFERENT = 4096


def calls(case: Case, *, seconds: float, rate: int) -> Dump:
    """Return how long each call of `publish` took at a rate, beside a busy thread where the case has one.

    Raises:
        BrokenError: a process failed, or nothing was recorded.
    """
    more: dict[str, object] = {"seconds": seconds, "rate": rate}
    return run_pair(case, "actorbus.bench.stalls:publish", "actorbus.bench.stalls:take", more, seconds)[0]


def publish(case: dict[str, object], place: str, seconds: float, rate: int) -> dict[str, object]:
    """Publish at due times and record each call. One process."""
    words, found = Words.of(place), opened(case)
    words.wait(READY, 1)
    messages, recorded = typed_messages(DIFFERENT), Latencies()
    lane = peers.ability(found.system, "publishing")(found, "")
    clock, one, record, pause = time.monotonic_ns, lane.one, recorded.record, 1_000_000_000 // rate
    with BusyThread().working(found.busy_thread):
        due, number = clock(), 0
        warm, until = due + int(PING_WARM_S * 1e9), due + int((PING_WARM_S + seconds) * 1e9)
        while due < until:
            due += pause
            while clock() < due:
                pass
            message = messages[number % DIFFERENT]
            began = clock()
            one(message)
            took = clock() - began
            if due > warm:
                record(took)
            number += 1
    words[TURN] = STOP
    lane.close()
    return {"dump": recorded.dump()}


def take(case: dict[str, object], place: str) -> dict[str, object]:
    """Take natively. The other process."""
    words = Words.of(place)
    sink = ReadingSink(msgspec.convert(case, Case), words)
    ready(words)
    while words[TURN] != STOP:
        sink.take(0.02)
    sink.close()
    return {}
