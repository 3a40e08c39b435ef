"""One way at a rate, in fresh processes."""

from __future__ import annotations

import itertools
import time

from actorbus.bench.case import Case
from actorbus.bench.ticks import one_way, paced
from actorbus.bench.words import merged
from actorbus.bench.work import Tick


def test_every_tick_is_recorded_and_none_is_lost() -> None:
    dump, lost = one_way(Case(system="actorbus", form="ticks"), seconds=0.2, rate=500)

    assert merged([dump]).count == 100
    assert lost == 0


def test_ticks_are_due_at_the_rate_and_numbered_after_the_warm_up() -> None:
    sent: list[Tick] = []
    began = time.monotonic_ns()

    assert paced(sent.append, 200, 0.1) == 20
    assert [tick.n for tick in sent if tick.n >= 0] == list(range(20))
    assert sent[0].n == -1
    assert {b.due_ns - a.due_ns for a, b in itertools.pairwise(sent)} == {5_000_000}
    assert sent[0].due_ns > began
