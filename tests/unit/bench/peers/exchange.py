"""What every peer must do, whoever it is: carry messages while it is its turn, and answer questions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from actorbus.bench import peers
from actorbus.bench.case import Case
from actorbus.bench.words import READY, STOP, TURN, Words

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
    words, peer = Words.of(case.place), peers.find(case.system)
    words[TURN] = 0
    answerer, failed = _in_thread(lambda: peer.pong(case, words))
    try:
        words.wait(READY, 1, DEADLINE_S)
        return peer.ping(case, words, 0.0, 0.15).snapshot().count
    finally:
        words[TURN] = STOP
        answerer.join(DEADLINE_S)
        assert failed == []
