"""A poller that spins rehearses while it waits, and answers as the wait does."""

from __future__ import annotations

import pytest

from actorbus.actors.rehearsal import EVERY_NS, Rehearsing, waiter_for
from actorbus.clock import ManualClock
from actorbus.ffi import TIMED_OUT, WAKE, Idle


class Scripted:
    """A waiter whose waits end as told, each at its deadline."""

    def __init__(self, clock: ManualClock, *answers: int) -> None:
        self._clock = clock
        self._answers = list(answers)
        self.deadlines: list[int | None] = []

    def wait(self, seen: int, deadline_ns: int | None) -> int:
        self.deadlines.append(deadline_ns)
        if deadline_ns is not None:
            self._clock.advance(f"{deadline_ns - self._clock.monotonic_ns()}ns")
        return self._answers.pop(0)

    def ready(self, start: int) -> int:
        return start

    def pause(self, number: int, paused: bool) -> None: ...

    def service(self) -> None: ...

    def stir(self) -> None: ...


class Poller:
    def __init__(self) -> None:
        self.rehearsed = 0

    def rehearse(self) -> None:
        self.rehearsed += 1


def rehearsing(*answers: int) -> tuple[Rehearsing, Scripted, Poller, ManualClock]:
    clock, poller = ManualClock(), Poller()
    scripted = Scripted(clock, *answers)
    return Rehearsing(scripted, clock.monotonic_ns, poller.rehearse), scripted, poller, clock


@pytest.mark.parametrize("answer", [0, 3, WAKE])
def test_it_rehearses_after_every_slice_in_which_nothing_came_and_then_answers(answer: int) -> None:
    waiter, scripted, poller, clock = rehearsing(TIMED_OUT, TIMED_OUT, answer)
    began = clock.monotonic_ns()
    assert waiter.wait(7, None) == answer
    assert poller.rehearsed == 2
    assert scripted.deadlines == [began + EVERY_NS * n for n in (1, 2, 3)]


def test_a_deadline_that_is_near_is_kept_and_nothing_is_rehearsed_at_it() -> None:
    waiter, scripted, poller, clock = rehearsing(TIMED_OUT, TIMED_OUT)
    deadline = clock.monotonic_ns() + EVERY_NS + 1
    assert waiter.wait(7, deadline) == TIMED_OUT
    assert scripted.deadlines[-1] == deadline
    assert poller.rehearsed == 1


def test_only_who_spins_rehearses() -> None:
    clock, poller = ManualClock(), Poller()
    scripted = Scripted(clock)
    assert isinstance(waiter_for(poller, Idle("busy_spin"), scripted, clock), Rehearsing)
    for kind in ("yield", "backoff", "sleep"):
        assert waiter_for(poller, Idle(kind), scripted, clock) is scripted
