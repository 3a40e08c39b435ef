"""A thread of Python work that can be wanted and not."""

from __future__ import annotations

import threading
import time

from actorbus.bench.busy import BusyThread


def used(seconds: float) -> float:
    """Return how much of a processor this process used while this thread slept."""
    began, before = time.perf_counter(), time.process_time()
    threading.Event().wait(seconds)
    return (time.process_time() - before) / (time.perf_counter() - began)


def test_it_works_while_it_is_wanted_and_waits_else() -> None:
    busy = BusyThread()
    with busy.working(wanted=False):
        idle = used(0.1)
    with busy.working():
        working = used(0.3)
    threading.Event().wait(0.05)

    assert idle < 0.5 * working
    assert used(0.1) < 0.5 * working
