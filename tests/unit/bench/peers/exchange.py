"""What every peer must do, whoever it is: carry messages while it is its turn, and answer questions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from actorbus.bench import peers
from actorbus.bench.case import Case
from actorbus.bench.trips import round_trip
from actorbus.bench.turns import Lane, measure
from actorbus.bench.words import READY, STOP, TURN, Words, merged

DEADLINE_S = 20.0


def _in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    failed: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            failed.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    return thread, failed


def carries(case: Case) -> int:
    """Return how many messages came before the deadline or a hundred were there."""
    words = Words.of(case.place)
    words[TURN] = case.lane
    peer = peers.find(case.system)
    sink = peer.sink(case)
    source = peer.source(case)
    writer, failed = _in_thread(lambda: source.flood(words, case.lane))
    deadline = time.monotonic() + DEADLINE_S
    while sink.count < 100 and time.monotonic() < deadline and not failed:
        sink.take(0.01)
    words[TURN] = STOP
    while writer.is_alive() and time.monotonic() < deadline:
        sink.take(0.01)
    writer.join(DEADLINE_S)
    source.close()
    sink.close()
    assert failed == []
    return sink.count


def trips(case: Case) -> int:
    """Return how many round trips were recorded."""
    words, system = Words.of(case.place), case.system
    words[TURN] = 0
    answerer, failed = _in_thread(lambda: peers.ability(system, "pong")(case, words))
    try:
        words.wait(READY, 1, DEADLINE_S)
        return int(peers.ability(system, "ping")(case, words, 0.0, 0.15).snapshot().count)
    finally:
        words[TURN] = STOP
        answerer.join(DEADLINE_S)
        assert failed == []


def measured(name: str, **changes: object) -> Lane:
    """Return what a lane of one system did, with both sides in processes of their own.

    Some systems keep the GIL while they wait for room: two threads of one process would wait for ever.
    """
    case = Case(**{"system": name, "own_publish": True, **changes})
    (lane,) = measure([case], rounds=1, turn_s=0.02)
    return lane


def asked(name: str) -> int:
    """Return how many round trips were recorded, with both sides in processes of their own."""
    return merged([round_trip(Case(system=name), seconds=0.15)]).count


def here_or_told(name: str) -> bool:
    """Return whether a system that is not of every report is installed; where it is not, the bench must say so."""
    missing = peers.missing(name)
    assert missing is None or "python -m pip install " in missing
    return missing is None
