"""One way under an open-loop load: ticks are due at a fixed rate, each carries the moment it was due.

Who hears records how late each came. A tick that is sent late because the sender was held up counts from when it was
due (coordinated omission); one that does not come is told as lost. A sender that cannot keep the rate falls behind
for the whole run: its figures grow with the run, which is what its users would see.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from actorbus.bench import peers
from actorbus.bench.busy import BusyThread
from actorbus.bench.case import Case, Sink
from actorbus.bench.side import ready
from actorbus.bench.trips import PING_WARM_S, opened, run_pair
from actorbus.bench.words import DONE, READY, Dump, Words
from actorbus.bench.work import Tick

__all__ = ["hear", "one_way", "paced", "tick"]

CONNECT_S = 20.0
QUIET_S = 1.0
"""Nothing for so long after the last tick was sent: no more comes."""
SLICE_S = 0.02
BEHIND_S = 1.0
"""A sender that is so far behind at the end stops there: what it should have sent is not asked for."""


def one_way(case: Case, *, seconds: float, rate: int) -> tuple[Dump, int]:
    """Return how late ticks came at `rate` a second, and how many did not come.

    Raises:
        BrokenError: a process failed, or nothing was recorded.
    """
    more: dict[str, object] = {"seconds": seconds, "rate": rate}
    return run_pair(case, "actorbus.bench.ticks:tick", "actorbus.bench.ticks:hear", more, 2 * seconds)


def tick(case: dict[str, object], place: str, seconds: float, rate: int) -> dict[str, object]:
    """Publish ticks at their due times. One process."""
    words, found = Words.of(place), opened(case)
    words.wait(READY, 1)
    if peers.can(found.system, "tick"):
        sent: int = peers.ability(found.system, "tick")(found, words, rate, PING_WARM_S, seconds)
        return {"sent": sent}
    with contextlib.closing(peers.ability(found.system, "sender")(found)) as sender:
        _until_heard(sender.send, words)
        sent = paced(sender.send, rate, seconds)
        words.wait_done(sent)
    return {"sent": sent}


def _until_heard(send: Callable[[Tick], object], words: Words) -> None:
    """Send ticks of the warm-up until the other side has had one."""
    deadline = time.monotonic() + CONNECT_S
    while not words.arrived:
        send(Tick(-1, 0))
        if time.monotonic() > deadline:
            raise TimeoutError(f"no tick arrived within {CONNECT_S:g} s")
        time.sleep(0.001)


def paced(send: Callable[[Tick], object], rate: int, seconds: float) -> int:
    """Send at a rate, after half a second of it to warm; returns how many were sent that count."""
    clock, pause, number = time.monotonic_ns, 1_000_000_000 // rate, 0
    due = clock()
    warm, until = due + int(PING_WARM_S * 1e9), due + int((PING_WARM_S + seconds) * 1e9)
    give_up = until + int(BEHIND_S * 1e9)
    while due < until and clock() < give_up:
        due += pause
        while clock() < due:
            pass
        if due > warm:
            send(Tick(number, due))
            number += 1
        else:
            send(Tick(-1, due))
    return number


def recorded(sink: Sink) -> int:
    """Return how many ticks came that count."""
    return sink.found.snapshot().count


def hear(case: dict[str, object], place: str) -> dict[str, object]:
    """Record how late they come. The other process."""
    words, found = Words.of(place), opened(case)
    sink = peers.find(found.system).sink(found)
    ready(words)
    with BusyThread().working(found.busy_thread):
        seen, quiet_since = 0, time.monotonic()
        while True:
            sink.take(SLICE_S)
            count, sent = sink.count, words.sent(0)
            if count != seen:
                seen, quiet_since = count, time.monotonic()
                words.mark_arrived()
            if sent is not None and (recorded(sink) >= sent or time.monotonic() - quiet_since > QUIET_S):
                break
    words[DONE] = 1
    answer: dict[str, object] = {"dump": sink.found.dump(), "came": recorded(sink)}
    sink.close()
    return answer
